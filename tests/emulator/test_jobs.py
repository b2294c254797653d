"""Jobs and copies take time on the emulator's clock, and can be found, lost and queued."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from cloudstack_emulator import Emulator, EmulatorCallError, ManualClock
from tests.emulator.pinboard import DEBIAN, Board
from tests.emulator.stage import ask


@pytest.fixture
def slow() -> Iterator[Emulator]:
    """An emulator whose jobs take 10 s and copies 60 s, on a clock moved by hand."""
    with Emulator(clock=ManualClock(), job_seconds=10, copy_seconds=60) as emulator:
        yield emulator


def begin(emulator: Emulator, command: str, **params: str) -> str:
    """Submit a command; the job's id."""
    job: str = ask(emulator, emulator.pins, {"command": command, **params}, "POST").content["jobid"]
    return job


def look(emulator: Emulator, job: str) -> dict[str, Any]:
    """The job now."""
    return ask(emulator, emulator.pins, {"command": "queryAsyncJobResult", "jobid": job}).content


def deployed(emulator: Emulator) -> str:
    """A VM whose deploy has ended."""
    arguments = {name: str(value) for name, value in Board(emulator).arguments().items()}
    answer = ask(emulator, emulator.pins, {"command": "deployVirtualMachine", **arguments, "startvm": "false"}, "POST")
    emulator.advance(10)
    vm: str = answer.content["id"]
    return vm


def test_instant_jobs_are_done_at_the_first_look(emulator: Emulator) -> None:
    vm = Board(emulator).deploy()

    job = look(emulator, begin(emulator, "startVirtualMachine", id=vm))

    assert (job["jobstatus"], job["jobresult"]["virtualmachine"]["state"]) == (1, "Running")


def test_a_start_plans_copies_and_runs_in_time(slow: Emulator) -> None:
    board = Board(slow)
    vm = deployed(slow)

    job = begin(slow, "startVirtualMachine", id=vm)
    assert (look(slow, job)["jobstatus"], board.vm(vm)["state"]) == (0, "Starting")
    assert "hostid" not in board.vm(vm)
    slow.advance(2.1)  # the planner has chosen; the copy runs
    assert "hostid" in board.vm(vm)
    assert (board.root(vm)["state"], slow.copies()) == ("Creating", [])
    slow.advance(60)
    assert (board.root(vm)["state"], len(slow.copies(DEBIAN))) == ("Ready", 1)
    assert look(slow, job)["jobstatus"] == 0
    slow.advance(8)
    assert (look(slow, job)["jobstatus"], board.vm(vm)["state"]) == (1, "Running")


def test_a_preference_may_move_on_once_the_host_shows(slow: Emulator) -> None:
    board = Board(slow)
    first, second = deployed(slow), deployed(slow)
    board.prefer("PS0")
    begin(slow, "startVirtualMachine", id=first)
    slow.advance(2.1)
    board.prefer("PS1")
    begin(slow, "startVirtualMachine", id=second)
    slow.advance(100)

    assert (board.pool(first), board.pool(second)) == ("PS0", "PS1")


def test_two_starts_on_one_pool_share_one_copy(slow: Emulator) -> None:
    board = Board(slow)
    board.prefer("PS0")
    vms = [deployed(slow), deployed(slow)]
    begin(slow, "startVirtualMachine", id=vms[0])
    slow.advance(30)
    begin(slow, "startVirtualMachine", id=vms[1])
    slow.advance(41)

    assert [board.vm(vm)["state"] for vm in vms] == ["Running", "Running"]
    assert board.kinds().count("copy-began") == 1


def test_jobs_of_one_vm_wait_for_each_other(slow: Emulator) -> None:
    vm = deployed(slow)
    start = begin(slow, "startVirtualMachine", id=vm)
    stop = begin(slow, "stopVirtualMachine", id=vm)

    slow.advance(70.5)
    assert (look(slow, start)["jobstatus"], look(slow, stop)["jobstatus"]) == (1, 0)
    slow.advance(10)
    assert look(slow, stop)["jobresult"]["virtualmachine"]["state"] == "Stopped"


def test_the_client_may_choose_the_job_id(emulator: Emulator) -> None:
    vm = Board(emulator).deploy()
    mine = str(uuid.uuid4())

    assert begin(emulator, "startVirtualMachine", id=vm, customjobid=mine) == mine
    assert look(emulator, mine)["jobinstanceid"] == vm
    assert ask(emulator, emulator.pins, {"command": "stopVirtualMachine", "id": vm, "customjobid": mine}).status == 530


def test_an_unknown_job_is_an_error(emulator: Emulator) -> None:
    with pytest.raises(EmulatorCallError, match=r"431: .*entity does not exist"):
        emulator.call("queryAsyncJobResult", jobid=str(uuid.uuid4()))


def test_a_user_sees_own_jobs_only(emulator: Emulator) -> None:
    job = begin(emulator, "startVirtualMachine", id=Board(emulator).deploy())

    assert ask(emulator, emulator.user, {"command": "queryAsyncJobResult", "jobid": job}).status == 531


def test_running_jobs_are_listed(slow: Emulator) -> None:
    vm = deployed(slow)
    assert slow.call("listAsyncJobs", listall=True) == {}
    job = begin(slow, "startVirtualMachine", id=vm)

    assert [row["jobid"] for row in slow.call("listAsyncJobs", listall=True)["asyncjobs"]] == [job]


def test_a_restart_loses_running_jobs_and_takes_back_what_they_began(slow: Emulator) -> None:
    board = Board(slow)
    vm = deployed(slow)
    job = begin(slow, "startVirtualMachine", id=vm)
    slow.advance(30)

    slow.restart()

    assert ask(slow, slow.pins, {"command": "queryAsyncJobResult", "jobid": job}).status == 431
    assert (board.vm(vm)["state"], board.root(vm)["state"], slow.copies()) == ("Stopped", "Allocated", [])
    begin(slow, "startVirtualMachine", id=vm)
    slow.advance(200)
    assert board.vm(vm)["state"] == "Running"
