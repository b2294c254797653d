"""A set from its first apply to its end: what is declared is active, and nothing else stays."""

from __future__ import annotations

import pytest

from cloudstack_emulator import Emulator
from cloudstack_pins.status import sources
from tests.e2e.declared_set import DeclaredSet, template
from tests.e2e.emulator_site import DEBIAN, ROCKY, EmulatorSite
from tests.e2e.order import first
from tests.e2e.site import Site

pytestmark = [pytest.mark.terraform, pytest.mark.live]


def states(pins: DeclaredSet, site: Site) -> set[str]:
    """What ``status`` says of the set's pins."""
    return {str(pin.state) for pin in sources.read(pins.folder).report(site.session).pins}


def pools_with_copies(emulator: Emulator, name: str) -> set[str]:
    return {copy.pool_name for copy in emulator.copies(name)}


def test_from_the_first_apply_to_destroy(site: Site) -> None:
    before = site.preference()
    templates = {"first": template(site.templates[0], *site.storage_tags)}
    if site.uefi_template:
        templates["uefi"] = template(site.uefi_template, next(iter(site.storage_tags)))
    pins = site.new_set("life", templates)

    pins.apply().checked()

    assert pins.problems() == []
    assert states(pins, site) == {"active"}
    assert (site.preference(), site.lease_tags(pins)) == (before, {})
    pins.assert_clean()

    site.let_garbage_collection_pass()
    assert pins.problems() == []
    pins.assert_clean()

    pins.terraform.destroy().checked()
    assert pins.machines() == []
    assert [one.name for one in site.session.service_offerings(listall=True) if site.run_id in one.name] == []


@pytest.mark.emulator_only("CloudStack does not tell which copies are on a pool")
def test_a_tag_over_two_clusters_keeps_a_copy_on_each_pool_and_garbage_collection_takes_the_others(
    emulator_site: EmulatorSite,
) -> None:
    emulator = emulator_site.emulator
    offering = emulator_site.offering("wide", "wide")
    pins = emulator_site.new_set(
        "wide",
        {"debian-12": template(DEBIAN, "wide"), "rocky-9": template(ROCKY, "wide")},
        storage_tags={"wide": {"service_offering": offering}},
    )
    pins.apply().checked()
    assert pins.problems() == []
    every = {"PS0", "PS1", "PS2", "PS3"}
    assert pools_with_copies(emulator, DEBIAN) == pools_with_copies(emulator, ROCKY) == every

    del pins.toml["templates"]["rocky-9"]
    pins.lock()
    pins.apply().checked()

    assert pins.problems() == []
    assert {machine.template_name for machine in pins.machines()} == {DEBIAN}
    emulator_site.let_garbage_collection_pass()
    assert pools_with_copies(emulator, DEBIAN) == every
    assert pools_with_copies(emulator, ROCKY) == set()


def test_what_is_switched_off_or_no_longer_declared_goes_and_nothing_else(site: Site) -> None:
    tag = next(iter(site.storage_tags))
    declared = {"first": template(site.templates[0], tag)}
    pins = site.new_set("leaving", declared, storage_tags={tag: site.storage_tags[tag]})
    neighbour = site.new_set("staying", declared, storage_tags={tag: site.storage_tags[tag]})
    pins.apply().checked()
    neighbour.apply().checked()
    stays = neighbour.ids()

    pins.toml["enabled"] = False
    pins.lock()
    plan = pins.terraform.plan().checked()
    removals = [
        change for change in pins.terraform.show_json()["resource_changes"] if change["change"]["actions"] != ["no-op"]
    ]
    assert {tuple(change["change"]["actions"]) for change in removals} == {("delete",)}, plan.output
    pins.apply().checked()
    assert pins.machines() == []

    pins.toml["enabled"] = True
    pins.lock()
    pins.apply().checked()
    assert pins.problems() == []

    pins.toml["templates"] = {}
    pins.lock()
    pins.apply().checked()
    assert pins.machines() == []
    pins.assert_clean()
    assert neighbour.ids() == stays
    assert neighbour.problems() == []


def test_a_pin_destroyed_behind_terraforms_back_and_a_tainted_one_are_made_again(site: Site) -> None:
    tag = next(iter(site.storage_tags))
    pins = site.new_set("repair", {key: template(name, tag) for key, name in zip("ab", site.templates, strict=False)})
    pins.apply().checked()
    before = pins.ids()
    destroyed = next(pin for pin in pins.pins if pin.template.key == "a")
    tainted = next(pin for pin in pins.pins if pin.template.key == "b")

    site.expunge(before[destroyed.key])
    pins.terraform.run("taint", tainted.address).checked()
    pins.apply().checked()

    assert pins.problems() == []
    after = pins.ids()
    assert {key for key in before if after[key] != before[key]} == {destroyed.key, tainted.key}
    pins.assert_clean()
    if site.emulator:
        trace = site.emulator.trace
        assert first(trace, "vm-assigned", [after[tainted.key]]) < first(trace, "vm-destroyed", [before[tainted.key]])
