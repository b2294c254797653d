from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudstack_pins.errors import ExpansionError
from cloudstack_pins.expansion import ACTIVATE, expand
from cloudstack_pins.model import Activation, Mode, OfferingSpec, Owner, PinSet, StorageTag, Template
from cloudstack_pins.plain import plain
from cloudstack_pins.stack_document import stack_document
from cloudstack_pins.terraform_json import plain_value, rendered
from cloudstack_pins.terraform_settings import Backend, Cloud
from tests.expansion.sets import (
    ANY,
    DEBIAN,
    GOLD,
    LOCAL,
    PS0,
    PS1,
    PS2,
    SILVER,
    UBUNTU,
    ZONEWIDE,
    a_set,
    an_id,
    declared,
    kept,
)

GOLDEN = Path(__file__).parent / "golden"


def rich_set() -> PinSet:
    """Everything that an expansion can hold, at once."""
    plain = a_set(
        declared(DEBIAN, "gold", "silver", formerly=("debian",)),
        declared(UBUNTU, "any", "local", "zonewide"),
        tags=(
            replace(GOLD, formerly=("golden",)),
            SILVER,
            ANY,
            StorageTag(name="local", pools=(LOCAL,), spec=OfferingSpec(storage_type="local")),
            StorageTag(name="zonewide", pools=(ZONEWIDE,), service_offering_id=an_id(33)),
        ),
        sides=frozenset({"debian-12_silver_PS2"}),
    )
    rotated = next(pin for pin in plain.current if pin.side == "b")
    return replace(plain, previous=(kept(rotated, template=replace(DEBIAN, id=an_id(43))),))


def resources(pin_set: PinSet, kind: str) -> dict[str, Any]:
    return dict(expand(pin_set)["resource"].get(kind, {}))


@pytest.mark.parametrize(
    ("name", "document"),
    [
        pytest.param("rich.json", lambda: stack_document(rich_set()), id="everything"),
        pytest.param(
            "cloud.json",
            lambda: stack_document(
                a_set(declared(DEBIAN, "any"), tags=(ANY,), owner=Owner(), activation=Activation(mode="run-task")),
                terraform=Cloud(organization="example", workspace="pins"),
            ),
            id="run task in a workspace",
        ),
        pytest.param(
            "disabled.json",
            lambda: stack_document(
                a_set(enabled=False), terraform=Backend(type="s3", settings={"bucket": "pins", "use_lockfile": True})
            ),
            id="disabled set in a bucket",
        ),
    ],
)
def test_a_set_expands_to_its_golden_document(name: str, document: Callable[[], dict[str, Any]]) -> None:
    text = rendered(document())
    if os.environ.get("UPDATE_GOLDEN"):
        (GOLDEN / name).write_text(text, encoding="utf-8")
    assert text == (GOLDEN / name).read_text(encoding="utf-8")


def test_a_pin_is_a_stopped_vm_without_a_name_that_only_its_inputs_replace() -> None:
    pin = resources(a_set(), "cloudstack_instance")["debian-12_gold_PS1"]
    assert pin == {
        "display_name": "pin debian-12 on gold/PS1",
        "expunge": True,
        "network_id": an_id(92),
        "service_offering": an_id(31),
        "start_vm": False,
        "tags": {
            "cloudstack-pins/pool": "PS1",
            "cloudstack-pins/revision": pin["tags"]["cloudstack-pins/revision"],
            "cloudstack-pins/set": "sandbox",
            "cloudstack-pins/storage-tag": "gold",
            "cloudstack-pins/template": "debian-12",
        },
        "template": DEBIAN.id,
        "zone": an_id(91),
        "lifecycle": {
            "create_before_destroy": True,
            "ignore_changes": ["boot_mode", "uefi"],
            "replace_triggered_by": ["terraform_data.offering_gold", "terraform_data.pool_gold_PS1"],
        },
    }


def replacing_inputs(pin_set: PinSet, key: str) -> dict[str, Any]:
    """Return what of a pin Terraform replaces it for: arguments that force it, and inputs of what triggers it."""
    found = expand(pin_set)["resource"]
    pin = found["cloudstack_instance"][key]
    names = [address.partition(".")[2] for address in pin["lifecycle"]["replace_triggered_by"]]
    forced = {name: pin[name] for name in ("template", "zone", "network_id", "start_vm")}
    made = found.get("cloudstack_service_offering_fixed", {})
    return forced | {name: found["terraform_data"][name]["input"] for name in names} | {"made": made}


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(a_set(declared(replace(DEBIAN, id=an_id(77)), "gold")), id="template"),
        pytest.param(replace(a_set(declared(DEBIAN, "gold")), zone_id=an_id(77)), id="zone"),
        pytest.param(replace(a_set(declared(DEBIAN, "gold")), network_id=an_id(77)), id="network"),
        pytest.param(
            a_set(declared(DEBIAN, "gold"), tags=(replace(GOLD, service_offering_id=an_id(77)),)), id="offering"
        ),
        pytest.param(
            a_set(declared(DEBIAN, "gold"), tags=(replace(GOLD, service_offering_id=None),)), id="stack-made offering"
        ),
        pytest.param(
            a_set(declared(DEBIAN, "gold"), tags=(replace(GOLD, pools=(replace(PS0, id=an_id(77)),)),)), id="pool"
        ),
    ],
)
def test_whatever_changes_the_revision_replaces_the_vm(changed: PinSet) -> None:
    key, original = "debian-12_gold_PS0", a_set(declared(DEBIAN, "gold"))
    revisions = [
        resources(one, "cloudstack_instance")[key]["tags"]["cloudstack-pins/revision"] for one in (original, changed)
    ]
    assert revisions[0] != revisions[1]
    assert replacing_inputs(original, key) != replacing_inputs(changed, key)


