"""What a stack of pins has once: the activation with its confirmation, the storage tags, the outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

from cloudstack_pins.cdk.engine import IValidation, engine, jsii
from cloudstack_pins.cdk.stack_pins import needs_cdktf, pins_of
from cloudstack_pins.cdk.synthesizer import merged, unfinished
from cloudstack_pins.cdk.values import PinOwner
from cloudstack_pins.errors import DeclarationError, ExpansionError
from cloudstack_pins.expansion import set_fragment
from cloudstack_pins.model import Activation, Mode, Pin, StorageTag

if TYPE_CHECKING:
    from constructs import Construct


class PinActivation(engine.TerraformElement):
    """Makes the pins of its stack active, and writes what all of them share. One per stack.

    Makes ``terraform_data.pin_activation`` and ``.pin_confirmation``, which run ``cloudstack-pins activate``; for each
    storage tag a ``terraform_data`` that replaces its pins with their offering or pool, and a
    ``cloudstack_service_offering_fixed`` where it has no offering; the outputs ``roster`` and ``pins``; ``moved``
    blocks.
    """

    def __init__(
        self,
        scope: Construct,
        id: str = "pin-activation",  # noqa: A002  (constructs name it so)
        *,
        owner: PinOwner | None = None,
        mode: Mode = "local-exec",
        max_parallel: int = 8,
        timeout: int = 7200,
    ) -> None:
        """Activate the pins of the stack that ``scope`` is in.

        owner: who owns active pins; default: PinOwner.caller()
        mode: "local-exec" (default): Terraform runs ``cloudstack-pins activate``, so that old pins stay until the new
            are active; "run-task" or "none": both resources are left out, something else activates after the apply
        max_parallel: running VMs at once; default 8
        timeout: seconds that one pin may take; default 7200

        Raises DeclarationError.
        """
        if mode not in get_args(Mode):
            raise DeclarationError(f"activation: mode is {mode!r}; allowed are {', '.join(get_args(Mode))}")
        for what, value in (("max_parallel", max_parallel), ("timeout", timeout)):
            if value < 1:
                raise DeclarationError(f"activation: {what} is {value}; give 1 or more")
        super().__init__(scope, id)
        self._stack_pins = pins_of(scope)
        self._stack_pins.activate(self)
        self.whole = True
        self._owner = (owner or PinOwner.caller()).model
        self._activation = Activation(mode=mode, max_parallel=max_parallel, timeout=timeout)
        self.node.add_validation(_Sound(self))

    def fragment(self) -> dict[str, Any]:
        """Return what this element adds to the stack. Raises ExpansionError where the pins do not fit together."""
        stack_pins = self._stack_pins
        set_name, zone_id, network_id = self._set_of(stack_pins.pins)
        return set_fragment(
            stack_pins.pins,
            self._gathered_tags(stack_pins.pins),
            stack_pins.formerly,
            set_name=set_name,
            zone_id=zone_id,
            network_id=network_id,
            owner=self._owner,
            activation=self._activation,
        )

    def to_terraform(self) -> Any:
        """Return the fragment; cdktf calls this at synthesis.

        Not ``whole``: somebody else writes it, unless cdktf has to see it.
        """
        fragment = self.fragment()
        if self.whole:
            return fragment
        return merged(unfinished(), fragment if needs_cdktf(fragment) else {})

    @property
    def is_plain(self) -> bool:
        """Whether it returns what is written here, and nothing that a subclass makes of it."""
        return type(self).to_terraform is PinActivation.to_terraform

    def beside(self) -> dict[str, Any]:
        """Return what ``to_terraform`` leaves out when the element is not ``whole``."""
        fragment = self.fragment()
        return {} if needs_cdktf(fragment) else fragment

    def to_hcl_terraform(self) -> Any:
        """Refuse ``cdktf synth --hcl``, which would leave most of the stack out without a word."""
        raise NotImplementedError("pins are written as Terraform JSON only; synthesise without --hcl")

    def _set_of(self, pins: Sequence[Pin]) -> tuple[str, str, str]:
        sets = sorted({(pin.set_name, pin.zone_id, pin.network_id) for pin in pins})
        if not sets:
            raise ExpansionError("the stack has a PinActivation and no pins; add a PinnedTemplate or drop it")
        if len(sets) > 1:
            first, second = (f"set {name!r}, zone {zone}, network {network}" for name, zone, network in sets[:2])
            raise ExpansionError(
                f"the stack's pins are of {first} and of {second}; a stack has one of each, make two stacks"
            )
        return sets[0]

    def _gathered_tags(self, pins: Sequence[Pin]) -> Mapping[str, StorageTag]:
        tags: dict[str, StorageTag] = {}
        for tag in (pin.storage_tag for pin in pins):
            if tags.setdefault(tag.name, tag) != tag:
                raise ExpansionError(
                    f"storage tag {tag.name!r} is given twice with different pools or offerings; use one StorageTag"
                )
        return dict(sorted(tags.items()))


@jsii.implements(IValidation)
class _Sound:
    """What is wrong with a stack of pins, known only when all of it is there."""

    def __init__(self, activation: PinActivation) -> None:
        self._activation = activation

    def validate(self) -> list[str]:
        """Return what is wrong, in words."""
        return [*self._unfit(), *self._without_provider()]

    def _unfit(self) -> list[str]:
        try:
            self._activation.fragment()
        except ExpansionError as error:
            return [str(error)]
        return []

    def _without_provider(self) -> list[str]:
        stack = engine.TerraformStack.of(self._activation)
        if any(provider.terraform_resource_type == "cloudstack" for provider in stack.all_providers()):
            return []
        return ["the stack has no provider 'cloudstack'; add CloudStackProvider(stack)"]
