"""The hosts that the service may talk to: one list, for every address that a request names."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from cloudstack_pins.errors import RunTaskError, SettingsError
from cloudstack_pins.plain import plain

_PORTS = {"https": 443, "http": 80}


def origin_of(url: str) -> str:
    """Return ``scheme://host:port`` of an address; raises RunTaskError for one that is not plainly HTTP(S).

    User information, a missing host and characters that parsers disagree about are refused: an allow-list is only as
    good as the agreement between the one who checks and the one who connects.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RunTaskError(f"the address {plain(url)[:200]!r} cannot be read: {error}") from error
    odd = any(character in url for character in "\\ \t\r\n") or not url.isascii()
    if odd or parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise RunTaskError(f"the address {plain(url)[:200]!r} is not a plain https address")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port or _PORTS[parts.scheme]}"


@dataclass(frozen=True)
class Origins:
    """Which hosts get the bearer token (``api``) and which may only be downloaded from (``archives``)."""

    api: frozenset[str]
    archives: frozenset[str]

    @classmethod
    def of(cls, hosts: Iterable[str], archives: Iterable[str]) -> Origins:
        """Read names as people write them: ``host``, ``host:port``, or ``http://127.0.0.1:port`` for trials.

        Plain HTTP is refused for anything but loopback, since the token would travel readably.
        """
        return cls(frozenset(map(_declared, hosts)), frozenset(map(_declared, archives)))

    def require_api(self, url: str) -> None:
        """Raise RunTaskError unless ``url`` is on a host that may get the token."""
        self._require(url, self.api)

    def require_download(self, url: str) -> None:
        """Raise RunTaskError unless ``url`` is on a host that a download may be redirected to."""
        self._require(url, self.api | self.archives)

    @staticmethod
    def _require(url: str, allowed: frozenset[str]) -> None:
        origin = origin_of(url)
        if origin not in allowed:
            raise RunTaskError(
                f"{plain(origin)} is not an allowed host; allowed are {', '.join(sorted(allowed))}; "
                "add it to hcp_hosts or archive_hosts of the settings if it is yours"
            )


def _declared(entry: str) -> str:
    try:
        origin = origin_of(entry if "://" in entry else f"https://{entry}")
    except RunTaskError as error:
        raise SettingsError(f"hcp_hosts: {error}; write a host name such as app.terraform.io") from error
    if origin.startswith("http:") and not _is_loopback(urlsplit(origin).hostname or ""):
        raise SettingsError(
            f"hcp_hosts: {entry!r} is plain HTTP, which is allowed on loopback only; write the host alone"
        )
    return origin


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
