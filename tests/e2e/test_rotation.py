"""Another image, offering, tag or key under a set: new pins are active before old ones go; failures cost nothing."""

from __future__ import annotations

import pytest

from tests.e2e.declared_set import DeclaredSet, template
from tests.e2e.emulator_site import DEBIAN, EmulatorSite
from tests.e2e.order import first, gaps, last
from tests.e2e.site import Site

pytestmark = [pytest.mark.terraform, pytest.mark.live]


def gold(site: EmulatorSite, name: str) -> DeclaredSet:
    """A set of Debian on the two pools of gold, applied."""
    pins = site.new_set(
        name, {"debian-12": template(DEBIAN, "gold")}, storage_tags={"gold": {"service_offering": "pin-gold"}}
    )
    pins.apply().checked()
    assert pins.problems() == []
    return pins


def test_a_template_registered_again_rotates_make_before_break(site: Site) -> None:
    pins = site.new_set("rotation", {"first": template(site.templates[0], *site.storage_tags)})
    pins.apply().checked()
    old = pins.ids()

    site.renew(pins, "first")
    said = pins.lock()
    assert "first: " in said
    pins.apply().checked()

    assert pins.problems() == []
    assert set(pins.ids().values()) & set(old.values()) == set()
    pins.assert_clean()
    if site.emulator:
        trace = site.emulator.trace
        assert last(trace, "vm-assigned", pins.ids().values()) < first(trace, "vm-destroyed", old.values())
        assert gaps(trace, site.templates[0], owner="system") == []


@pytest.mark.emulator_only("starts fail on demand")
def test_an_activation_that_fails_midway_keeps_the_old_pins_and_the_next_apply_repairs(
    emulator_site: EmulatorSite,
) -> None:
    site, emulator = emulator_site, emulator_site.emulator
    pins = gold(site, "midway")
    old, before = pins.ids(), site.preference()
    site.renew(pins, "debian-12")
    pins.lock()
    emulator.fail("startVirtualMachine", after=1, count=1000, text="Unable to orchestrate the start")

    failed = pins.apply()

    assert not failed.ok
    assert "1 of 2 pins active, 1 failed" in failed.output
    assert "Unable to orchestrate the start" in failed.output
    assert "GiB" in failed.output, "it says what the old pins hold meanwhile"
    kept = {machine.id: machine for machine in pins.machines()}
    assert set(old.values()) < set(kept)
    roots = [pins.root(kept[machine_id]) for machine_id in old.values()]
    assert {root and (root.state, root.pool_name) for root in roots} == {("Ready", "PS0"), ("Ready", "PS1")}
    assert (site.preference(), site.lease_tags(pins)) == (before, {})

    site.heal()
    pins.apply().checked()

    assert pins.problems() == []
    pins.assert_clean()
    trace = emulator.trace
    assert last(trace, "vm-assigned", pins.ids().values()) < first(trace, "vm-destroyed", old.values())


@pytest.mark.emulator_only("starts fail on demand")
def test_a_rotation_that_failed_is_reverted_without_a_copy_and_without_a_gap(emulator_site: EmulatorSite) -> None:
    site, emulator = emulator_site, emulator_site.emulator
    pins = gold(site, "reverted")
    lock = pins.folder / "pins.lock.json"
    merged = lock.read_text(encoding="utf-8")
    site.renew(pins, "debian-12")
    pins.lock()
    emulator.fail("startVirtualMachine", count=1000)
    assert not pins.apply().ok
    site.heal()
    since = site.now

    lock.write_text(merged, encoding="utf-8")
    pins.write()
    pins.apply().checked()

    assert pins.problems() == []
    assert site.count("copy-began", since) == 0
    assert gaps(emulator.trace, DEBIAN, owner="system") == []
    pins.assert_clean()


def test_another_offering_and_another_tag_replace_pins_and_none_is_left_running(site: Site) -> None:
    tag = next(iter(site.storage_tags))
    offerings = [site.offering(name, tag) for name in ("one", "two")]
    pins = site.new_set(
        "offering",
        {"first": template(site.templates[0], tag)},
        storage_tags={tag: {"service_offering": offerings[0]}},
    )
    pins.apply().checked()
    old = pins.ids()

    pins.toml["storage_tags"][tag]["service_offering"] = offerings[1]
    pins.lock()
    pins.apply().checked()

    assert pins.problems() == []
    assert set(pins.ids().values()) & set(old.values()) == set()
    assert {machine.service_offering_name for machine in pins.machines()} == {offerings[1]}
    pins.assert_clean()
    if site.emulator:
        trace = site.emulator.trace
        assert last(trace, "vm-assigned", pins.ids().values()) < first(trace, "vm-destroyed", old.values())
        commands = {request.command for request in site.emulator.requests}
        assert "changeServiceForVirtualMachine" not in commands


@pytest.mark.emulator_only("a real pool's tags are not for tests to choose")
def test_a_stack_made_offering_given_another_tag_is_another_offering(emulator_site: EmulatorSite) -> None:
    site = emulator_site
    pins = site.new_set("retagged", {"debian-12": template(DEBIAN, "silver")}, storage_tags={"silver": {}})
    pins.apply().checked()
    old = pins.ids()

    pins.toml["storage_tags"] = {"bronze": {"formerly": ["silver"]}}
    pins.toml["templates"]["debian-12"]["storage_tags"] = ["bronze"]
    pins.lock()
    pins.apply().checked()

    assert pins.problems() == []
    assert [(pin.pool and pin.pool.name) for pin in pins.pins] == ["PS3"]
    assert set(pins.ids().values()) & set(old.values()) == set()
    made = [one for one in site.session.service_offerings(listall=True) if site.run_id in one.name]
    assert [set(one.storage_tags) for one in made] == [{"bronze"}]
    pins.assert_clean()


def test_a_renamed_key_keeps_its_pins_with_formerly_and_replaces_them_without(site: Site) -> None:
    tag = next(iter(site.storage_tags))
    one, two = site.templates[:2]
    pins = site.new_set("renamed", {"one": template(one, tag), "two": template(two, tag)})
    pins.apply().checked()
    before = pins.ids()
    since = len(site.emulator.trace) if site.emulator else 0

    pins.toml["templates"] = {"eins": template(one, tag, formerly=["one"]), "zwei": template(two, tag)}
    pins.lock()
    pins.apply().checked()

    assert pins.problems() == []
    after = pins.ids()
    assert {old.replace("one", "eins"): machine for old, machine in before.items() if "one" in old} == {
        key: machine for key, machine in after.items() if "eins" in key
    }
    assert not {machine for key, machine in after.items() if "zwei" in key} & set(before.values())
    pins.assert_clean()
    if site.emulator:
        new = {event.vm_id for event in site.emulator.trace[since:] if event.kind == "vm-starting"}
        assert new == {machine for key, machine in after.items() if "zwei" in key}, "what moved was not started again"
        assert gaps(site.emulator.trace, two, owner="system") == []
