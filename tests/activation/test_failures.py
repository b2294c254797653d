"""Activations that meet failures: of starts, of capacity, of replies, of whoever runs them."""

from __future__ import annotations

import pytest

from cloudstack_pins.errors import ActivationError
from tests.activation.stage import Stage, assert_active, states, with_template

TEMPLATES = ("debian-12", "ubuntu-24", "rocky-9")


def test_a_start_that_fails_once_is_sent_again(stage: Stage) -> None:
    pin_set = stage.pin_set()
    vms = stage.deploy(pin_set)
    stage.emulator.fail("startVirtualMachine", count=2, text="Unable to orchestrate the start of VM instance")

    report = stage.activate(pin_set)

    assert report.is_ok, report.document()
    assert_active(stage, pin_set, vms, "system")
    assert sum(pin.attempts for pin in report.pins) == len(report.pins) + 2


def test_a_start_that_fails_after_the_copy_left_an_active_pin(stage: Stage) -> None:
    pin_set = stage.pin_set()
    vms = stage.deploy(pin_set)
    stage.emulator.fail("startVirtualMachine", count=4, kind="job-after-copy")

    report = stage.activate(pin_set)

    assert report.is_ok, report.document()
    assert_active(stage, pin_set, vms, "system")
    assert "stopVirtualMachine" not in stage.commands()


def test_one_failing_pin_stops_no_other_but_fails_the_activation(stage: Stage) -> None:
    pin_set = stage.pin_set(TEMPLATES)
    vms = stage.deploy(pin_set)
    bad = pin_set.pins[0]
    stage.emulator.fail("startVirtualMachine", count=100, text="Agent says no", match={"id": vms[bad.address]})

    report = stage.activate(pin_set)

    assert report.counts == {"active": 11, "failed": 1, "skipped": 0}
    assert not report.is_ok
    failed = report.failed[0]
    assert failed.address == bad.address
    assert failed.said == "530 Agent says no"
    assert failed.reason == "the start failed, 3 times"
    assert "hosts up in cluster of PS0: 2 of 2" in failed.known
    assert stage.preference() == ""
    assert stage.vm(vms[bad.address])["state"] == "Stopped"


def test_a_full_pool_is_named_with_its_share_and_limit(stage: Stage) -> None:
    pin_set = stage.pin_set(tags=("silver",))
    stage.deploy(pin_set)
    with stage.emulator.world.lock:
        pool = next(pool for pool in stage.emulator.world.pools.values() if pool.name == "PS3")
        other = next(pool for pool in stage.emulator.world.pools.values() if pool.name == "PS2")
        pool.foreign_allocated = other.foreign_allocated = int(pool.capacity * 2 * 0.849999)

    report = stage.activate(pin_set)

    assert report.counts["failed"] == 2
    failed = next(pin for pin in report.failed if pin.pool == "PS3")
    assert failed.said.startswith("533 No destination found")
    assert failed.known[0] == ("pool PS3 is allocated to 85.0% of 4096 GiB, the pin needs 4.0 GiB more, limit 85%"), (
        failed.known
    )


def test_a_failure_says_what_waits_for_a_second_apply(stage: Stage) -> None:
    old = stage.pin_set(("debian-12", "rocky-9"), tags=("gold",))
    stage.deploy(old)
    stage.activate(old)
    stage.emulator.register_template("Debian 12 (x86_64)")
    new = with_template(stage.pin_set(("debian-12",), tags=("gold",)), stage.template("debian-12"))
    stage.deploy(new)
    stage.emulator.fail("startVirtualMachine", count=100)

    report = stage.activate(new)

    assert not report.is_ok
    assert sorted((item.template, item.pool, item.removed) for item in report.waiting) == [
        ("debian-12", "PS0", False),
        ("debian-12", "PS1", False),
        ("rocky-9", "PS0", True),
        ("rocky-9", "PS1", True),
    ]
    assert report.summary().endswith("wait for a second apply, which hold 28.0 GiB")


def test_an_old_revision_beside_the_new_one_is_left_alone(stage: Stage) -> None:
    old = stage.pin_set(tags=("gold",))
    before = stage.deploy(old)
    stage.activate(old)
    stage.emulator.register_template("Debian 12 (x86_64)")
    new = with_template(old, stage.template("debian-12"))
    after = stage.deploy(new)
    sent = len(stage.emulator.requests)

    report = stage.activate(new)

    assert report.is_ok, report.document()
    assert_active(stage, new, after, "system")
    ids = set(before.values())
    assert not [request for request in stage.emulator.requests[sent:] if request.params.get("id") in ids]


def test_a_pin_without_a_vm_is_named_with_the_repair(stage: Stage) -> None:
    pin_set = stage.pin_set(tags=("gold",))
    vms = stage.deploy(pin_set)
    stage.activate(pin_set)
    stage.run("destroyVirtualMachine", id=vms[pin_set.pins[0].address], expunge=True)

    report = stage.activate(pin_set)

    assert states(report) == {"debian-12_gold_PS0": "failed", "debian-12_gold_PS1": "active"}
    assert report.failed[0].reason == "it has no VM of the declared revision; `terraform apply` creates it"


