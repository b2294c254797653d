"""How a stack with many pins is written: cdktf writes what it has to see, the pins are added to the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cloudstack_pins.cdk.engine import IValidation, engine, jsii
from cloudstack_pins.files import replace_text

if TYPE_CHECKING:
    from cdktf import IStackSynthesizer, ISynthesisSession, TerraformStack

UNFINISHED = "synthesis_was_interrupted"
"""An output of a document that lacks its pins. It refers to what is not there, so that Terraform refuses to plan."""


class Pins(Protocol):
    """Who has the pins of a stack."""

    def leave_out(self, wanted: bool) -> bool:
        """Leave the pins that cdktf need not see out of the stack's document, or no longer; whether some are."""

    def added_to(self, document: dict[str, Any]) -> dict[str, Any] | None:
        """Return the document with what was left out; None where cdktf has to write all of it."""


@jsii.implements(engine.IStackSynthesizer)
class PinSynthesizer:
    """Lets cdktf write the stack and then adds the pins to the file.

    On the way through Node each value would be copied and searched for references three times: at 5000 pins that is
    most of the time, and pins have no references of cdktf's. Aspects and validations of the stack still see all pins.
    """

    def __init__(self, stack: TerraformStack, pins: Pins) -> None:
        self._stack = stack
        self._pins = pins
        self._inner: IStackSynthesizer = stack.synthesizer
        self._wanted = self._left_out = False

    def synthesize(self, session: ISynthesisSession) -> None:
        """Write the stack's file; cdktf calls this."""
        if session.skip_validation:
            # Without validations nothing says when aspects are through.
            self._inner.synthesize(session)
            return
        path = Path(session.outdir) / session.manifest.for_stack(self._stack).synthesized_stack_path
        # Validations run in the order of the tree, after aspects and before the document is made.
        self._stack.node.find_all()[-1].node.add_validation(_Then(self))
        try:
            self._write(session, path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def _write(self, session: ISynthesisSession, path: Path) -> None:
        self._wanted, self._left_out = True, False
        try:
            self._inner.synthesize(session)
        finally:
            self._wanted = False
            self._pins.leave_out(False)
        if not self._left_out:
            return
        document = self._pins.added_to(json.loads(path.read_text(encoding="utf-8")))
        if document is None:
            self._inner.synthesize(session)
        else:
            replace_text(path, json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False))

    def begin(self) -> None:
        """Leave pins out from now on, once for each time that the stack is written."""
        if self._wanted:
            self._wanted, self._left_out = False, self._pins.leave_out(True)


@jsii.implements(IValidation)
class _Then:
    """The last validation of a stack, which finds nothing and says that the others are through."""

    def __init__(self, synthesizer: PinSynthesizer) -> None:
        self._synthesizer = synthesizer

    def validate(self) -> list[str]:
        """Return nothing."""
        self._synthesizer.begin()
        return []


def unfinished() -> dict[str, Any]:
    """Return the fragment that makes a document without its pins one that Terraform refuses."""
    return {"output": {UNFINISHED: {"value": f"${{terraform_data.{UNFINISHED}.id}}"}}}


def finished(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document without the mark of ``unfinished``."""
    outputs = {name: output for name, output in document.get("output", {}).items() if name != UNFINISHED}
    rest = {name: block for name, block in document.items() if name != "output"}
    return rest | ({"output": outputs} if outputs else {})


def is_cdktfs_own(stack: TerraformStack) -> bool:
    """Whether the stack's synthesizer is the one that cdktf gave it; another may look at the file that it wrote."""
    # What lives in Node has no class here that declares interfaces.
    return not hasattr(type(stack.synthesizer), "__jsii_ifaces__")


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
