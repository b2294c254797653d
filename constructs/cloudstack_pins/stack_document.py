"""A pin set as a whole Terraform JSON document: what ``PinSetStack`` synthesises, without cdktf."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudstack_pins.errors import DeclarationError
from cloudstack_pins.expansion import PROVIDER_SOURCE, PROVIDER_VERSION, REQUIRED_TERRAFORM, expand
from cloudstack_pins.model import PinSet
from cloudstack_pins.terraform_json import literal, normalised


def stack_document(pin_set: PinSet, *, backend: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the Terraform document of a pin set; ``backend`` as in ``state_block``.

    Raises ExpansionError for colliding keys and for values that are no JSON.
    """
    return {
        "terraform": {
            "required_providers": {"cloudstack": {"source": PROVIDER_SOURCE, "version": PROVIDER_VERSION}},
            "required_version": REQUIRED_TERRAFORM,
            **state_block(pin_set.name, backend=backend),
        },
        # Endpoint and keys come from the environment, so that none of them is in a file of ours.
        "provider": {"cloudstack": [{}]},
        **expand(pin_set),
    }


def state_block(
    set_name: str, *, backend: Mapping[str, Any] | None = None, cloud: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the part of a stack's ``terraform`` block that says where its state is.

    ``backend`` is ``{type: settings}``, ``cloud`` the settings of HCP Terraform: ``organization`` and ``workspace``
    (a name) or ``workspaces`` as Terraform takes it. Default: the file ``terraform.<set>.tfstate`` in the project's
    folder, named relative to the stack's, so that every machine writes the same bytes.

    Raises DeclarationError where both are given or one is not complete.
    """
    if backend is not None and cloud is not None:
        raise DeclarationError(
            "terraform.backend and terraform.cloud are both given, but a state has one place; drop one of them",
            key="terraform",
        )
    if cloud is not None:
        return {"cloud": _cloud(cloud)}
    if backend is None:
        return {"backend": {"local": {"path": f"../../../terraform.{set_name}.tfstate"}}}
    if len(backend) != 1:
        raise DeclarationError(
            f"terraform.backend names {sorted(backend)}, but a state has one place; give one backend, "
            "such as [terraform.backend.s3]",
            key="terraform.backend",
        )
    return {"backend": {kind: normalised(literal(settings), where=kind) for kind, settings in backend.items()}}


def _cloud(cloud: Mapping[str, Any]) -> dict[str, Any]:
    settings = {key: value for key, value in cloud.items() if value is not None}
    workspace = settings.pop("workspace", None)
    if workspace is not None:
        settings["workspaces"] = {"name": workspace}
    for key in ("organization", "workspaces"):
        if not settings.get(key):
            raise DeclarationError(
                f"terraform.cloud lacks {'workspace' if key == 'workspaces' else key}; give organization and workspace",
                key="terraform.cloud",
            )
    result: dict[str, Any] = normalised(literal(settings), where="cloud")
    return result
