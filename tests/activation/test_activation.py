from __future__ import annotations

from collections.abc import Callable

import pytest

from cloudstack_emulator import Emulator
from cloudstack_pins.activation.report import Report
from cloudstack_pins.errors import ActivationError
from cloudstack_pins.model import PinSet
from tests.activation.stage import Stage, with_template

TEMPLATES = ("debian-12", "ubuntu-24", "rocky-9")
WRITES = ("create", "update", "reset", "delete", "start", "stop", "assign", "restore", "destroy")


def states(report: Report) -> dict[str, str]:
    return {pin.address.removeprefix("cloudstack_instance."): pin.state for pin in report.pins}


def assert_active(stage: Stage, pin_set: PinSet, vms: dict[str, str], account: str) -> None:
    """Ready on its pool, Stopped, owned as declared, still on its network."""
    for pin in pin_set.pins:
        vm, root = stage.vm(vms[pin.address]), stage.root(vms[pin.address])
        assert (vm["state"], vm["account"]) == ("Stopped", account), pin.address
        assert vm["nic"][0]["networkid"] == pin_set.network_id
        assert root["state"] == "Ready"
        if pin.pool is not None:
            assert root["storageid"] == pin.pool.id, pin.address


def most_running(emulator: Emulator) -> int:
    running, most = set(), 0
    for event in emulator.trace:
        if event.kind == "vm-starting":
            running.add(event.vm_id)
        elif event.kind in ("vm-stopped", "vm-start-failed"):
            running.discard(event.vm_id)
        most = max(most, len(running))
    return most


def test_the_first_activation_puts_every_template_on_every_pool_of_two_clusters(stage: Stage) -> None:
    pin_set = stage.pin_set(TEMPLATES)
    vms = stage.deploy(pin_set)

    report = stage.activate(pin_set)

    assert report.is_ok, report.document()
    assert report.counts == {"active": 12, "failed": 0, "skipped": 0}
    assert_active(stage, pin_set, vms, "system")
    assert stage.preference() == ""
    assert stage.network_tags() == {}
    assert {pin.pool_name for pin in report.pins} == {"PS0", "PS1", "PS2", "PS3"}


def test_a_second_run_costs_a_list_per_pool_and_two_more_and_no_write(stage: Stage) -> None:
    pin_set = stage.pin_set(TEMPLATES)
    stage.deploy(pin_set)
    stage.activate(pin_set)
    before = len(stage.emulator.requests)

    report = stage.activate(pin_set)

    sent = stage.commands(since=before)
    assert report.is_ok
    assert not [command for command in sent if command.startswith(WRITES)]
    assert len(sent) == 4 + 2
    assert all(pin.seconds == 0 for pin in report.pins)


@pytest.mark.parametrize("max_parallel", [1, 3, 8])
def test_starts_fill_max_parallel_and_never_pass_it(stage: Stage, max_parallel: int) -> None:
    pin_set = stage.pin_set(TEMPLATES)
    stage.deploy(pin_set)

    report = stage.activate(pin_set, max_parallel=max_parallel)

    assert report.is_ok
    assert most_running(stage.emulator) == max_parallel


def test_copies_of_one_pool_run_while_the_next_pool_starts(stage: Stage) -> None:
    pin_set = stage.pin_set(("debian-12",))
    stage.deploy(pin_set)

    stage.activate(pin_set)

    kinds = [event.kind for event in stage.emulator.trace if event.kind.startswith("copy-") or "start" in event.kind]
    assert kinds.index("copy-done") > [place for place, kind in enumerate(kinds) if kind == "vm-starting"][-1]


def test_the_previous_preference_of_the_account_comes_back(stage: Stage) -> None:
    pin_set = stage.pin_set()
    before = stage.pools("ps3")[0].id
    stage.prefer(before)
    stage.deploy(pin_set)

    assert stage.activate(pin_set).is_ok

    assert stage.preference() == before


def test_pins_may_stay_with_the_account_of_the_key(stage: Stage) -> None:
    pin_set = stage.pin_set(owner=None)
    vms = stage.deploy(pin_set)

    assert stage.activate(pin_set).is_ok

    assert_active(stage, pin_set, vms, "pins")
    assert "assignVirtualMachine" not in stage.commands()


def lapse(stage: Stage, vm_id: str) -> None:
    stage.run("restoreVirtualMachine", virtualmachineid=vm_id)


def run(stage: Stage, vm_id: str) -> None:
    stage.run("startVirtualMachine", id=vm_id)


def hand_back(stage: Stage, vm_id: str) -> None:
    domain_id, network_id = stage.domain_id, stage.network_id
    stage.emulator.call(
        "assignVirtualMachine", virtualmachineid=vm_id, account="pins", domainid=domain_id, networkids=network_id
    )


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lapse, id="restored, so its ROOT is Allocated and owned by system"),
        pytest.param(run, id="running"),
        pytest.param(hand_back, id="owned by another account"),
    ],
)
def test_a_harmed_pin_is_made_active_again_and_no_other_is_touched(
    stage: Stage, harm: Callable[[Stage, str], None]
) -> None:
    pin_set = stage.pin_set()
    vms = stage.deploy(pin_set)
    stage.activate(pin_set)
    harmed = pin_set.pins[1]
    harm(stage, vms[harmed.address])
    before = len(stage.emulator.requests)

    report = stage.activate(pin_set)

    assert report.is_ok, report.document()
    assert_active(stage, pin_set, vms, "system")
    touched = {
        request.params.get("id") or request.params.get("virtualmachineid")
        for request in stage.emulator.requests[before:]
        if request.command.startswith(("start", "stop", "assign", "restore"))
    }
    assert touched == {vms[harmed.address]}


def test_a_pin_on_another_pool_is_restored_and_started_where_it_belongs(stage: Stage) -> None:
    pin_set = stage.pin_set(tags=("gold",))
    vms = stage.deploy(pin_set)
    ps0, ps1 = pin_set.pins
    assert ps1.pool is not None
    stage.prefer(ps1.pool.id)
    stage.run("startVirtualMachine", stage.emulator.pins, id=vms[ps0.address], clusterid=ps1.pool.cluster_id)
    stage.run("stopVirtualMachine", stage.emulator.pins, id=vms[ps0.address])
    stage.prefer("")
    assert stage.root(vms[ps0.address])["storage"] == "PS1"

    report = stage.activate(pin_set)

    assert report.is_ok, report.document()
    assert_active(stage, pin_set, vms, "system")


def test_a_pin_that_never_lands_on_its_pool_is_given_up_after_a_few_restores(stage: Stage) -> None:
    pin_set = stage.pin_set(tags=("gold",), owner=None)
    stage.deploy(pin_set)
    # The pool of the first pin leaves the planner's choice: whatever is preferred, the other one is taken.
    first = pin_set.pins[0]
    assert first.pool is not None
    stage.emulator.call("updateStoragePool", id=first.pool.id, enabled=False)

    report = stage.activate(pin_set)

    assert states(report) == {"debian-12_gold_PS0": "failed", "debian-12_gold_PS1": "active"}
    failed = report.failed[0]
    assert "ROOT volume is on PS1" in failed.reason
    assert any("pool PS0 is Disabled" in fact for fact in failed.known)
    assert stage.preference() == ""


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
    from cloudstack_pins.activation.lease import TAG

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