def test_only_limits_the_work_to_some_templates(stage: Stage) -> None:
    pin_set = stage.pin_set(("debian-12", "rocky-9"), tags=("gold",))
    stage.deploy(pin_set)

    report = stage.activate(pin_set, only=["rocky-9"])

    assert report.is_ok
    assert {pin.template for pin in report.pins if pin.state == "active"} == {"rocky-9"}
    with pytest.raises(ActivationError, match=r"pins no template debian; it pins debian-12, rocky-9"):
        stage.activate(pin_set, only=["debian"])


def test_a_pin_that_takes_too_long_is_given_up_and_taken_up_by_the_next_run(stage: Stage) -> None:
    pin_set = stage.pin_set(tags=("gold",))
    vms = stage.deploy(pin_set)
    with stage.emulator.world.lock:
        stage.emulator.world.copy_seconds = 120.0

    first = stage.activate(pin_set, timeout=20)
    second = stage.activate(pin_set)

    assert first.counts["failed"] == 2
    assert "not active after 20 s, its VM is Starting" in first.failed[0].reason
    assert second.is_ok, second.document()
    assert_active(stage, pin_set, vms, "system")


def test_a_restart_of_the_management_server_costs_a_retry(stage: Stage) -> None:
    pin_set = stage.pin_set()
    vms = stage.deploy(pin_set)
    restarted: list[bool] = []

    class Restarting(list[object]):
        def append(self, event: object) -> None:
            if getattr(event, "kind", "") == "placed" and not restarted:
                restarted.append(True)
                stage.emulator.restart()

    stage.events = Restarting()  # type: ignore[assignment]

    report = stage.activate(pin_set)

    assert restarted
    assert report.is_ok, report.document()
    assert_active(stage, pin_set, vms, "system")


@pytest.mark.parametrize("command", ["startVirtualMachine", "stopVirtualMachine", "assignVirtualMachine"])
@pytest.mark.parametrize("kind", ["dropped", "http503"])
def test_a_lost_reply_changes_nothing(stage: Stage, command: str, kind: str) -> None:
    pin_set = stage.pin_set(tags=("gold",))
    vms = stage.deploy(pin_set)
    stage.emulator.fail(command, kind=kind)

    report = stage.activate(pin_set)

    assert report.is_ok, report.document()
    assert_active(stage, pin_set, vms, "system")
    assert stage.preference() == ""


def test_an_abandoned_preference_is_put_back_even_if_every_pin_is_active(stage: Stage) -> None:
    pin_set = stage.pin_set(tags=("gold",))
    stage.deploy(pin_set)
    stage.activate(pin_set)
    from cloudstack_pins.activation.lease_tags import TAG

    account_id = stage.emulator.call("listAccounts", name="pins", listall=True)["account"][0]["id"]
    before, during = (pool.id for pool in stage.pools("silver"))
    stage.prefer(during)
    stage.run(
        "createTags",
        resourceids=stage.network_id,
        resourcetype="Network",
        tags={TAG: f"holder=gone/00000000/1/00000000 until=1000 account={account_id} preferred={before}"},
    )

    report = stage.activate(pin_set)

    assert report.is_ok
    assert stage.preference() == before
    assert stage.network_tags() == {}


def test_a_preference_that_cannot_be_put_back_fails_and_the_next_run_repairs_it(stage: Stage) -> None:
    pin_set = stage.pin_set(tags=("gold",))
    stage.deploy(pin_set)
    stage.emulator.fail("resetConfiguration", kind="error", count=3)

    first = stage.activate(pin_set)
    left = stage.preference()
    stage.emulator.advance(3600)
    second = stage.activate(pin_set)

    assert not first.is_ok
    assert "preferred.storage.pool could not be put back" in first.problems[0]
    assert left != ""
    assert second.is_ok
    assert stage.preference() == ""


def test_a_stop_starts_nothing_more_and_puts_the_preference_back(stage: Stage) -> None:
    pin_set = stage.pin_set(TEMPLATES)
    vms = stage.deploy(pin_set)

    class Stopping(list[object]):
        def append(self, event: object) -> None:
            if getattr(event, "kind", "") == "active":
                stage.stop.set()

    stage.events = Stopping()  # type: ignore[assignment]
    report = stage.activate(pin_set, max_parallel=2)
    started = sum(event.kind == "vm-starting" for event in stage.emulator.trace)

    assert report.interrupted
    assert not report.is_ok
    assert started < len(vms)
    assert stage.preference() == ""
    assert stage.network_tags() == {}

    stage.stop.clear()
    stage.events = []
    assert stage.activate(pin_set).is_ok
    assert_active(stage, pin_set, vms, "system")
