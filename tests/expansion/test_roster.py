from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cloudstack_pins.errors import PlanError, StackError
from cloudstack_pins.model import PinSet
from cloudstack_pins.roster import Roster, from_plan, from_stack
from cloudstack_pins.stack_document import stack_document
from cloudstack_pins.terraform_json import rendered
from tests.expansion.sets import UBUNTU, a_set
from tests.expansion.test_expansion import rich_set
from tests.terraform_cli import Terraform


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    path = tmp_path / "cdk.tf.json"
    path.write_text(rendered(stack_document(rich_set())), encoding="utf-8")
    return path


def assert_says(roster: Roster, pin_set: PinSet) -> None:
    assert (roster.set_name, roster.zone_id, roster.network_id) == ("sandbox", pin_set.zone_id, pin_set.network_id)
    assert (roster.owner, roster.activation) == (pin_set.owner, pin_set.activation)
    assert roster.pools == {pool.key: pool for tag in pin_set.storage_tags.values() for pool in tag.pools}
    assert sorted((one.address, one.template_id, one.revision, one.previous) for one in roster.pins) == sorted(
        (pin.address, pin.template.id, pin.revision, pin.previous) for pin in pin_set.pins
    )
    by_key = {(pin.template.key, pin.storage_tag.name, pin.pool.key if pin.pool else None) for pin in pin_set.pins}
    assert {(one.template, one.storage_tag, one.pool) for one in roster.pins} == by_key
    names = {(pin.template.id, pin.template.name, pin.template.size) for pin in pin_set.pins}
    assert {(one.template_id, one.template_name, one.size) for one in roster.pins} == names


def test_a_stack_says_what_its_set_said(stack: Path) -> None:
    assert_says(from_stack(stack), rich_set())


def test_a_stack_without_pins_has_a_roster_too(stack: Path) -> None:
    stack.write_text(rendered(stack_document(a_set(enabled=False))), encoding="utf-8")
    assert from_stack(stack).pins == ()


@pytest.mark.terraform
def test_a_plan_says_what_its_stack_says(offline_terraform: Terraform) -> None:
    # Nothing answers there; creating pins is planned without a call.
    offline_terraform.environment |= {
        "CLOUDSTACK_API_URL": "http://127.0.0.1:9/client/api",
        "CLOUDSTACK_API_KEY": "key",
        "CLOUDSTACK_SECRET_KEY": "secret",
    }
    offline_terraform.write(rich_set())
    offline_terraform.plan().checked()
    document = offline_terraform.show_json()
    assert_says(from_plan(document), rich_set())
    assert from_plan(document) == from_stack(offline_terraform.stack)


def in_a_module(document: dict[str, Any]) -> dict[str, Any]:
    root = document["planned_values"]["root_module"]
    root["child_modules"] = [{"resources": root.pop("resources")}]
    return document


def plan_of(stack: Path) -> dict[str, Any]:
    """A plan as small as one can be."""
    document = json.loads(stack.read_text(encoding="utf-8"))
    instances = document["resource"]["cloudstack_instance"]
    resources = [
        {"address": f"cloudstack_instance.{name}", "mode": "managed", "type": "cloudstack_instance", "values": body}
        for name, body in instances.items()
    ]
    return {"planned_values": {"outputs": document["output"], "root_module": {"resources": resources}}}


def test_pins_are_found_in_any_module_and_by_their_tags_alone(stack: Path) -> None:
    document = in_a_module(plan_of(stack))
    values = {"template": UBUNTU.id, "tags": {"cloudstack-pins/set": "sandbox"}}
    foreign = {"address": "cloudstack_instance.web", "type": "cloudstack_instance", "values": values}
    untagged = {"address": "cloudstack_instance.db", "type": "cloudstack_instance", "values": values | {"tags": None}}
    document["planned_values"]["root_module"]["resources"] = [foreign, untagged]
    assert len(from_plan(document).pins) == len(rich_set().pins)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="half"),
        pytest.param("[]", id="list"),
        pytest.param('{"resource": {}}', id="another stack"),
        pytest.param('{"output": {"roster": {"value": {"format": 2}}}}', id="later format"),
        pytest.param('{"output": {"roster": {"value": {"format": 1}}}}', id="incomplete"),
        pytest.param('{"output": {"roster": {"value": "text"}}}', id="text"),
        pytest.param('{"resource": [], "output": {"roster": {"value": {"format": 1}}}}', id="resources that are none"),
    ],
)
def test_a_file_that_is_no_stack_of_pins_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cdk.tf.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StackError, match=r"cdk\.tf\.json: "):
        from_stack(path)


def test_a_plan_file_of_terraform_is_told_how_to_show(tmp_path: Path) -> None:
    (tmp_path / "plan").write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(StackError, match="terraform show -json"):
        from_stack(tmp_path / "plan")


def test_a_missing_stack_is_told_how_to_make(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="synthesise the stack first"):
        from_stack(tmp_path / "cdk.tf.json")


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({}, id="empty"),
        pytest.param({"planned_values": {"outputs": {}}}, id="no roster"),
        pytest.param({"planned_values": None}, id="null"),
        pytest.param({"planned_values": {"outputs": {"roster": {"value": {"format": 7}}}}}, id="later format"),
        pytest.param({"planned_values": {"outputs": {"roster": {"sensitive": True}}}}, id="no value"),
    ],
)
def test_a_document_that_is_no_plan_of_pins_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(PlanError):
        from_plan(document)
