"""How a stack with many pins is written: cdktf writes what it has to see, the pins are added to the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cloudstack_pins.cdk.engine import engine, jsii

if TYPE_CHECKING:
    from cdktf import IStackSynthesizer, ISynthesisSession, TerraformStack


class Pins(Protocol):
    """Who has the pins of a stack."""

    def left_out(self) -> AbstractContextManager[None]:
        """While this lasts the stack's document lacks the pins that cdktf need not see."""

    def added_to(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the document with the pins that were left out."""


@jsii.implements(engine.IStackSynthesizer)
class PinSynthesizer:
    """Lets cdktf write the stack and then adds the pins to the file.

    On the way through Node each value would be copied and searched for references three times: at 5000 pins that is
    most of the time, and pins have no references of cdktf's.
    """

    def __init__(self, stack: TerraformStack, pins: Pins) -> None:
        self._stack = stack
        self._pins = pins
        self._inner: IStackSynthesizer = stack.synthesizer

    def synthesize(self, session: ISynthesisSession) -> None:
        """Write the stack's file; cdktf calls this."""
        with self._pins.left_out():
            self._inner.synthesize(session)
        path = Path(session.outdir) / session.manifest.for_stack(self._stack).synthesized_stack_path
        document = self._pins.added_to(json.loads(path.read_text(encoding="utf-8")))
        path.write_text(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False), encoding="utf-8")


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return both documents as one; ``over`` wins, and ``moved`` blocks of both stay."""
    result = dict(under)
    for name, value in over.items():
        known = result.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            result[name] = merged(known, value)
        elif name == "moved" and isinstance(known, list):
            result[name] = [*known, *value]
        else:
            result[name] = value
    return result
