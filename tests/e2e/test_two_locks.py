"""Rotation without an activation in the graph: two locks, and at no moment a pool without an active pin."""

from __future__ import annotations

import json
from datetime import date

import pytest

from cloudstack_pins import declaration, lock
from cloudstack_pins.cloudstack import Access, Session
from cloudstack_pins.resolution import resolve
from tests.e2e.declared_set import DeclaredSet, template
from tests.e2e.order import gaps
from tests.e2e.site import Site

pytestmark = [pytest.mark.terraform, pytest.mark.live]
RUN_TASK = {"mode": "run-task"}


def apply_remotely(pins: DeclaredSet) -> None:
    """Plan, apply without our command, and activate that plan afterwards, as the run task does."""
    pins.terraform.plan().checked()
    plan = pins.terraform.folder / "plan.json"
    plan.write_text(json.dumps(pins.terraform.show_json()), encoding="utf-8")
    pins.terraform.run("apply", "-no-color", "-input=false", "plan.bin").checked()
    pins.command("activate", str(plan))


def lock_on(pins: DeclaredSet, today: date) -> None:
    """Lock as the command does on that day."""
    pins.declare()
    path = pins.folder / lock.FILE_NAME
    with Session(Access.from_environment(pins.terraform.environment)) as session:
        found = resolve(session, declaration.load(pins.folder), lock.read(path), today=today)
    lock.write(path, found.lock)
    pins.write()


def test_a_whole_rotation_by_two_locks_leaves_no_pool_bare(site: Site) -> None:
    tag = next(iter(site.storage_tags))
    pins = site.new_set("two-locks", {"first": template(site.templates[0], tag)}, activation=RUN_TASK)
    apply_remotely(pins)
    assert pins.problems() == []
    old = pins.ids()

    site.renew(pins, "first")
    pins.lock()
    apply_remotely(pins)
    assert pins.problems() == []
    both = pins.ids()
    assert len(both) == 2 * len(old)
    assert set(old.values()) < set(both.values()), "the old pins are kept beside the new ones"

    pins.lock()
    apply_remotely(pins)

    assert pins.problems() == []
    assert set(pins.ids().values()) == set(both.values()) - set(old.values())
    assert "is current" in pins.lock()
    pins.assert_clean()
    if site.emulator:
        assert gaps(site.emulator.trace, site.templates[0], owner="system") == []


@pytest.mark.parametrize("mode", [pytest.param(RUN_TASK, id="run-task"), pytest.param({}, id="local-exec")])
def test_within_the_soak_time_the_way_back_costs_no_copy(site: Site, mode: dict[str, str]) -> None:
    tag = next(iter(site.storage_tags))
    pins = site.new_set(
        "soak", {"first": template(site.templates[0], tag)}, activation=mode, rotation={"keep_previous": "7d"}
    )
    apply = apply_remotely if mode else lambda pins: pins.apply().checked()
    apply(pins)
    old = pins.ids()
    path = pins.folder / lock.FILE_NAME
    toml, merged = dict(pins.toml["templates"]["first"]), path.read_text(encoding="utf-8")

    site.renew(pins, "first")
    lock_on(pins, date(2026, 11, 1))
    apply(pins)
    lock_on(pins, date(2026, 11, 2))
    lock_on(pins, date(2026, 11, 8))
    apply(pins)
    assert set(old.values()) < set(pins.ids().values()), "six days after the new pins were seen active"
    copies = sum(event.kind == "copy-began" for event in site.emulator.trace) if site.emulator else 0

    pins.toml["templates"]["first"], renewed = toml, pins.toml["templates"]["first"]
    pins.declare()
    path.write_text(merged, encoding="utf-8")
    pins.write()
    apply(pins)
    assert pins.problems() == []
    assert pins.ids() == old, "reverting the pull request brings the very VMs back"
    if site.emulator:
        assert sum(event.kind == "copy-began" for event in site.emulator.trace) == copies

    pins.toml["templates"]["first"] = renewed
    lock_on(pins, date(2026, 11, 9))
    apply(pins)
    lock_on(pins, date(2026, 11, 10))
    lock_on(pins, date(2026, 11, 17))
    apply(pins)
    assert pins.problems() == []
    assert not set(pins.ids().values()) & set(old.values()), "the soak time is over"
    if site.emulator:
        assert gaps(site.emulator.trace, site.templates[0], owner="system") == []
