from __future__ import annotations

from datetime import date

import pytest

from cloudstack_pins import declaration, lock, pin_set
from cloudstack_pins.bootstrap import execute, observe, steps_for
from cloudstack_pins.cloudstack import Session
from cloudstack_pins.expansion import expand
from tests.lock.pinned_set import PinnedSet

DEBIAN = "Debian 12 (x86_64)"
BY_TWO_LOCKS = '\n[activation]\nmode = "run-task"\n'
SOAK = '\n[rotation]\nkeep_previous = "7d"\n'


def begin(pinned: PinnedSet, addition: str) -> str:
    """Lock, apply and activate the first revision; return its template's id."""
    pinned.declare((pinned.folder / "pins.toml").read_text(encoding="utf-8") + addition)
    pinned.lock()
    pinned.apply()
    pinned.activate()
    return pinned.pins[0].template.id


def bytes_of(pinned: PinnedSet) -> bytes:
    return (pinned.folder / "pins.lock.json").read_bytes()


@pytest.mark.parametrize("mode", ["run-task", "none"])
def test_a_rotation_keeps_the_old_pin_until_the_new_one_is_active(pinned: PinnedSet, mode: str) -> None:
    old = begin(pinned, f'\n[activation]\nmode = "{mode}"\n')
    new = pinned.emulator.register_template(DEBIAN)

    first = pinned.lock()
    assert pinned.keys == [
        f"debian-12_gold_PS0 {old} previous",
        f"debian-12_gold_PS0_b {new}",
        f"debian-12_gold_PS1 {old} previous",
        f"debian-12_gold_PS1_b {new}",
    ]
    assert "debian-12 on gold/PS0: the previous pin is kept until the new one is active" in first.changes

    pinned.apply()
    before = bytes_of(pinned)
    pinned.lock()
    assert bytes_of(pinned) == before, "not active yet: nothing changes"

    pinned.activate()
    second = pinned.lock()
    assert pinned.keys == [f"debian-12_gold_PS0_b {new}", f"debian-12_gold_PS1_b {new}"]
    assert "debian-12 on gold/PS0: the previous pin leaves" in second.changes
    pinned.apply()
    assert pinned.lock().changes == ()


def test_the_third_revision_comes_back_to_the_first_side(pinned: PinnedSet) -> None:
    begin(pinned, BY_TWO_LOCKS)
    second = pinned.emulator.register_template(DEBIAN)
    pinned.lock()
    pinned.apply()
    pinned.activate()
    pinned.lock()
    third = pinned.emulator.register_template(DEBIAN)

    pinned.lock()

    assert pinned.keys[:2] == [f"debian-12_gold_PS0 {third}", f"debian-12_gold_PS0_b {second} previous"]


def test_a_newer_revision_replaces_one_that_never_was_active(pinned: PinnedSet) -> None:
    first = begin(pinned, BY_TWO_LOCKS)
    pinned.emulator.register_template(DEBIAN)
    pinned.lock()
    pinned.apply()
    third = pinned.emulator.register_template(DEBIAN)

    pinned.lock()

    assert pinned.keys[:2] == [f"debian-12_gold_PS0 {first} previous", f"debian-12_gold_PS0_b {third}"]


def test_an_active_revision_becomes_the_previous_one_of_a_newer(pinned: PinnedSet) -> None:
    begin(pinned, BY_TWO_LOCKS)
    second = pinned.emulator.register_template(DEBIAN)
    pinned.lock()
    pinned.apply()
    pinned.activate()
    third = pinned.emulator.register_template(DEBIAN)

    pinned.lock()

    assert pinned.keys[:2] == [f"debian-12_gold_PS0 {third}", f"debian-12_gold_PS0_b {second} previous"]


