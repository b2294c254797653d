"""CloudStack's request signature, as ApiServer.verifyRequest computes it."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote


def java_encode(value: str) -> str:
    """java.net.URLEncoder in UTF-8, with ``%20`` for a space: leaves ``A-Za-z0-9.-*_`` and encodes ``~``."""
    if value.isascii() and value.isalnum():
        return value
    return quote(value, safe="*").replace("~", "%7E")


def signature(parameters: Iterable[tuple[str, str]], secret: str) -> str:
    """The Base64 HMAC-SHA1 over all parameters but the signature, sorted by name as sent, names unencoded."""
    pairs = sorted((name, value) for name, value in parameters if name != "signature")
    text = "&".join(f"{name}={java_encode(value)}" for name, value in pairs).lower()
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


def signed(
    parameters: Mapping[str, str], api_key: str, secret: str, *, now: float, valid: float = 900
) -> dict[str, str]:
    """A copy with key, expiry (``valid`` seconds ahead) and signature of version 3."""
    expires = datetime.datetime.fromtimestamp(now + valid, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
    full = dict(parameters) | {"apiKey": api_key, "response": "json", "signatureversion": "3", "expires": expires}
    return full | {"signature": signature(full.items(), secret)}


def verified(parameters: list[tuple[str, str]], secret: str, *, now: float) -> bool:
    """Whether the signature is right and, from version 3 on, not expired."""
    lower = {name.lower(): value for name, value in parameters}
    if lower.get("signatureversion") == "3":
        expires = parse_date(lower.get("expires", ""))
        if expires is None or expires < now:
            return False
    given = lower.get("signature", "")
    wanted = signature([pair for pair in parameters if pair[0].lower() != "signature"], secret)
    return hmac.compare_digest(given.encode(), wanted.encode())


def parse_date(text: str) -> float | None:
    """Seconds since the epoch of an ISO date with offset or ``Z``; None for anything else."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)", text):
        return None
    try:
        return datetime.datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
