"""The pins of one stack: gathered while its constructs are made, written beside what cdktf writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

from cloudstack_pins.addresses import INSTANCE_TYPE
from cloudstack_pins.cdk.engine import IValidation, engine, jsii
from cloudstack_pins.cdk.synthesizer import PinSynthesizer, finished, is_cdktfs_own, merged
from cloudstack_pins.errors import DeclarationError, ExpansionError
from cloudstack_pins.model import Pin

if TYPE_CHECKING:
    from cdktf import TerraformStack

    from cloudstack_pins.cdk.activation import PinActivation
    from cloudstack_pins.cdk.pins import PinElement
    from constructs import Construct

# What cdktf puts for a value that it knows only at synthesis: "${TfToken[TOKEN.7]}", for a number -8.1e+298.
_TOKEN = re.compile(r"TfToken\[|-\d(\.\d+)?e\+(2[89]|30)\d")
_WRITTEN_BLOCKS = {"resource", "output", "moved"}


class StackPins:
    """What a stack has of pins and their activation."""

    def __init__(self, stack: TerraformStack) -> None:
        self.elements: list[PinElement] = []
        self.activation: PinActivation | None = None
        self.complete = False
        self.stack_id = str(stack.node.id)
        self._stack = ref(stack)
        self._known: dict[str, Pin] = {}

    def add(self, element: PinElement) -> None:
        """Take the pins of an element in. Raises ExpansionError where one of them collides with a pin of the stack."""
        self._refuse_more()
        for pin in (handle.pin for handle in element.handles):
            if pin.key in self._known:
                raise ExpansionError(
                    f"template {pin.template.key!r} and template {self._known[pin.key].template.key!r} both have a pin "
                    f"named {pin.key!r}; rename one of them"
                )
            self._known[pin.key] = pin
        if not self.elements:
            element.node.add_validation(_Activated(self))
            self._take_synthesis()
        self.elements.append(element)

    def activate(self, activation: PinActivation) -> None:
        """Take the stack's activation in. Raises DeclarationError for a second one."""
        self._refuse_more()
        if self.activation is not None:
            raise DeclarationError("the stack has a PinActivation already, which activates all of its pins; drop one")
        self.activation = activation

    def _refuse_more(self) -> None:
        if self.complete:
            raise DeclarationError(
                "a PinSetStack has the pins of its set and their activation; "
                "add to the set, or make a stack of your own"
            )

    @property
    def pins(self) -> tuple[Pin, ...]:
        """All pins, sorted by key."""
        return tuple(pin for _, pin in sorted(self._known.items()))

    @property
    def formerly(self) -> dict[str, tuple[str, ...]]:
        """The former keys of each template's key."""
        return {handle.pin.template.key: element.formerly for element in self.elements for handle in element.handles}

    def _take_synthesis(self) -> None:
        stack = self._stack()
        # A stack class with a to_terraform of its own may look at the pins there, so it gets them all.
        if (
            stack is not None
            and type(stack).to_terraform is engine.TerraformStack.to_terraform
            and is_cdktfs_own(stack)
        ):
            stack.synthesizer = PinSynthesizer(stack, self)

    def leave_out(self, wanted: bool) -> bool:
        """Let the elements return only what cdktf has to see, or again everything; whether something is left out."""
        if self.activation is None:
            return False
        parts: list[PinElement | PinActivation] = [*self.elements, self.activation]
        # One of a subclass may change what it returns.
        wanted = wanted and all(part.is_plain for part in parts)
        for part in parts:
            part.whole = not wanted
        return wanted

    def added_to(self, document: dict[str, Any]) -> dict[str, Any] | None:
        """Return cdktf's document of the stack with what was left out; None where it cannot be said."""
        overridden = document.get("//", {}).get("metadata", {}).get("overrides", {}).get("stack", ())
        if self.activation is None or not _WRITTEN_BLOCKS.isdisjoint(overridden):
            # An override of the stack may take an argument away, which the document cannot say.
            return None
        bodies: dict[str, Any] = {}
        for element in self.elements:
            bodies |= element.beside()
        pins = {"resource": {INSTANCE_TYPE: bodies}} if bodies else {}
        return finished(merged(merged(pins, self.activation.beside()), document))


@jsii.implements(IValidation)
class _Activated:
    """Whether somebody thought of the activation; pins that are never started keep nothing."""

    def __init__(self, pins: StackPins) -> None:
        self._pins = pins

    def validate(self) -> list[str]:
        """Return what is wrong, in words."""
        if self._pins.activation is not None:
            return []
        return ["the stack has pins and nothing activates them; add PinActivation(stack)"]


def needs_cdktf(value: Any) -> bool:
    """Whether there are references in ``value`` that only cdktf can write out."""
    return _TOKEN.search(repr(value)) is not None


_BY_STACK: WeakKeyDictionary[TerraformStack, StackPins] = WeakKeyDictionary()


def pins_of(scope: Construct) -> StackPins:
    """Return what gathers the pins of the stack that ``scope`` is in."""
    stack = engine.TerraformStack.of(scope)
    known = _BY_STACK.get(stack)
    if known is None:
        known = _BY_STACK[stack] = StackPins(stack)
    return known
