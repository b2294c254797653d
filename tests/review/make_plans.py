"""Makes the plans in ``plans/made/`` by the real Terraform, the real provider and the emulator.

    .venv/bin/python -m tests.review.make_plans [NAME ...]
    TERRAFORM_BINARY_NAME=$(.venv/bin/python -m toolchain.tofu) .venv/bin/python -m tests.review.make_plans [NAME ...]

The second line makes those in ``plans/opentofu/``.

Ids of resources, deposed keys and the time, which differ from run to run, are replaced by stable ones, so that a plan
changes in git only where Terraform, the provider or the stack does.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cloudstack_emulator import Emulator
from cloudstack_pins.model import Activation, DeclaredTemplate, Pin
from tests.review.stable_plan import stable
from tests.review.workshop import Workshop
from tests.terraform_cli import Terraform

MADE = Path(__file__).parent / "plans" / "made"
OPENTOFU = Path(__file__).parent / "plans" / "opentofu"
HOSTILE = (
    "x|`</details>\n# @admin <img src=x onerror=alert(1)> [a](http://evil.example) **b** ${path.module} %{ if true }"
)


def first_apply(shop: Workshop) -> dict[str, Any]:
    return shop.plan(shop.pin_set())


def no_changes(shop: Workshop) -> dict[str, Any]:
    shop.apply()
    return shop.plan()


def rotation(shop: Workshop) -> dict[str, Any]:
    shop.register_again("Debian 12 (x86_64)")
    shop.apply()
    shop.newest = True
    return shop.plan(shop.pin_set())


def removal(shop: Workshop) -> dict[str, Any]:
    shop.apply()
    return shop.plan(shop.pin_set(shop.debian("gold")))


def pool_left_behind(shop: Workshop) -> dict[str, Any]:
    shop.apply()
    document = shop.document()
    del document["resource"]["cloudstack_instance"]["debian-12_gold_PS1"]
    _forget_references(document, "debian-12_gold_PS1")
    return shop.plan(document)


def in_place(shop: Workshop) -> dict[str, Any]:
    shop.apply()
    wanted: dict[str, Any] = {
        "cpunumber": "1",
        "cpuspeed": "200",
        "memory": "128",
        "storagetype": "shared",
        "tags": "gold",
    }
    made = shop.emulator.call("createServiceOffering", name="pin-gold-2", displaytext="pin-gold-2", **wanted)
    offering = made["serviceoffering"]["id"]
    shop.fresh.append(offering)
    document = shop.document()
    for name, body in document["resource"]["cloudstack_instance"].items():
        if "_gold_" in name:
            body["service_offering"] = offering
            del body["lifecycle"]["replace_triggered_by"]
    return shop.plan(document)


def gap(shop: Workshop) -> dict[str, Any]:
    shop.register_again("Debian 12 (x86_64)")
    shop.apply()
    shop.newest = True
    document = shop.document()
    for kind in document["resource"].values():
        for body in kind.values():
            body.get("lifecycle", {}).pop("create_before_destroy", None)
    return shop.plan(document)


def destroy(shop: Workshop) -> dict[str, Any]:
    shop.apply()
    return shop.plan(None, "-destroy")


def lost_outside(shop: Workshop) -> dict[str, Any]:
    shop.apply()
    rows = shop.emulator.call("listVirtualMachines", listall="true")["virtualmachine"]
    lost = next(row for row in rows if row["displayname"] == "pin debian-12 on gold/PS1")
    shop.emulator.call("destroyVirtualMachine", id=lost["id"], expunge="true")
    return shop.plan()


def deposed(shop: Workshop) -> dict[str, Any]:
    shop.register_again("Debian 12 (x86_64)")
    shop.apply()
    shop.newest = True
    shop.terraform.write(shop.pin_set())
    shop.emulator.fail("startVirtualMachine", count=1000, text="Unable to orchestrate the start")
    assert not shop.terraform.apply().ok
    return shop.plan()


def tainted(shop: Workshop) -> dict[str, Any]:
    shop.apply()
    shop.terraform.run("taint", "cloudstack_instance.debian-12_gold_PS0").checked()
    return shop.plan()


def forget(shop: Workshop) -> dict[str, Any]:
    shop.apply()
    document = shop.document()
    del document["resource"]["cloudstack_instance"]["ubuntu-24-04_gold_PS1"]
    _forget_references(document, "ubuntu-24-04_gold_PS1")
    document["removed"] = [{"from": "cloudstack_instance.ubuntu-24-04_gold_PS1", "lifecycle": {"destroy": False}}]
    return shop.plan(document)


def imported(shop: Workshop) -> dict[str, Any]:
    shop.apply(shop.pin_set(shop.ubuntu()))
    shop.terraform.run("state", "rm", "cloudstack_instance.ubuntu-24-04_gold_PS0").checked()
    rows = shop.emulator.call("listVirtualMachines", listall="true")["virtualmachine"]
    machine = next(row for row in rows if row["displayname"] == "pin ubuntu-24-04 on gold/PS0")
    document = shop.document(shop.pin_set(shop.ubuntu()))
    document["import"] = [{"to": "cloudstack_instance.ubuntu-24-04_gold_PS0", "id": machine["id"]}]
    body = document["resource"]["cloudstack_instance"]["ubuntu-24-04_gold_PS0"]
    body["lifecycle"]["ignore_changes"] = ["boot_mode", "uefi", "start_vm", "template", "zone", "service_offering"]
    return shop.plan(document)


def moved(shop: Workshop) -> dict[str, Any]:
    shop.apply(shop.pin_set(shop.debian("gold", key="debian"), shop.ubuntu()))
    return shop.plan(shop.pin_set(shop.debian("gold", formerly=("debian",)), shop.ubuntu()))


def renamed_without_moved(shop: Workshop) -> dict[str, Any]:
    shop.apply(shop.pin_set(shop.debian("gold", key="debian"), shop.ubuntu()))
    return shop.plan(shop.pin_set(shop.debian("gold"), shop.ubuntu()))


def module(shop: Workshop) -> dict[str, Any]:
    document = shop.document()
    inner = {key: document[key] for key in ("resource", "output")}
    required = {"required_providers": document["terraform"]["required_providers"]}
    folder = shop.terraform.folder / "pins"
    folder.mkdir()
    (folder / "main.tf.json").write_text(json.dumps({"terraform": required, **inner}), encoding="utf-8")
    outer = {
        "terraform": document["terraform"],
        "provider": document["provider"],
        "module": {"pins": {"source": "./pins"}},
    }
    return shop.plan(outer)


def for_each(shop: Workshop) -> dict[str, Any]:
    """A stack that this library has not made: one resource with for_each, known by its tags, without a roster."""
    pins = {pin.key: pin for pin in shop.pin_set(shop.ubuntu()).current}
    document = shop.document(shop.pin_set(shop.ubuntu()))
    body = _instance("${each.value.display_name}", next(iter(pins.values())))
    body |= {"for_each": {key: {"display_name": p.display_name, "tags": p.tags} for key, p in pins.items()}}
    body |= {"tags": "${each.value.tags}"}
    document["resource"] = {"cloudstack_instance": {"pin": body}}
    del document["output"]
    return shop.plan(document)


def foreign(shop: Workshop) -> dict[str, Any]:
    document = shop.document()
    document["resource"]["terraform_data"]["unrelated"] = {"input": "nothing to do with pins"}
    document["resource"]["cloudstack_affinity_group"] = {"apart": {"name": "apart", "type": "host anti-affinity"}}
    pin = shop.pin_set().current[0]
    half = _instance("half", pin)
    half["tags"] = {"cloudstack-pins/set": "sandbox"}
    document["resource"]["cloudstack_instance"]["half"] = half
    plain = _instance("a VM of somebody", pin)
    plain["tags"] = {"team": "web"}
    document["resource"]["cloudstack_instance"]["web"] = plain
    return shop.plan(document)


def sensitive(shop: Workshop) -> dict[str, Any]:
    document = shop.document()
    document["variable"] = {"secret": {"sensitive": True, "default": "hunter2-template"}}
    body = document["resource"]["cloudstack_instance"]["ubuntu-24-04_gold_PS0"]
    body["tags"]["cloudstack-pins/template"] = "${var.secret}"
    body["template"] = "${var.secret}"
    document["output"]["pins"]["sensitive"] = True
    return shop.plan(document)


def hostile(shop: Workshop) -> dict[str, Any]:
    template = replace(shop.debian().template, key=HOSTILE, name=HOSTILE)
    declared = DeclaredTemplate(template=template, storage_tags=("gold",))
    whole = shop.pin_set(declared, shop.ubuntu())
    gold = whole.storage_tags["gold"]
    pools = tuple(replace(pool, name=f"{pool.name} {HOSTILE}") for pool in gold.pools)
    return shop.plan(replace(whole, storage_tags={**whole.storage_tags, "gold": replace(gold, pools=pools)}))


def two_locks_kept(shop: Workshop) -> dict[str, Any]:
    shop.register_again("Ubuntu 24.04 (x86_64)")
    mode = Activation(mode="run-task")
    before = shop.pin_set(shop.ubuntu(), activation=mode)
    shop.apply(before)
    shop.newest = True
    after = shop.pin_set(shop.ubuntu(), activation=mode)
    sides = frozenset(pin.base_key for pin in after.current)
    previous = tuple(replace(pin, previous=True) for pin in before.current)
    return shop.plan(replace(after, sides=sides, previous=previous))


def two_locks_not_kept(shop: Workshop) -> dict[str, Any]:
    shop.register_again("Ubuntu 24.04 (x86_64)")
    mode = Activation(mode="none")
    shop.apply(shop.pin_set(shop.ubuntu(), activation=mode))
    shop.newest = True
    return shop.plan(shop.pin_set(shop.ubuntu(), activation=mode))


def targeted(shop: Workshop) -> dict[str, Any]:
    return shop.plan(shop.pin_set(), "-target=cloudstack_instance.debian-12_gold_PS0")


SCENARIOS: dict[str, Callable[[Workshop], dict[str, Any]]] = {
    scenario.__name__.replace("_", "-"): scenario
    for scenario in (
        first_apply, no_changes, rotation, removal, pool_left_behind, in_place, gap, destroy, lost_outside, deposed,
        tainted, forget, imported, moved, renamed_without_moved, module, for_each, foreign, sensitive, hostile,
        two_locks_kept, two_locks_not_kept, targeted,
    )
}  # fmt: skip
"""Every plan that is made, by its file's name."""


