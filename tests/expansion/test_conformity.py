"""What is synthesised against what provider cloudstack/cloudstack 0.6.0 says of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cloudstack_pins.model import PinSet
from cloudstack_pins.stack_document import stack_document
from cloudstack_pins.terraform_settings import Backend, Cloud
from tests.expansion.sets import ANY, DEBIAN, a_set, declared
from tests.expansion.test_expansion import rich_set
from tests.terraform_cli import Terraform

SCHEMA = json.loads((Path(__file__).parent / "data" / "provider-cloudstack-0.6.0.json").read_text(encoding="utf-8"))
META_ARGUMENTS = {"depends_on", "lifecycle", "provisioner", "provider", "count", "for_each"}
SETS = [
    pytest.param(rich_set(), id="everything"),
    pytest.param(a_set(), id="two templates"),
    pytest.param(a_set(enabled=False), id="disabled"),
    pytest.param(a_set(declared(DEBIAN, "any"), tags=(ANY,)), id="any pool"),
]


def unfit(body: dict[str, Any], attributes: dict[str, Any], where: str) -> list[str]:
    """Return where a body is not what the schema's attributes say."""
    found = [
        f"{where}: {name} is missing" for name, one in attributes.items() if one.get("required") and name not in body
    ]
    for name, value in body.items():
        if name in META_ARGUMENTS:
            continue
        attribute = attributes.get(name)
        if attribute is None or not (attribute.get("required") or attribute.get("optional")):
            found.append(f"{where}: {name} cannot be set")
        elif "nested_type" in attribute:
            found += unfit(value, attribute["nested_type"]["attributes"], f"{where}.{name}")
        elif not fits(value, attribute["type"]):
            found.append(f"{where}: {name} is no {attribute['type']}")
    return found


def fits(value: Any, kind: Any) -> bool:
    if isinstance(kind, list):
        inner = value.values() if kind[0] == "map" and isinstance(value, dict) else value
        return isinstance(value, dict if kind[0] == "map" else list) and all(fits(one, kind[1]) for one in inner)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, bool if kind == "bool" else str)


@pytest.mark.parametrize("pin_set", SETS)
def test_every_resource_fits_the_providers_schema(pin_set: PinSet) -> None:
    (provider,) = SCHEMA["provider_schemas"].values()
    found = [
        problem
        for kind, named in stack_document(pin_set)["resource"].items()
        if kind != "terraform_data"
        for name, body in named.items()
        for problem in unfit(body, provider["resource_schemas"][kind]["block"]["attributes"], f"{kind}.{name}")
    ]
    assert found == []


def test_the_check_itself_finds_what_does_not_fit() -> None:
    (provider,) = SCHEMA["provider_schemas"].values()
    attributes = provider["resource_schemas"]["cloudstack_instance"]["block"]["attributes"]
    body = {"service_offering": "a", "template": 1, "zone": "b", "start_vm": "no", "unknown": 1, "tags": {"a": 1}}
    assert len(unfit(body, attributes, "x")) == 4
    assert len(unfit({}, attributes, "x")) == 3


@pytest.mark.terraform
@pytest.mark.parametrize("pin_set", SETS)
def test_terraform_validates_the_document(pin_set: PinSet, offline_terraform: Terraform) -> None:
    offline_terraform.write(pin_set)
    offline_terraform.validate().checked()


@pytest.mark.terraform
@pytest.mark.parametrize(
    "terraform",
    [
        pytest.param(None, id="file beside the project"),
        pytest.param(Backend(type="local", settings={"path": "a.tfstate"}), id="local"),
        pytest.param(Backend(type="http", settings={"address": "http://127.0.0.1:9/state"}), id="http"),
        pytest.param(Cloud(organization="example", workspace="pins", hostname="tfe.example.org"), id="cloud"),
    ],
)
def test_terraform_knows_the_place_of_the_state(
    terraform: Backend | Cloud | None, offline_terraform: Terraform
) -> None:
    offline_terraform.write(stack_document(a_set(), terraform=terraform))
    offline_terraform.run("init", "-no-color", "-backend=false").checked()
    offline_terraform.run("validate", "-no-color").checked()