def test_going_back_to_the_previous_revision_replaces_no_vm(pinned: PinnedSet) -> None:
    old = begin(pinned, BY_TWO_LOCKS)
    pinned.emulator.register_template(DEBIAN)
    pinned.lock()
    pinned.apply()
    machines = {vm.id: vm.tags["cloudstack-pins/revision"] for vm in pinned.session.virtual_machines(listall=True)}
    text = (pinned.folder / "pins.toml").read_text(encoding="utf-8")
    pinned.declare(text.replace(f'template = "{DEBIAN}"', f'template_id = "{old}"'))

    found = pinned.lock()

    assert pinned.keys == [f"debian-12_gold_PS0 {old}", f"debian-12_gold_PS1 {old}"]
    assert "debian-12: back to the template registered 2026-05-01" in found.changes
    pinned.apply()
    left = {vm.id: vm.tags["cloudstack-pins/revision"] for vm in pinned.session.virtual_machines(listall=True)}
    assert left.items() <= machines.items()
    assert set(left.values()) == {pin.revision for pin in pinned.pins}


def test_a_soak_time_keeps_the_old_pin_for_days_after_the_new_one_is_active(pinned: PinnedSet) -> None:
    old = begin(pinned, SOAK)
    new = pinned.emulator.register_template(DEBIAN)
    pinned.lock(date(2026, 11, 20))
    pinned.apply()
    pinned.lock(date(2026, 11, 24))
    assert {kept.active_since for kept in lock.read(pinned.folder).previous} == {None}, "no date before it is active"

    pinned.activate()
    seen = pinned.lock(date(2026, 11, 25))
    assert {kept.active_since for kept in lock.read(pinned.folder).previous} == {"2026-11-25"}
    assert "debian-12 on gold/PS0: the new pin is active since 2026-11-25; the previous one is kept" in seen.changes

    before = bytes_of(pinned)
    pinned.lock(date(2026, 12, 1))
    assert bytes_of(pinned) == before
    assert f"debian-12_gold_PS0 {old} previous" in pinned.keys

    pinned.lock(date(2026, 12, 2))
    assert pinned.keys == [f"debian-12_gold_PS0_b {new}", f"debian-12_gold_PS1_b {new}"]


def test_a_new_pin_that_lapsed_starts_its_soak_again(pinned: PinnedSet) -> None:
    begin(pinned, SOAK)
    pinned.emulator.register_template(DEBIAN)
    pinned.lock(date(2026, 11, 20))
    pinned.apply()
    pinned.activate()
    pinned.lock(date(2026, 11, 20))
    for machine in pinned.session.virtual_machines(listall=True):
        pinned.session.run("restoreVirtualMachine", virtualmachineid=machine.id)

    pinned.lock(date(2026, 12, 24))

    assert {kept.active_since for kept in lock.read(pinned.folder).previous} == {None}


def test_an_activation_in_the_graph_needs_no_second_pin(pinned: PinnedSet) -> None:
    begin(pinned, "")
    new = pinned.emulator.register_template(DEBIAN)

    pinned.lock()

    assert pinned.keys == [f"debian-12_gold_PS0 {new}", f"debian-12_gold_PS1 {new}"]


def test_a_revision_that_was_never_applied_is_not_kept(pinned: PinnedSet) -> None:
    pinned.declare((pinned.folder / "pins.toml").read_text(encoding="utf-8") + BY_TWO_LOCKS)
    pinned.lock()
    new = pinned.emulator.register_template(DEBIAN)

    pinned.lock()

    assert pinned.keys == [f"debian-12_gold_PS0 {new}", f"debian-12_gold_PS1 {new}"]


def test_leaving_two_locks_behind_drains_what_is_kept(pinned: PinnedSet) -> None:
    old = begin(pinned, BY_TWO_LOCKS)
    new = pinned.emulator.register_template(DEBIAN)
    pinned.lock()
    pinned.apply()
    pinned.declare((pinned.folder / "pins.toml").read_text(encoding="utf-8").replace("run-task", "local-exec"))

    pinned.lock()
    assert f"debian-12_gold_PS0 {old} previous" in pinned.keys
    pinned.activate()
    pinned.lock()

    assert pinned.keys == [f"debian-12_gold_PS0_b {new}", f"debian-12_gold_PS1_b {new}"], "no address moves"