def make(name: str, folder: Path, settings: Mapping[str, str]) -> str:
    """Make one plan in an empty folder and return its JSON text."""
    with Emulator() as emulator:
        terraform = Terraform(folder, {**settings, **emulator.environment()})
        shop = Workshop(emulator, terraform)
        return stable(SCENARIOS[name](shop), shop.fresh)


def _instance(display_name: str, pin: Pin) -> dict[str, Any]:
    return {
        "display_name": display_name,
        "expunge": True,
        "network_id": pin.network_id,
        "service_offering": pin.storage_tag.service_offering_id,
        "start_vm": False,
        "template": pin.template.id,
        "zone": pin.zone_id,
        "lifecycle": {"create_before_destroy": True},
    }


def _forget_references(document: dict[str, Any], key: str) -> None:
    """Take a pin out of everything that names it."""
    for role in ("pin_activation", "pin_confirmation"):
        body = document["resource"]["terraform_data"][role]
        body["triggers_replace"].get("pins", {}).pop(key, None)
        if "depends_on" in body:
            body["depends_on"] = [name for name in body["depends_on"] if not name.endswith(f".{key}")]
    document["output"]["pins"]["value"].pop(key, None)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "stack"
        folder.mkdir()
        yield folder


def main(names: list[str]) -> None:
    """Make the named plans, or all."""
    from tests.terraform_cli import settings_for_terraform

    settings = settings_for_terraform()
    made = OPENTOFU if Path(settings.get("TERRAFORM_BINARY_NAME", "terraform")).name == "tofu" else MADE
    made.mkdir(parents=True, exist_ok=True)
    for name in names or sorted(SCENARIOS):
        with _folder() as folder:
            (made / f"{name}.json").write_text(make(name, folder, settings), encoding="utf-8")
        print(name, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
