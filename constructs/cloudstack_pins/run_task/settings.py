"""What the service serves, and with which keys: one TOML file and the environment."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from cloudstack_pins.errors import SettingsError
from cloudstack_pins.run_task.origins import Origins

_T = TypeVar("_T")

HMAC_VARIABLE = "CLOUDSTACK_PINS_HMAC_KEY"

_SECONDS = {
    "deadline_seconds": 55 * 60,
    "update_seconds": 45,
    "request_seconds": 10,
    "download_seconds": 300,
    "callback_seconds": 30,
}
# HCP Terraform ends a task after 60 minutes, and shows a run best that says something every minute.
_MOST = {"deadline_seconds": 55 * 60, "update_seconds": 60}
_KNOWN = ("hcp_hosts", "archive_hosts", "organizations", "policy", "live", "max_parallel", "retry_seconds", *_SECONDS)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that the service needs to know before the first request.

    ``hmac_key`` None is possible only by the explicit switch for trials. ``organizations`` maps a name to the
    workspaces served in it ("*": all of them). ``live`` lets the review read capacities through the CloudStack API.
    Times are in seconds: HCP Terraform ends a task after 10 minutes without a word and after 60 minutes in all.
    """

    hmac_key: bytes | None = field(repr=False)
    origins: Origins
    organizations: Mapping[str, frozenset[str]]
    policy: Path | None = None
    live: bool = False
    max_parallel: int | None = None
    deadline_seconds: float = _SECONDS["deadline_seconds"]
    update_seconds: float = _SECONDS["update_seconds"]
    request_seconds: float = _SECONDS["request_seconds"]
    download_seconds: float = _SECONDS["download_seconds"]
    callback_seconds: float = _SECONDS["callback_seconds"]
    retry_seconds: float = 1.0
    body_limit: int = 1024 * 1024

    def serves(self, organization: str, workspace: str) -> bool:
        """Whether requests of this workspace are answered with work."""
        workspaces = self.organizations.get(organization, frozenset())
        return "*" in workspaces or workspace in workspaces


def load(path: Path, environ: Mapping[str, str], *, without_key: bool = False) -> Settings:
    """Read the settings; raises SettingsError that names the file, the key and the repair.

    The HMAC key comes from ``CLOUDSTACK_PINS_HMAC_KEY``; without it nothing starts unless ``without_key``.
    """
    document = _document(path)
    unknown = sorted(set(document) - set(_KNOWN))
    if unknown:
        raise SettingsError(f"{path}: {unknown[0]!r} is not known; known are {', '.join(sorted(_KNOWN))}")
    return Settings(
        hmac_key=_hmac_key(environ, without_key),
        origins=Origins.of(
            _names(path, document, "hcp_hosts", ["app.terraform.io"]),
            _names(path, document, "archive_hosts", ["archivist.terraform.io"]),
        ),
        organizations=_organizations(path, document),
        policy=_policy(path, document),
        live=_typed(path, document, "live", bool, False),
        max_parallel=_count(path, document),
        retry_seconds=_seconds(path, document, "retry_seconds", 1.0),
        deadline_seconds=_seconds(path, document, "deadline_seconds", _SECONDS["deadline_seconds"]),
        update_seconds=_seconds(path, document, "update_seconds", _SECONDS["update_seconds"]),
        request_seconds=_seconds(path, document, "request_seconds", _SECONDS["request_seconds"]),
        download_seconds=_seconds(path, document, "download_seconds", _SECONDS["download_seconds"]),
        callback_seconds=_seconds(path, document, "callback_seconds", _SECONDS["callback_seconds"]),
    )


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read ({error}); name the settings file with --settings") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {error}") from error


def _hmac_key(environ: Mapping[str, str], without_key: bool) -> bytes | None:
    key = environ.get(HMAC_VARIABLE, "")
    if key:
        return key.encode()
    if without_key:
        return None
    raise SettingsError(
        f"{HMAC_VARIABLE} is not set, and without it anybody could send requests; "
        "set it to the HMAC key of the run task in HCP Terraform"
    )


def _organizations(path: Path, document: dict[str, Any]) -> dict[str, frozenset[str]]:
    served = _typed(path, document, "organizations", dict, {})
    if not served:
        raise SettingsError(
            f'{path}: organizations is empty; write [organizations] and acme = ["my-workspace"] (or ["*"])'
        )
    return {name: frozenset(_names(path, served, name, [])) for name in served}


def _policy(path: Path, document: dict[str, Any]) -> Path | None:
    name = _typed(path, document, "policy", str, "")
    return path.parent / name if name else None


def _count(path: Path, document: dict[str, Any]) -> int | None:
    if "max_parallel" not in document:
        return None
    count = _typed(path, document, "max_parallel", int, 8)
    if count < 1:
        raise SettingsError(f"{path}: max_parallel: {count} is not at least 1")
    return count


def _seconds(path: Path, document: dict[str, Any], key: str, default: float) -> float:
    value = document.get(key, default)
    most = _MOST.get(key, 3600)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
        raise SettingsError(f"{path}: {key}: {value!r} is not a number of seconds above 0 and up to {most}")
    return float(value)


def _names(path: Path, document: dict[str, Any], key: str, default: list[str]) -> list[str]:
    value = document.get(key, default)
    if not isinstance(value, list) or not value or not all(isinstance(name, str) and name for name in value):
        raise SettingsError(f"{path}: {key}: {value!r} is not a list of names")
    return value


def _typed(path: Path, document: dict[str, Any], key: str, kind: type[_T], default: _T) -> _T:
    value = document.get(key, default)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise SettingsError(f"{path}: {key}: {value!r} is not a {kind.__name__}")
    return value
