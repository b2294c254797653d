"""Pins in a stack of one's own are written beside what cdktf writes; nobody who looks may notice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cloudstack_pins import CloudStackProvider, PinActivation, PinnedTemplate, PinSetStack
from cloudstack_pins.cdk import synthesizer
from cloudstack_pins.cdk.engine import IValidation, jsii
from cloudstack_pins.cdk.engine import engine as cdktf  # or cdktn, where only that is installed
from tests.cdk.test_constructs import app, complete, pinned, synthesised
from tests.expansion.sets import a_set
from tests.terraform_cli import Terraform

__all__ = ["app"]

PIN = "debian-12_gold_PS0"
PINS = [PIN, "debian-12_gold_PS1"]


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


@jsii.implements(cdktf.IStackSynthesizer)
class Reading:
    """A synthesizer of the author's, which looks at the file that cdktf wrote."""

    def __init__(self, inner: cdktf.IStackSynthesizer, path: Path) -> None:
        self.inner, self.path = inner, path
        self.seen: list[list[str]] = []

    def synthesize(self, session: cdktf.ISynthesisSession) -> None:
        self.inner.synthesize(session)
        document = json.loads(self.path.read_text(encoding="utf-8"))
        self.seen.append(sorted(document["resource"]["cloudstack_instance"]))


@pytest.mark.parametrize("early", [pytest.param(True, id="before"), pytest.param(False, id="after")])
def test_a_synthesizer_of_the_author_finds_the_pins_in_the_file(app: cdktf.App, early: bool, tmp_path: Path) -> None:
    stack = complete(app)
    if not early:
        pinned(stack)
    reading = Reading(stack.synthesizer, tmp_path / "cdktf.out/stacks/own/cdk.tf.json")
    stack.synthesizer = reading
    if early:
        pinned(stack)
    PinActivation(stack)
    assert sorted(synthesised(app, "own")["resource"]["cloudstack_instance"]) == PINS
    assert reading.seen == [PINS]


@jsii.implements(cdktf.IAspect)
class LookingAspect:
    """A policy of the author's that looks at what each construct writes."""

    def __init__(self) -> None:
        self.seen: list[list[str]] = []

    def visit(self, node: Any) -> None:
        if isinstance(node, PinnedTemplate):
            self.seen.append(sorted(node.to_terraform()["resource"]["cloudstack_instance"]))


@jsii.implements(IValidation)
class LookingValidation:
    def __init__(self, stack: cdktf.TerraformStack) -> None:
        self.stack = stack
        self.seen: list[list[str]] = []

    def validate(self) -> list[str]:
        self.seen.append(sorted(self.stack.to_terraform()["resource"]["cloudstack_instance"]))
        return []


def test_aspects_and_validations_see_the_pins(app: cdktf.App) -> None:
    stack, _ = a_stack(app)
    aspect, validation = LookingAspect(), LookingValidation(stack)
    cdktf.Aspects.of(stack).add(aspect)
    last = cdktf.TerraformOutput(stack, "zz", value="1")
    last.node.add_validation(validation)
    app.synth()
    assert aspect.seen == [PINS]
    assert validation.seen == [PINS]


def test_a_subclass_decides_what_it_writes(app: cdktf.App) -> None:
    class Grouped(PinnedTemplate):
        def to_terraform(self) -> Any:
            document = super().to_terraform()
            for body in document["resource"]["cloudstack_instance"].values():
                body["group"] = "mine"
            return document

    class Quiet(PinActivation):
        def to_terraform(self) -> Any:
            document = super().to_terraform()
            del document["output"]["pins"]
            return document

    stack = complete(app)
    pinned(stack, kind=Grouped)
    Quiet(stack)
    document = synthesised(app, "own")
    assert document["resource"]["cloudstack_instance"][PIN]["group"] == "mine"
    assert sorted(document["output"]) == ["roster"]


def test_a_subclass_of_a_sets_stack_decides_what_it_writes(app: cdktf.App) -> None:
    class Grouped(PinSetStack):
        def to_terraform(self) -> Any:
            document = super().to_terraform()
            for body in document["resource"]["cloudstack_instance"].values():
                body["group"] = "mine"
            return document

    Grouped(app, "sandbox", pin_set=a_set())
    pins = synthesised(app, "sandbox")["resource"]["cloudstack_instance"]
    assert {body["group"] for body in pins.values()} == {"mine"}


def test_a_number_that_cdktf_knows_later_is_written_out(app: cdktf.App) -> None:
    stack = complete(app)
    size = cdktf.TerraformVariable(stack, "size", type="number")
    pinned(stack, size=size.number_value)
    PinActivation(stack)
    document = synthesised(app, "own")
    assert "e+2" not in json.dumps(document)
    assert "${var.size}" in json.dumps(document["output"]["roster"])


def test_what_an_override_of_the_stack_does_not_name_stays_as_it_was(app: cdktf.App) -> None:
    stack, _ = a_stack(app)
    cdktf.TerraformVariable(stack, "words", type="string", default=None, nullable=True)
    without = synthesised(app, "own")
    stack.add_override(f"resource.cloudstack_instance.{PIN}.group", "pins")
    changed = synthesised(app, "own")
    assert changed["resource"]["cloudstack_instance"][PIN].pop("group") == "pins"
    assert changed == without


@pytest.mark.parametrize("kind", ["set", "own"])
def test_a_failure_leaves_no_document_without_its_pins(
    app: cdktf.App, kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    if kind == "own":
        a_stack(app)
    else:
        PinSetStack(app, "own", pin_set=a_set())
    synthesised(app, "own")
    monkeypatch.setattr(synthesizer, "replace_text", full)
    with pytest.raises(RuntimeError, match="No space left"):
        app.synth()
    assert not (tmp_path / "cdktf.out/stacks/own/cdk.tf.json").exists()


@pytest.mark.terraform
@pytest.mark.parametrize("kind", ["set", "own"])
def test_terraform_refuses_a_document_whose_pins_were_never_added(
    app: cdktf.App, kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, offline_terraform: Terraform
) -> None:
    """A SIGKILL between cdktf's writing and ours must not end in a plan that destroys every pin."""
    if kind == "own":
        a_stack(app)
    else:
        PinSetStack(app, "own", pin_set=a_set())
    monkeypatch.setattr(synthesizer, "replace_text", lambda path, text: None)
    app.synth()
    written = json.loads((tmp_path / "cdktf.out/stacks/own/cdk.tf.json").read_text(encoding="utf-8"))
    assert "cloudstack_instance" not in written.get("resource", {})
    offline_terraform.write(written)
    outcome = offline_terraform.validate()
    assert not outcome.ok
    assert synthesizer.UNFINISHED in outcome.output
