"""Where CloudStack is and with which key: read from the environment, never written anywhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cs

from cloudstack_pins.errors import SettingsError

PROVIDER_NAMES = ("CLOUDSTACK_API_URL", "CLOUDSTACK_API_KEY", "CLOUDSTACK_SECRET_KEY")
CS_NAMES = ("CLOUDSTACK_ENDPOINT", "CLOUDSTACK_KEY", "CLOUDSTACK_SECRET")
CA_NAMES = ("CLOUDSTACK_CA", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_REPAIR = (
    "set CLOUDSTACK_API_URL (https://HOST/client/api), CLOUDSTACK_API_KEY and CLOUDSTACK_SECRET_KEY, "
    "as Terraform's provider reads them"
)


@dataclass(frozen=True, kw_only=True)
class Access:
    """An endpoint and a key pair.

    ``timeout`` is in seconds, for one request; ``verify`` False is never read from the environment, True means the
    usual CAs, a path a CA file or folder. ``certificate`` and ``headers`` come from cs's settings only (client
    certificates, proxies that want a header).
    """

    endpoint: str
    api_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    timeout: float = 60
    verify: bool | str = True
    certificate: str | tuple[str, str] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Refuse an endpoint that is none, or that carries a password."""
        _check_endpoint(self.endpoint)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no text may show."""
        return (self.api_key, self.secret_key, *self.headers.values())

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Access:
        """Read the provider's names; without any of them cs's names, then cs's ``cloudstack.ini``.

        One family is taken as a whole: an endpoint of one and a key of the other would be a mix-up. The CA is
        CLOUDSTACK_CA, else REQUESTS_CA_BUNDLE, else CURL_CA_BUNDLE. Raises SettingsError, which names what is missing.
        """
        if any(environ.get(name) for name in PROVIDER_NAMES):
            return cls(**_named(environ, PROVIDER_NAMES), verify=_verify(environ))
        return _from_cs(cls, environ)


def _from_cs(cls: type[Access], environ: Mapping[str, str]) -> Access:
    config = _cs_config(environ)
    missing = [name for name, key in zip(CS_NAMES, ("endpoint", "key", "secret"), strict=True) if not config.get(key)]
    if missing:
        raise SettingsError(f"{_listed(missing)} missing in {_place(environ, config)}; {_REPAIR}")
    if config.get("dangerous_no_tls_verify") is True:
        raise SettingsError(
            "dangerous_no_tls_verify is set for cs, but certificates are always verified here; "
            "take it out and point CLOUDSTACK_CA at the CA file that signed the server's certificate"
        )
    certificate = config.get("cert")
    if certificate and config.get("cert_key"):
        certificate = (str(certificate), str(config["cert_key"]))
    return cls(
        endpoint=_clean("CLOUDSTACK_ENDPOINT", config["endpoint"]),
        api_key=_clean("CLOUDSTACK_KEY", config["key"]),
        secret_key=_clean("CLOUDSTACK_SECRET", config["secret"]),
        timeout=_timeout(config.get("timeout")),
        verify=_verify(environ, config.get("verify")),
        certificate=certificate or None,
        headers=dict(config.get("headers") or {}),
    )


def _cs_config(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return cs's settings: its names in ``environ`` where all three are there, else what cs itself reads."""
    present = {name: environ[name] for name in CS_NAMES if environ.get(name)}
    overrides = environ.get("CLOUDSTACK_OVERRIDES", "").strip()
    if environ is not os.environ:
        # cs reads the process's own environment and home folder only; a given environment stands for itself.
        if not present:
            raise SettingsError(f"no access to CloudStack is configured; {_REPAIR}")
        named = _named(environ, CS_NAMES)
        return {"endpoint": named["endpoint"], "key": named["api_key"], "secret": named["secret_key"]}
    if present and not overrides and "CLOUDSTACK_ENDPOINT" not in present and not _ini_exists(environ):
        _named(environ, CS_NAMES)
    try:
        return cs.read_config()
    except SystemExit:  # cs ends the process where no ini exists
        text = f"no access to CloudStack is configured; {_REPAIR}"
    except Exception as error:  # configparser's errors quote the line they stumble over, perhaps the secret's
        text = f"cs's settings cannot be read ({type(error).__name__}); repair cloudstack.ini or {_REPAIR}"
    raise SettingsError(text)


def _ini_exists(environ: Mapping[str, str]) -> bool:
    paths = [Path("~/.cloudstack.ini").expanduser(), Path("cloudstack.ini")]
    if environ.get("CLOUDSTACK_CONFIG"):
        paths.append(Path(environ["CLOUDSTACK_CONFIG"]).expanduser())
    return any(path.exists() for path in paths)


def _named(environ: Mapping[str, str], names: tuple[str, str, str]) -> dict[str, Any]:
    missing = [name for name in names if not environ.get(name)]
    if missing:
        there = [name for name in names if environ.get(name)]
        raise SettingsError(f"{_listed(missing)} missing beside {_listed(there)}; {_REPAIR}")
    endpoint, api_key, secret_key = (_clean(name, environ[name]) for name in names)
    return {"endpoint": endpoint, "api_key": api_key, "secret_key": secret_key}


def _clean(name: str, value: object) -> str:
    text = str(value)
    if text != text.strip() or any(ord(character) < 33 for character in text):
        raise SettingsError(
            f"{name} has white space in its value, which would be signed and sent; set it again without"
        )
    return text


def _timeout(value: object) -> int:
    if not isinstance(value, str):
        return 60  # cs's own default of 10 s is short for lists of thousands
    try:
        seconds = int(value)
    except ValueError:
        seconds = 0
    if seconds < 1:
        raise SettingsError(f"CLOUDSTACK_TIMEOUT is {value!r}; give whole seconds, 1 or more")
    return seconds


def _verify(environ: Mapping[str, str], configured: object = None) -> bool | str:
    name, path = next(((n, environ[n]) for n in CA_NAMES if environ.get(n)), ("verify", configured))
    if not path or path is True:
        return True
    if not Path(str(path)).exists():
        raise SettingsError(f"{name} names {path!r}, which does not exist; point it at a file of CA certificates (PEM)")
    return str(path)


def _check_endpoint(endpoint: str) -> None:
    try:
        url = urlsplit(endpoint)
        fits = url.scheme in ("http", "https") and bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        fits = False
        url = urlsplit("")
    if not fits:
        raise SettingsError("the CloudStack endpoint is not a URL; give https://HOST/client/api")
    if url.username is not None or url.password is not None or url.query or url.fragment:
        raise SettingsError(
            "the CloudStack endpoint has a user, a query or a fragment in it; give only https://HOST/client/api"
        )


def _place(environ: Mapping[str, str], config: Mapping[str, Any]) -> str:
    section = config.get("name")
    return f"section [{section}] of cs's settings" if section else "the environment and cs's settings"


def _listed(names: list[str]) -> str:
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}" if names else "nothing is"
