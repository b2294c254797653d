"""VM schedules are kept, and events are too for as long as the setting says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cloudstack_emulator import Emulator, EmulatorCallError, ManualClock, ZoneSpec

NOON = 1795521600.0


@pytest.fixture
def machine(emulator: Emulator) -> str:
    return deploy(emulator)


def deploy(emulator: Emulator) -> str:
    made: str = emulator.call(
        "deployVirtualMachine",
        emulator.pins,
        serviceofferingid=emulator.call("listServiceOfferings", name="pin-gold")["serviceoffering"][0]["id"],
        templateid=emulator.call("listTemplates", templatefilter="all", name="Debian 12 (x86_64)")["template"][0]["id"],
        zoneid=emulator.call("listZones")["zone"][0]["id"],
        networkids=emulator.call("listNetworks", listall=True, name="caller-l2")["network"][0]["id"],
        startvm=False,
    )["virtualmachine"]["id"]
    return made


def test_a_schedule_is_listed_until_it_is_deleted(emulator: Emulator, machine: str) -> None:
    made = emulator.call(
        "createVMSchedule", virtualmachineid=machine, action="start", schedule="0 6 * * *", timezone="UTC"
    )["vmschedule"]
    assert (made["action"], made["enabled"], made["virtualmachineid"]) == ("START", True, machine)
    assert emulator.call("listVMSchedule", virtualmachineid=machine)["vmschedule"] == [made]

    emulator.call("deleteVMSchedule", virtualmachineid=machine, id=made["id"])
    assert emulator.call("listVMSchedule", virtualmachineid=machine) == {}


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        pytest.param({"action": "dance"}, "431: Invalid value for action: dance", id="action"),
        pytest.param({"schedule": "daily"}, "431: Invalid cron format: daily", id="cron"),
    ],
)
def test_a_wrong_schedule_is_refused(emulator: Emulator, machine: str, wrong: dict[str, Any], text: str) -> None:
    good: dict[str, Any] = {"virtualmachineid": machine, "action": "STOP", "schedule": "0 6 * * *", "timezone": "UTC"}
    with pytest.raises(EmulatorCallError, match=text):
        emulator.call("createVMSchedule", **good | wrong)


def test_a_user_has_no_schedule_for_anothers_machine(emulator: Emulator, machine: str) -> None:
    with pytest.raises(EmulatorCallError, match="531: "):
        emulator.call("listVMSchedule", emulator.user, virtualmachineid=machine)


@pytest.fixture
def at_noon() -> Iterator[Emulator]:
    with Emulator(ZoneSpec(settings={}), clock=ManualClock(NOON)) as emulator:
        yield emulator


def test_events_outlive_the_machine_but_not_their_days(at_noon: Emulator) -> None:
    machine = deploy(at_noon)
    at_noon.call("destroyVirtualMachine", id=machine, expunge=True)

    events = at_noon.call("listEvents", listall=True, type="VM.CREATE", resourceid=machine)["event"]
    assert {event["state"] for event in events} >= {"Completed"}
    assert {event["account"] for event in events} == {"pins"}
    assert not any("template" in name for event in events for name in event)

    at_noon.advance(16 * 86400)
    assert at_noon.call("listEvents", listall=True, type="VM.CREATE") == {}


def test_accounts_see_their_own_events(at_noon: Emulator) -> None:
    deploy(at_noon)
    assert at_noon.call("listEvents", at_noon.user, type="VM.CREATE") == {}
    assert at_noon.call("listEvents", type="VM.CREATE") == {}
    assert at_noon.call("listEvents", at_noon.pins, type="VM.CREATE")["count"] >= 1
