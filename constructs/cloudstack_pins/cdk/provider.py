"""The Terraform provider and the state of a stack, without anything secret and without calling Terraform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudstack_pins.cdk.engine import engine
from cloudstack_pins.expansion import PROVIDER_SOURCE, PROVIDER_VERSION
from cloudstack_pins.stack_document import terraform_block
from cloudstack_pins.terraform_settings import TerraformSettings

if TYPE_CHECKING:
    from cdktf import TerraformRemoteState

    from constructs import Construct


class CloudStackProvider(engine.TerraformProvider):
    """The provider cloudstack/cloudstack, ``~> 0.6.0``.

    Endpoint and keys come from CLOUDSTACK_API_URL, CLOUDSTACK_API_KEY and CLOUDSTACK_SECRET_KEY when Terraform runs;
    none of them is in the stack.
    """

    def __init__(self, scope: Construct, id: str = "cloudstack") -> None:  # noqa: A002  (constructs name it so)
        """Add the provider to the stack of ``scope``; it has no settings."""
        super().__init__(
            scope,
            id,
            terraform_resource_type="cloudstack",
            terraform_generator_metadata=engine.TerraformProviderGeneratorMetadata(
                provider_name="cloudstack", provider_version_constraint=PROVIDER_VERSION
            ),
            terraform_provider_source=PROVIDER_SOURCE,
        )


class StateSettings(engine.TerraformBackend):
    """Terraform's version and the place of the state, as ``terraform_block`` writes them.

    cdktf's own LocalBackend writes a path of the machine that synthesises, its CloudBackend runs ``terraform version``.
    """

    def __init__(self, scope: Construct, *, set_name: str, terraform: TerraformSettings | None) -> None:
        """Put the state of ``set_name`` where ``terraform`` says; None means a local file."""
        self._block = terraform_block(set_name, terraform)
        name = next(iter(self._block.get("backend", {"cloud": {}})))
        super().__init__(scope, "backend", name)

    def to_terraform(self) -> Any:
        """Return the ``terraform`` block; cdktf calls this at synthesis."""
        return {"terraform": self._block}

    def get_remote_state_data_source(self, scope: Construct, name: str, from_stack: str) -> TerraformRemoteState:
        """Refuse: no stack of pins reads the state of another."""
        raise NotImplementedError(f"stack {from_stack}: its state is not read by other stacks; use its outputs")
