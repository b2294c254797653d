from __future__ import annotations

from collections.abc import Callable

import pytest

from cloudstack_emulator import Emulator
from tests.activation.stage import Stage, assert_active, states

TEMPLATES = ("debian-12", "ubuntu-24", "rocky-9")
WRITES = ("create", "update", "reset", "delete", "start", "stop", "assign", "restore", "destroy")


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
