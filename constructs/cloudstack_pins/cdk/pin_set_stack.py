"""A whole pin set as one stack."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from cloudstack_pins import declaration as declarations
from cloudstack_pins import lock as locks
from cloudstack_pins.cdk.activation import PinActivation
from cloudstack_pins.cdk.engine import Construct, engine
from cloudstack_pins.cdk.pins import PinElement
from cloudstack_pins.cdk.provider import CloudStackProvider, StateSettings
from cloudstack_pins.cdk.values import PinOwner
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
        expand(pin_set)  # An error in one of cdktf's callbacks would lose its type on the way through Node.
        super().__init__(scope, id)
        self.pin_set = pin_set
        StateSettings(self, set_name=pin_set.name, terraform=terraform)
        CloudStackProvider(self)
        self.templates = self._add_pins(pin_set)
        PinActivation(
            self,
            owner=PinOwner(pin_set.owner),
            mode=pin_set.activation.mode,
            max_parallel=pin_set.activation.max_parallel,
            timeout=pin_set.activation.timeout,
            pin_set=pin_set,
        )

    def _add_pins(self, pin_set: PinSet) -> dict[str, PinElement]:
        """Add one element per template; in scopes of their own, so that no key meets the id of another construct."""
        formerly = {declared.template.key: declared.formerly for declared in pin_set.templates}
        elements: dict[str, PinElement] = {}
        scope = Construct(self, "templates")
        for key, pins in groupby(sorted(pin_set.current, key=_template_key), key=_template_key):
            elements[key] = PinElement(scope, key, pins=list(pins), formerly=formerly[key], expunge=pin_set.expunge)
        kept = [pin for pin in pin_set.pins if pin.previous]
        if kept:
            PinElement(self, "kept", pins=kept, expunge=pin_set.expunge)
        return elements


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
