"""Pins in a stack of one's own are written beside what cdktf writes; nobody who looks may notice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cloudstack_pins import CloudStackProvider, PinActivation, PinnedTemplate
from cloudstack_pins.cdk.engine import engine as cdktf  # or cdktn, where only that is installed
from cloudstack_pins.cdk.engine import jsii
from tests.cdk.test_constructs import app, complete, pinned, synthesised

__all__ = ["app"]

PIN = "debian-12_gold_PS0"


def seen_by_cdktf(stack: cdktf.TerraformStack) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(cdktf.Testing.synth(stack))
    return document


def a_stack(app: cdktf.App) -> tuple[cdktf.TerraformStack, PinnedTemplate]:
    stack = complete(app)
    template = pinned(stack)
    PinActivation(stack)
    return stack, template


def test_the_file_holds_what_cdktf_would_have_written(app: cdktf.App) -> None:
    stack, _ = a_stack(app)
    cdktf.TerraformOutput(stack, "one", value="1")
    expected = seen_by_cdktf(stack)
    written = synthesised(app, "own")
    assert written == expected
    assert len(written["resource"]["cloudstack_instance"]) == 2
    assert "pin_activation" in written["resource"]["terraform_data"]


def test_writing_twice_writes_the_same(app: cdktf.App) -> None:
    a_stack(app)
    assert synthesised(app, "own") == synthesised(app, "own")


def test_an_override_of_the_stack_may_take_an_argument_away(app: cdktf.App) -> None:
    stack, _ = a_stack(app)
    stack.add_override(f"resource.cloudstack_instance.{PIN}.expunge", None)
    stack.add_override(f"resource.cloudstack_instance.{PIN}.group", "pins")
    pins = synthesised(app, "own")["resource"]["cloudstack_instance"]
    assert "expunge" not in pins[PIN]
    assert pins[PIN]["group"] == "pins"
    assert "expunge" in pins["debian-12_gold_PS1"]


def test_references_of_cdktf_are_written_out(app: cdktf.App) -> None:
    stack, template = a_stack(app)
    words = cdktf.TerraformVariable(stack, "words", type="string")
    template.pins[("gold", "PS0")].override("group", words.string_value)
    pins = synthesised(app, "own")["resource"]["cloudstack_instance"]
    assert pins[PIN]["group"] == "${var.words}"
    assert sorted(pins) == [PIN, "debian-12_gold_PS1"]


def test_references_to_another_stack_are_wired(app: cdktf.App, tmp_path: Path) -> None:
    other = cdktf.TerraformStack(app, "other")
    CloudStackProvider(other)
    words = cdktf.TerraformVariable(other, "words", type="string")
    _, template = a_stack(app)
    template.pins[("gold", "PS0")].override("group", words.string_value)
    document = synthesised(app, "own")
    assert "terraform_remote_state" in document["data"]
    assert "data.terraform_remote_state" in document["resource"]["cloudstack_instance"][PIN]["group"]
    assert "output" in json.loads((tmp_path / "cdktf.out/stacks/other/cdk.tf.json").read_text(encoding="utf-8"))


def test_a_stack_that_looks_at_its_document_finds_the_pins(app: cdktf.App) -> None:
    class Looking(cdktf.TerraformStack):
        seen: list[str]

        def to_terraform(self) -> Any:
            document = super().to_terraform()
            self.seen = sorted(document["resource"]["cloudstack_instance"])
            document["resource"]["cloudstack_instance"][PIN]["group"] = "pins"
            return document

    stack = Looking(app, "own")
    CloudStackProvider(stack)
    pinned(stack)
    PinActivation(stack)
    pins = synthesised(app, "own")["resource"]["cloudstack_instance"]
    assert stack.seen == [PIN, "debian-12_gold_PS1"]
    assert pins[PIN]["group"] == "pins"


@pytest.mark.parametrize("early", [pytest.param(True, id="before"), pytest.param(False, id="after")])
def test_a_synthesizer_of_the_author_still_runs(app: cdktf.App, early: bool) -> None:
    @jsii.implements(cdktf.IStackSynthesizer)
    class Counting:
        def __init__(self, inner: cdktf.IStackSynthesizer) -> None:
            self.inner, self.runs = inner, 0

        def synthesize(self, session: cdktf.ISynthesisSession) -> None:
            self.runs += 1
            self.inner.synthesize(session)

    stack = complete(app)
    if not early:
        pinned(stack)
    counting = Counting(stack.synthesizer)
    stack.synthesizer = counting
    if early:
        pinned(stack)
    PinActivation(stack)
    assert sorted(synthesised(app, "own")["resource"]["cloudstack_instance"]) == [PIN, "debian-12_gold_PS1"]
    assert counting.runs == 1
