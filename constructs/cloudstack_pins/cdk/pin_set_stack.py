"""A whole pin set as one stack."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

from cloudstack_pins import declaration as declarations
from cloudstack_pins import lock as locks
from cloudstack_pins.addresses import INSTANCE_TYPE
from cloudstack_pins.cdk.engine import Construct, engine
from cloudstack_pins.cdk.pins import PinElement
from cloudstack_pins.cdk.provider import CloudStackProvider, StateSettings
from cloudstack_pins.cdk.stack_pins import pins_of
from cloudstack_pins.cdk.synthesizer import PinSynthesizer, finished, merged, unfinished
from cloudstack_pins.errors import DeclarationError
from cloudstack_pins.expansion import expand
from cloudstack_pins.model import Pin, PinSet
from cloudstack_pins.pin_set import combine
from cloudstack_pins.terraform_settings import TerraformSettings


class PinSetStack(engine.TerraformStack):
    """One stack for a pin set: provider, state, pins and activation.

    ``templates`` holds the element of each template by its key, with the handles of its pins.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002  (constructs name it so)
        *,
        pin_set: PinSet | None = None,
        folder: Path | str | None = None,
        terraform: TerraformSettings | None = None,
    ) -> None:
        """Make the stack of ``pin_set``, or of the pins.toml and pins.lock.json in ``folder``.

        id: the stack's name, for ``cdktf deploy <name>``
        terraform: where the state is; default: as pins.toml says, else the local file ``terraform.<set>.tfstate``

        Raises DeclarationError, LockError and ExpansionError; nothing is added to the application then.
        """
        pin_set, terraform = _given(id, pin_set, folder, terraform)
        fragment = expand(pin_set)
        super().__init__(scope, id)
        self.pin_set = pin_set
        self._fragment = fragment
        self._left_out = False
        StateSettings(self, set_name=pin_set.name, terraform=terraform)
        CloudStackProvider(self)
        self.templates = self._add_pins()
        pins_of(self).complete = True
        if type(self).to_terraform is PinSetStack.to_terraform:
            self.synthesizer = PinSynthesizer(self, self)

    def _add_pins(self) -> dict[str, PinElement]:
        """Add one element per template; in scopes of their own, so that no key meets the id of another construct."""
        bodies = self._fragment.get("resource", {}).get(INSTANCE_TYPE, {})
        scope = Construct(self, "templates")
        pins = sorted(self.pin_set.current, key=_template_key)
        elements = {
            key: PinElement(scope, key, pins=list(group), bodies=bodies)
            for key, group in groupby(pins, key=_template_key)
        }
        for element in elements.values():
            element.whole = False
        return elements

    def to_terraform(self) -> Any:
        """Return the stack's document; cdktf calls this at synthesis, and its ``Testing``."""
        document = super().to_terraform()
        return merged(document, unfinished()) if self._left_out else self.added_to(document)

    def added_to(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return cdktf's document of this stack with the set's fragment; what cdktf says wins, as overrides do."""
        overridden = {
            handle.pin.key for element in self.templates.values() for handle in element.handles if handle.needs_cdktf
        }
        resources = self._fragment.get("resource", {})
        kept = {key: body for key, body in resources.get(INSTANCE_TYPE, {}).items() if key not in overridden}
        fragment = self._fragment | {"resource": resources | ({INSTANCE_TYPE: kept} if kept else {})}
        return finished(merged(fragment, document))

    def leave_out(self, wanted: bool) -> bool:
        """Let ``to_terraform`` return what cdktf has to see, without the fragment, or again all of it."""
        self._left_out = wanted
        return wanted

    def to_hcl_terraform(self) -> Any:
        """Refuse ``cdktf synth --hcl``, which would leave the pins out without a word."""
        raise NotImplementedError("pins are written as Terraform JSON only; synthesise without --hcl")


def _given(
    id: str,  # noqa: A002  (constructs name it so)
    pin_set: PinSet | None,
    folder: Path | str | None,
    terraform: TerraformSettings | None,
) -> tuple[PinSet, TerraformSettings | None]:
    if pin_set is not None and folder is None:
        return pin_set, terraform
    if pin_set is not None or folder is None:
        raise DeclarationError(f"stack {id!r}: give either pin_set=... or folder=..., and not both")
    declaration = declarations.load(Path(folder) / declarations.FILE_NAME)
    return combine(declaration, locks.read(Path(folder) / locks.FILE_NAME)), terraform or declaration.terraform


def _template_key(pin: Pin) -> str:
    return pin.template.key
