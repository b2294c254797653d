"""Where Terraform keeps the stack's state: ``[terraform.backend]`` or ``[terraform.cloud]`` of pins.toml."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from cloudstack_pins.fields import Fields, shown

_SECRET = {
    "access_key",
    "access_token",
    "client_certificate_password",
    "client_key",
    "client_secret",
    "conn_str",
    "credentials",
    "oidc_token",
    "password",
    "sas_token",
    "secret_key",
    "token",
}


@dataclass(frozen=True, kw_only=True)
class Backend:
    """Any backend of Terraform: its type, as "s3", and its settings as Terraform names them."""

    type: str
    settings: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """A workspace of HCP Terraform, or of Terraform Enterprise at ``hostname``."""

    organization: str
    workspace: str
    hostname: str | None = None


TerraformSettings = Backend | Cloud


def read_terraform(fields: Fields | None) -> TerraformSettings | None:
    """Return what ``[terraform]`` says, None where the state is a local file beside the stack."""
    if fields is None:
        return None
    backend, cloud = fields.optional_table("backend"), fields.optional_table("cloud")
    fields.refuse_unknown()
    if backend is not None and cloud is not None:
        raise fields.error("cloud", "a stack has one place for its state, and terraform.backend is there too; drop one")
    if cloud is not None:
        return _cloud(cloud)
    return None if backend is None else _backend(backend)


def _cloud(fields: Fields) -> Cloud:
    cloud = Cloud(
        organization=fields.text("organization"),
        workspace=fields.text("workspace"),
        hostname=fields.optional_text("hostname"),
    )
    fields.refuse_unknown()
    return cloud


def _backend(fields: Fields) -> Backend:
    if "type" not in fields:
        raise fields.error("type", 'is missing; name the backend, as type = "s3", and its settings beside it')
    kind = fields.text("type")
    settings = {name: _setting(fields, name, fields.raw(name)) for name in sorted(fields.names) if name != "type"}
    return Backend(type=kind, settings=settings)


def _setting(fields: Fields, name: str, value: object) -> object:
    """Return a value that Terraform JSON can hold; secrets and dates can't stand there."""
    if name in _SECRET:
        raise fields.error(name, "a secret must not stand in a file; give it to Terraform by environment variable")
    if isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, list):
        return [_setting(fields, name, item) for item in value]
    if isinstance(value, dict):
        inner = Fields(value, fields.at(name), fields.failure)
        return {key: _setting(inner, key, item) for key, item in value.items()}
    raise fields.error(name, f"{shown(value)} has no form in Terraform JSON; write a string, number, boolean or list")