def test_a_new_name_or_size_changes_no_pin() -> None:
    renamed = replace(DEBIAN, name="Debian twelve", size=1)
    assert resources(a_set(declared(renamed, "gold")), "cloudstack_instance") == resources(
        a_set(declared(DEBIAN, "gold")), "cloudstack_instance"
    )


def test_a_stack_made_offering_is_another_one_when_its_tag_changes() -> None:
    found = expand(a_set(declared(DEBIAN, "silver"), tags=(SILVER,)))["resource"]
    offering = found["cloudstack_service_offering_fixed"]["silver"]
    assert offering["offer_ha"] is False
    assert offering["disk_offering"]["storage_tags"] == "silver"
    assert offering["lifecycle"] == {
        "create_before_destroy": True,
        "ignore_changes": ["disk_offering_id"],
        "replace_triggered_by": ["terraform_data.storage_tag_silver"],
    }
    assert found["terraform_data"]["storage_tag_silver"] == {"input": "silver"}
    assert found["terraform_data"]["offering_silver"] == {"input": "${cloudstack_service_offering_fixed.silver.id}"}
    assert found["cloudstack_instance"]["debian-12_silver_PS2"]["service_offering"] == (
        "${cloudstack_service_offering_fixed.silver.id}"
    )


def test_activation_and_confirmation_follow_all_pins_and_run_one_command() -> None:
    pin_set = a_set()
    data = resources(pin_set, "terraform_data")
    addresses = [pin.address for pin in pin_set.pins]
    activation, confirmation = data["pin_activation"], data["pin_confirmation"]
    assert activation["depends_on"] == addresses
    assert confirmation["depends_on"] == ["terraform_data.pin_activation", *addresses]
    ids = {pin.key: f"${{{pin.address}.id}}" for pin in pin_set.pins}
    assert activation["triggers_replace"]["pins"] == ids
    assert confirmation["triggers_replace"] == {"activation": "${terraform_data.pin_activation.id}", "pins": ids}
    for one in (activation, confirmation):
        assert one["provisioner"] == [{"local-exec": {"command": ACTIVATE}}]
    assert ACTIVATE == "cloudstack-pins activate cdk.tf.json || exit 1"


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(a_set(owner=Owner()), id="owner"),
        pytest.param(a_set(tags=(replace(GOLD, pools=(replace(PS0, id=an_id(77)), PS1)), SILVER, ANY)), id="pool"),
        pytest.param(a_set(tags=(replace(GOLD, service_offering_id=an_id(77)), SILVER, ANY)), id="offering"),
        pytest.param(a_set(declared(DEBIAN, "gold")), id="pins"),
    ],
)
def test_activation_runs_again_when_something_of_it_changes(changed: PinSet) -> None:
    before, after = (resources(one, "terraform_data")["pin_activation"] for one in (a_set(), changed))
    assert before["triggers_replace"] != after["triggers_replace"]


@pytest.mark.parametrize("mode", ["run-task", "none"])
def test_other_modes_leave_activation_to_others(mode: Mode) -> None:
    data = resources(a_set(activation=Activation(mode=mode)), "terraform_data")
    assert not {"pin_activation", "pin_confirmation"} & set(data)
    assert resources(a_set(activation=Activation(mode=mode)), "cloudstack_instance")


@pytest.mark.parametrize(
    "without_pins",
    [
        pytest.param(a_set(enabled=False), id="disabled"),
        pytest.param(replace(a_set(), templates=()), id="last template removed"),
    ],
)
def test_a_set_without_pins_keeps_all_but_pins_and_activation(without_pins: PinSet) -> None:
    before, after = expand(a_set())["resource"], expand(without_pins)["resource"]
    assert "cloudstack_instance" not in after
    assert after["cloudstack_service_offering_fixed"] == before["cloudstack_service_offering_fixed"]
    assert set(before["terraform_data"]) - set(after["terraform_data"]) == {"pin_activation", "pin_confirmation"}