def test_a_removed_template_takes_its_previous_pin_with_it(pinned: PinnedSet) -> None:
    begin(pinned, BY_TWO_LOCKS)
    pinned.emulator.register_template(DEBIAN)
    pinned.lock()
    text = (pinned.folder / "pins.toml").read_text(encoding="utf-8")
    pinned.declare(text[: text.index("[templates")] + BY_TWO_LOCKS)

    pinned.lock()

    found = lock.read(pinned.folder)
    assert (found.previous, found.sides, dict(found.templates)) == ((), frozenset(), {})


def test_a_renamed_template_keeps_its_side_and_its_previous_pin(pinned: PinnedSet) -> None:
    old = begin(pinned, BY_TWO_LOCKS)
    new = pinned.emulator.register_template(DEBIAN)
    pinned.lock()
    pinned.apply()
    text = (pinned.folder / "pins.toml").read_text(encoding="utf-8")
    pinned.declare(text.replace("[templates.debian-12]", '[templates.debian]\nformerly = ["debian-12"]'))

    found = pinned.lock()

    assert pinned.keys[:2] == [f"debian_gold_PS0 {old} previous", f"debian_gold_PS0_b {new}"]
    assert found.changes == ("template debian-12 is now debian",)
    moved = {f"{move['from']} {move['to']}" for move in expand(pin_set.load(pinned.folder))["moved"]}
    assert "cloudstack_instance.debian-12_gold_PS0 cloudstack_instance.debian_gold_PS0" in moved, "the kept one"
    assert "cloudstack_instance.debian-12_gold_PS0_b cloudstack_instance.debian_gold_PS0_b" in moved, "the new one"
    pinned.activate()
    pinned.lock()
    assert pinned.keys == [f"debian_gold_PS0_b {new}", f"debian_gold_PS1_b {new}"], "its VMs still bear the old key"


def test_pins_that_the_system_account_owns_rotate_alike(pinned: PinnedSet) -> None:
    text = (pinned.folder / "pins.toml").read_text(encoding="utf-8")
    pinned.declare(text.replace('"caller-l2"', '"pins-l2"\nowner = "system"'))
    declared = declaration.load(pinned.folder)
    execute(pinned.session, steps_for(declared, observe(pinned.session, declared)).steps, lambda step: None)
    begin(pinned, BY_TWO_LOCKS)
    new = pinned.emulator.register_template(DEBIAN)
    pinned.lock()
    pinned.apply()
    assert len(pinned.keys) == 4

    pinned.activate()
    pinned.lock()

    assert {vm.account for vm in pinned.session.virtual_machines(listall=True)} == {"system"}
    assert pinned.keys == [f"debian-12_gold_PS0_b {new}", f"debian-12_gold_PS1_b {new}"]


def test_a_user_key_rotates_on_any_pool(pinned: PinnedSet, user_session: Session) -> None:
    users = PinnedSet(pinned.folder, pinned.emulator, user_session)
    text = (pinned.folder / "pins.toml").read_text(encoding="utf-8")
    users.declare(
        text.replace('"caller-l2"', '"user-l2"\nexpunge = false').replace(
            '"pin-gold"', '"pin-gold"\ncoverage = "any-pool"'
        )
    )
    old = begin(users, BY_TWO_LOCKS)
    new = users.emulator.register_template(DEBIAN)
    users.lock()
    users.apply()
    users.lock()
    assert users.keys == [f"debian-12_gold {old} previous", f"debian-12_gold_b {new}"]

    users.activate()
    users.lock()

    assert users.keys == [f"debian-12_gold_b {new}"]
