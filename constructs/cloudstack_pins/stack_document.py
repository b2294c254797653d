"""A pin set as a whole Terraform JSON document: what ``PinSetStack`` synthesises, without cdktf."""

from __future__ import annotations

from typing import Any

from cloudstack_pins.expansion import PROVIDER_SOURCE, PROVIDER_VERSION, REQUIRED_TERRAFORM, expand
from cloudstack_pins.model import PinSet
from cloudstack_pins.terraform_json import literal, normalised
from cloudstack_pins.terraform_settings import Backend, Cloud, TerraformSettings


def stack_document(pin_set: PinSet, *, terraform: TerraformSettings | None = None) -> dict[str, Any]:
    """Return the Terraform document of a pin set; ``terraform`` says where its state is, as in ``state_block``.

    Raises ExpansionError for colliding keys and for values that are no JSON.
    """
    return {
        "terraform": {
            "required_providers": {"cloudstack": {"source": PROVIDER_SOURCE, "version": PROVIDER_VERSION}},
            **terraform_block(pin_set.name, terraform),
        },
        # Endpoint and keys come from the environment, so that none of them is in a file of ours.
        "provider": {"cloudstack": [{}]},
        **expand(pin_set),
    }


def terraform_block(set_name: str, terraform: TerraformSettings | None) -> dict[str, Any]:
    """Return the required version and where the state is.

    Default: the file ``terraform.<set>.tfstate`` in the project's folder, named relative to the stack's folder
    (cdktf.out/stacks/<set>), so that every machine writes the same bytes.
    """
    return {"required_version": REQUIRED_TERRAFORM, **_state(set_name, terraform)}


def _state(set_name: str, terraform: TerraformSettings | None) -> dict[str, Any]:
    if isinstance(terraform, Cloud):
        cloud = {"organization": terraform.organization, "workspaces": {"name": terraform.workspace}}
        if terraform.hostname is not None:
            cloud["hostname"] = terraform.hostname
        return {"cloud": literal(cloud)}
    if isinstance(terraform, Backend):
        settings = normalised(literal(terraform.settings), where=f"terraform.backend.{terraform.type}")
        return {"backend": {terraform.type: settings}}
    return {"backend": {"local": {"path": f"../../../terraform.{set_name}.tfstate"}}}
