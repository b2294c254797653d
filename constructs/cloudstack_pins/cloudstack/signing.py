"""One API call as signed text: cs's request preparation and signature, mended where Java differs."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from cs.client import CloudStack, cs_encode


class Signer(CloudStack):
    """cs's client, of which only the preparing and signing half is used."""

    def signed(self, command: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """Return everything to send for ``command``: parameters, key, expiry (10 minutes) and signature."""
        _, prepared = self._prepare_request(command, **parameters)  # type: ignore[no-untyped-call]
        self._sign(prepared)
        return {name: str(value) for name, value in prepared.items()}

    def _sign(self, data: dict[str, str]) -> None:
        # The server signs what Java's URLEncoder gives, which encodes "~"; Python's quote, and so cs up to 5.2, does
        # not, and any value with a tilde is refused with 401. Everything else is cs's way.
        text = "&".join(f"{name}={cs_encode(value).replace('~', '%7E')}" for name, value in sorted(data.items()))
        digest = hmac.new((self.secret or "").encode(), text.lower().encode(), hashlib.sha1).digest()
        data["signature"] = base64.b64encode(digest).decode()


def flatten(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return ``parameters`` as CloudStack reads them.

    bool becomes true or false, a list or set a comma list, ``tags`` given as a dict becomes ``tags[i].key`` and
    ``tags[i].value``, another dict or a list of dicts ``name[i].field``. None is left out, and so are empty
    collections.
    """
    flat: dict[str, str] = {}
    for name, value in parameters.items():
        if value is None:
            continue
        if isinstance(value, Mapping):
            flat.update(_rows(name, _tags(value) if name == "tags" else [value]))
        elif isinstance(value, (list, tuple, set, frozenset)):
            flat.update(_collection(name, value))
        else:
            flat[name] = _scalar(name, value)
    return flat


def _collection(name: str, value: list[Any] | tuple[Any, ...] | set[Any] | frozenset[Any]) -> dict[str, str]:
    # A set has no order; the signature and the request's text shall not change from run to run.
    items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else list(value)
    if not items:
        return {}
    if isinstance(items[0], Mapping):
        return _rows(name, items)
    return {name: ",".join(_scalar(name, item) for item in items)}


def _tags(tags: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _rows(name: str, rows: list[Mapping[str, Any]]) -> dict[str, str]:
    return {
        f"{name}[{index}].{field}": _scalar(name, value)
        for index, row in enumerate(rows)
        for field, value in row.items()
        if value is not None
    }


def _scalar(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise TypeError(f"{name}: {type(value).__name__} is no value of the CloudStack API")