def test_names_for_people_are_as_long_as_cloudstacks_tables_hold() -> None:
    long = replace(SILVER, name="s" * 250)
    found = a_set(declared(replace(DEBIAN, key="d" * 250), "s" * 250), tags=(long,))
    [pin] = resources(found, "cloudstack_instance").values()
    [offering] = resources(found, "cloudstack_service_offering_fixed").values()
    assert {len(pin["display_name"]), len(offering["name"]), len(offering["display_text"])} == {255}


def test_what_a_rotation_keeps_stays_untouched_at_its_own_side() -> None:
    pin_set = rich_set()
    pins = resources(pin_set, "cloudstack_instance")
    old, new = pins["debian-12_silver_PS2"], pins["debian-12_silver_PS2_b"]
    assert (old["template"], new["template"]) == (an_id(43), DEBIAN.id)
    assert "replace_triggered_by" not in old["lifecycle"]
    assert "service_offering" in old["lifecycle"]["ignore_changes"]
    assert expand(pin_set)["output"]["roster"]["value"]["previous"] == ["cloudstack_instance.debian-12_silver_PS2"]


def test_the_stack_made_offering_of_what_a_rotation_keeps_stays_too() -> None:
    made = StorageTag(name="gold", pools=(PS0,))
    before = a_set(declared(DEBIAN, "gold"), tags=(made,))
    after = a_set(
        declared(DEBIAN, "gold"),
        tags=(replace(made, service_offering_id=an_id(31)),),
        previous=tuple(replace(pin, side="b", previous=True) for pin in before.current),
    )
    found = expand(after)["resource"]
    assert found["cloudstack_service_offering_fixed"] == expand(before)["resource"]["cloudstack_service_offering_fixed"]
    assert found["terraform_data"]["offering_gold"] == {"input": an_id(31)}


def keyed(key: str) -> Template:
    return replace(DEBIAN, key=key)


COLLIDING_TAGS = (ANY, replace(GOLD, name="x y"), replace(GOLD, name="x?y"))
COLLIDING_POOLS = (ANY, GOLD, replace(SILVER, pools=(replace(PS2, key="PS0"),)))
JOINED_TAGS = (replace(GOLD, name="b_c"), replace(GOLD, name="c"))


@pytest.mark.parametrize(
    "colliding",
    [
        pytest.param(a_set(declared(keyed("a b"), "gold"), declared(keyed("a?b"), "gold")), id="templates"),
        pytest.param(
            a_set(declared(keyed("a"), "b_c"), declared(keyed("a_b"), "c"), tags=JOINED_TAGS), id="template and tag"
        ),
        pytest.param(a_set(declared(DEBIAN, "any"), tags=COLLIDING_TAGS), id="tags"),
        pytest.param(a_set(declared(DEBIAN, "any"), tags=COLLIDING_POOLS), id="pools"),
    ],
)
def test_two_things_never_become_one_resource(colliding: PinSet) -> None:
    with pytest.raises(ExpansionError, match=r"both (become|have)"):
        expand(colliding)


@given(st.text(min_size=1), st.text(min_size=1))
def test_text_from_outside_is_never_an_expression(name: str, account: str) -> None:
    template = Template(key="debian", id=DEBIAN.id, name=name)
    pin_set = a_set(declared(template, "gold"), owner=Owner(account=account, domain_id=an_id(93)))
    value = expand(pin_set)["output"]["roster"]["value"]
    assert plain_value(value)["templates"][DEBIAN.id]["name"] == plain(name)
    assert plain_value(value)["owner"]["account"] == account
    assert "${" not in json.dumps(value).replace("$${", "")
    assert "%{" not in json.dumps(value).replace("%%{", "")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("Debian 12 (x86_64) ä 模板", "Debian 12 (x86_64) ä 模板", id="ordinary"),
        pytest.param("a\r\n::error::b", "a\\r\\n:\\x3aerror::b", id="lines"),
        pytest.param("a\x1b]0;b\x07", "a\\x1b]0;b\\x07", id="terminal"),
        pytest.param("a\u202egnp.exe", "a\\u202egnp.exe", id="direction"),
    ],
)
def test_names_in_the_roster_are_plain_for_terraform_prints_it(name: str, shown: str) -> None:
    tag = replace(GOLD, pools=(replace(PS0, name=name),))
    pin_set = a_set(declared(replace(DEBIAN, name=name), "gold"), tags=(tag,))
    value = expand(pin_set)["output"]["roster"]["value"]
    assert value["pools"]["PS0"]["name"] == value["templates"][DEBIAN.id]["name"] == shown


def test_the_same_set_gives_the_same_bytes_whatever_the_order_of_its_parts() -> None:
    one = a_set(declared(DEBIAN, "gold", "silver"), declared(UBUNTU, "any"), tags=(GOLD, SILVER, ANY))
    other = a_set(declared(UBUNTU, "any"), declared(DEBIAN, "silver", "gold"), tags=(ANY, SILVER, GOLD))
    assert rendered(stack_document(one)) == rendered(stack_document(other))
