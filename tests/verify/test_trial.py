"""The measurement, by the emulator's clock: what it says, and what it leaves behind."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jsonschema
import pytest

from cloudstack_pins.activation.holder import Holder
from cloudstack_pins.cloudstack import Session
from cloudstack_pins.errors import CapacityMissing, PinsError, TimedOut
from cloudstack_pins.pin_set import load
from cloudstack_pins.status import sources
from cloudstack_pins.verify import choice, result
from cloudstack_pins.verify.removal import TAG_HOLDER, TAG_VERIFY, Interrupted, display_name
from cloudstack_pins.verify.trial import Measured, Trial
from tests.suggest.stage import DEBIAN, ROCKY, UBUNTU, EmulatorTime, Stage


@dataclass
class Told:
    """What was told; ``on`` runs when a line holds its words."""

    lines: list[str] = field(default_factory=list)
    on: dict[str, Callable[[], None]] = field(default_factory=dict)

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        for words, act in self.on.items():
            if words in line:
                act()


class StopsOnTime(EmulatorTime):
    """Sets ``stop`` some seconds after it was armed."""

    def __init__(self, stage: Stage, stop: threading.Event) -> None:
        super().__init__(stage.emulator)
        self._stop, self._at = stop, float("inf")

    def arm(self, seconds: float) -> None:
        self._at = self.now() + seconds

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.now() >= self._at:
            self._stop.set()


def measured(
    stage: Stage,
    session: Session,
    told: Told | None = None,
    stop: threading.Event | None = None,
    *,
    timeout: float = 3600.0,
    template: str | None = None,
    against: str | None = None,
) -> tuple[Measured, Measured]:
    pin_set, report = load(stage.folder), sources.read(stage.folder).report(session)
    chosen = choice.choose(session, pin_set, report, template=template, against=against)
    with Trial(
        session, pin_set.name, chosen, stop=stop or threading.Event(), timeout=timeout, tell=told or Told()
    ) as trial:
        return trial.measure(chosen.pinned), trial.measure(chosen.unpinned)


def throw_away(stage: Stage) -> list[str]:
    """The states of the throw-away VMs that are there."""
    rows = stage.emulator.call("listVirtualMachines", listall=True).get("virtualmachine", [])
    return [row["state"] for row in rows if row["displayname"] == display_name("sandbox")]


def test_a_slow_copy_shows_as_what_the_pin_saves(slow: Stage) -> None:
    told = Told()
    with slow.session() as session:
        pinned, unpinned = measured(slow, session, told)

    assert (pinned.subject.name, unpinned.subject.name) == (DEBIAN, "UEFI template")
    assert 2 <= pinned.seconds < 4
    assert 14 <= unpinned.seconds < 16
    assert throw_away(slow) == []
    assert told.lines.count("removed it") == 2
    document = json.loads(result.text("sandbox", pinned, unpinned))
    jsonschema.validate(document, result.schema(), cls=jsonschema.Draft202012Validator)
    assert document["seconds_saved"] == pytest.approx(12, abs=2)
    said = "\n".join(result.words(pinned, unpinned))
    assert "the pin saved 12" in said and "% of the first start" in said
    # The pins themselves are as they were.
    assert len(slow.emulator.copies(DEBIAN)) == 2


def test_an_equally_fast_start_is_no_saving_and_says_what_it_may_mean(slow: Stage) -> None:
    slow.deploy(UBUNTU)
    slow.deploy(UBUNTU)
    with slow.session() as session:
        pinned, unpinned = measured(slow, session, against=UBUNTU)
    assert "the pin saved nothing here" in result.words(pinned, unpinned)[2]
    assert "differ in size" in result.words(pinned, unpinned)[3]


def test_a_template_that_has_vms_is_not_taken_for_uncached(slow: Stage) -> None:
    slow.deploy("UEFI template")
    with slow.session() as session:
        _, unpinned = measured(slow, session)
    assert unpinned.subject.name == UBUNTU


def test_a_failing_start_removes_its_vm(slow: Stage) -> None:
    slow.emulator.fail("startVirtualMachine", code=533, text="No destination found")
    with slow.session() as session, pytest.raises(CapacityMissing):
        measured(slow, session)
    assert throw_away(slow) == []


def test_a_vm_that_cannot_be_tagged_is_removed(slow: Stage) -> None:
    slow.emulator.fail("createTags", kind="error", code=530, text="no")
    with slow.session() as session, pytest.raises(PinsError, match="createTags"):
        measured(slow, session)
    assert throw_away(slow) == []


def test_a_failing_removal_is_tried_again(slow: Stage) -> None:
    slow.emulator.fail("destroyVirtualMachine", code=599, text="host is busy")
    with slow.session() as session:
        measured(slow, session)
    assert throw_away(slow) == []


def test_without_the_right_to_expunge_it_is_destroyed(slow: Stage) -> None:
    slow.emulator.fail(
        "destroyVirtualMachine",
        code=530,
        text="Account does not have permission for expunging.",
        match={"expunge": "true"},
        count=9,
    )
    with slow.session() as session:
        measured(slow, session)
    assert throw_away(slow) == ["Destroyed", "Destroyed"]


def test_a_vm_that_can_not_be_removed_is_named(slow: Stage) -> None:
    slow.emulator.fail("destroyVirtualMachine", kind="error", code=431, text="delete protection", count=9)
    with slow.session() as session, pytest.raises(PinsError, match=r"could not be removed .*delete protection"):
        measured(slow, session)


def test_a_cloudstack_that_is_gone_leaves_a_vm_to_the_next_run(slow: Stage) -> None:
    def break_down() -> None:
        slow.emulator.fail("listVirtualMachines", kind="error", code=431, text="database is gone", count=4)

    told = Told(on={"(pinned)": break_down})
    with slow.session() as session:
        with pytest.raises(PinsError, match="the next verify of sandbox removes it"):
            measured(slow, session, told)
        slow.emulator.world.faults.clear()
        assert throw_away(slow) == ["Running"]
        measured(slow, session)
    assert throw_away(slow) == []


def test_an_end_that_is_asked_for_while_a_copy_runs_is_not_waited_for(slow: Stage) -> None:
    stop = threading.Event()
    clock = StopsOnTime(slow, stop)
    told = Told(on={"(not pinned)": lambda: clock.arm(8)})
    with slow.session() as session:
        session.clock = clock
        with pytest.raises(Interrupted):
            measured(slow, session, told, stop)
    assert throw_away(slow) == ["Starting"]
    assert "is still copying for the throw-away VM" in told.lines[-1]

    slow.emulator.advance(60)

    assert throw_away(slow) == []


def test_a_start_that_takes_too_long_is_given_up_and_its_vm_goes_when_it_can(slow: Stage) -> None:
    with slow.session() as session, pytest.raises(TimedOut, match="within 6 s"):
        measured(slow, session, timeout=6)
    slow.emulator.advance(60)
    assert throw_away(slow) == []


def test_an_end_between_two_steps_removes_what_is_there(slow: Stage) -> None:
    stop = threading.Event()
    told = Told(on={"not pinned": stop.set})
    with slow.session() as session, pytest.raises(Interrupted):
        measured(slow, session, told, stop)
    assert throw_away(slow) == []
    assert "startVirtualMachine" not in [request.command for request in slow.emulator.requests][-6:]


def left_behind(stage: Stage, tags: dict[str, str]) -> str:
    vm = stage.deploy(ROCKY, account="pins", start=False)
    stage.emulator.call("updateVirtualMachine", id=vm, displayname=display_name("sandbox"))
    if tags:
        stage.run("createTags", resourcetype="UserVm", resourceids=vm, tags=tags)
    return vm


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param({}, id="killed-before-it-had-tags"),
        pytest.param({TAG_VERIFY: "sandbox"}, id="tagged"),
        pytest.param({TAG_VERIFY: "sandbox", TAG_HOLDER: "elsewhere/0badcafe/1/00000000"}, id="of-another-machine"),
    ],
)
def test_what_a_killed_run_left_is_removed_by_the_next(slow: Stage, tags: dict[str, str]) -> None:
    left_behind(slow, tags)
    told = Told()
    with slow.session() as session:
        measured(slow, session, told)
    assert throw_away(slow) == []
    assert "an earlier run left" in told.lines[0]


def test_a_left_vm_that_is_still_starting_is_waited_for(slow: Stage) -> None:
    vm = left_behind(slow, {TAG_VERIFY: "sandbox"})
    told = Told()
    with slow.session() as session:
        session.submit("startVirtualMachine", id=vm)
        slow.emulator.advance(3)
        _, unpinned = measured(slow, session, told)
    assert throw_away(slow) == []
    assert "waiting until CloudStack has started it" in told.lines[1]
    assert unpinned.seconds < 16


def test_vms_of_other_people_and_sets_are_left_alone(slow: Stage) -> None:
    other = slow.deploy(ROCKY, account="pins", start=False)
    theirs = left_behind(slow, {TAG_VERIFY: "another"})
    stranger = slow.deploy(ROCKY, account="user", start=False)
    slow.emulator.call("updateVirtualMachine", id=stranger, displayname=display_name("sandbox"))
    with slow.session() as session:
        measured(slow, session)
    rows = slow.emulator.call("listVirtualMachines", listall=True)["virtualmachine"]
    assert {other, theirs, stranger} <= {row["id"] for row in rows}


def test_a_rival_on_this_machine_is_not_disturbed(slow: Stage) -> None:
    here = Holder.here()
    rival = Holder(host=here.host, place=here.place, pid=os.getppid(), nonce="0badcafe")
    left_behind(slow, {TAG_VERIFY: "sandbox", TAG_HOLDER: str(rival)})
    with slow.session() as session, pytest.raises(PinsError, match=rf"at work on this machine \(process {rival.pid}\)"):
        measured(slow, session)
    assert throw_away(slow) == ["Stopped"]


def test_a_pool_without_the_pin_is_tried_again_and_then_said(slow: Stage) -> None:
    with slow.session() as session:
        pin_set, report = load(slow.folder), sources.read(slow.folder).report(session)
        chosen = choice.choose(session, pin_set, report)
        wrong = choice.Choice(**{**vars(chosen), "pools": frozenset(["elsewhere"])})
        told = Told()
        with (
            pytest.raises(PinsError, match="5 times on pools without its pin"),
            Trial(session, "sandbox", wrong, stop=threading.Event(), timeout=60, tell=told) as trial,
        ):
            trial.measure(wrong.pinned)
    assert throw_away(slow) == []


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        pytest.param(
            {"template": "rocky"}, "'rocky' is not declared in sandbox; declared are debian-12", id="template"
        ),
        pytest.param({"against": "No such"}, "is no ready template without a pin and password", id="against"),
        pytest.param({"against": DEBIAN}, "is no ready template without a pin and password", id="against-a-pinned"),
    ],
)
def test_what_cannot_be_compared_is_refused(slow: Stage, wanted: dict[str, Any], words: str) -> None:
    with slow.session() as session, pytest.raises(PinsError, match=words):
        measured(slow, session, **wanted)


def test_a_set_without_an_active_pin_proves_nothing(slow: Stage) -> None:
    for row in slow.emulator.call("listVirtualMachines", listall=True)["virtualmachine"]:
        slow.run("restoreVirtualMachine", virtualmachineid=row["id"])
    with slow.session() as session, pytest.raises(PinsError, match="no pin is active on a known pool; run"):
        measured(slow, session)


def test_a_users_key_is_refused_before_anything_is_deployed(slow: Stage) -> None:
    with slow.session(slow.emulator.user) as session, pytest.raises(PinsError, match="account user may not see"):
        measured(slow, session)
    assert "deployVirtualMachine" not in [one.command for one in slow.emulator.requests if one.account == "user"]
