"""Usage records: windows, owners, and what comes without a usage server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from cloudstack_emulator import Emulator, EmulatorCallError, ManualClock, ZoneSpec

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()
HOUR, DAY = 3600.0, 86400.0
ALWAYS: dict[str, Any] = {"startdate": "2026-11-01", "enddate": "2026-12-31"}


@pytest.fixture
def metered() -> Iterator[Emulator]:
    with Emulator(ZoneSpec(usage_server=True, settings={}), clock=ManualClock(NOON)) as emulator:
        yield emulator


def deploy(emulator: Emulator, **params: Any) -> str:
    fixed: dict[str, Any] = {
        "serviceofferingid": emulator.call("listServiceOfferings", name="pin-gold")["serviceoffering"][0]["id"],
        "templateid": emulator.call("listTemplates", templatefilter="all", name="Debian 12 (x86_64)")["template"][0][
            "id"
        ],
        "zoneid": emulator.call("listZones")["zone"][0]["id"],
        "networkids": emulator.call("listNetworks", listall=True, name="caller-l2")["network"][0]["id"],
        "startvm": False,
    }
    made: str = emulator.call("deployVirtualMachine", emulator.pins, **fixed | params)["virtualmachine"]["id"]
    return made


def records(emulator: Emulator, kind: int, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = emulator.call("listUsageRecords", **ALWAYS | {"type": kind} | params).get(
        "usagerecord", []
    )
    return found


def test_a_days_records_are_there_a_quarter_past_midnight(metered: Emulator) -> None:
    vm = deploy(metered)
    metered.call("startVirtualMachine", id=vm)
    metered.advance(HOUR)
    metered.call("stopVirtualMachine", id=vm)
    metered.advance(11 * HOUR + 14 * 60)
    assert records(metered, 2) == []
    metered.advance(60)

    (running,), (allocated,) = records(metered, 1), records(metered, 2)
    assert (running["rawusage"], running["usage"]) == ("1", "1 Hrs")
    assert (allocated["rawusage"], allocated["virtualmachineid"], allocated["usageid"]) == ("12", vm, vm)
    window = ("2026-11-24T00:00:00+0000", "2026-11-24T23:59:59+0000")
    assert (allocated["startdate"], allocated["enddate"]) == window


def test_a_record_counts_only_when_its_whole_window_is_asked_for(metered: Emulator) -> None:
    deploy(metered)
    metered.advance(DAY)

    assert len(records(metered, 2, startdate="2026-11-24", enddate="2026-11-24")) == 1
    assert records(metered, 2, startdate="2026-11-24 01:00:00", enddate="2026-11-24") == []
    assert records(metered, 2, startdate="2026-11-24", enddate="2026-11-24 23:00:00") == []


def test_hourly_windows_follow_the_setting() -> None:
    hourly = {"usage.stats.job.aggregation.range": "60", "storage.cleanup.interval": "40"}
    with Emulator(ZoneSpec(usage_server=True, settings=hourly), clock=ManualClock(NOON)) as emulator:
        deploy(emulator)
        emulator.advance(2 * HOUR + 16 * 60)
        ends = [record["enddate"] for record in records(emulator, 2)]
    assert ends == ["2026-11-24T12:59:59+0000", "2026-11-24T13:59:59+0000"]


def test_a_destroyed_machine_still_has_its_records(metered: Emulator) -> None:
    vm = deploy(metered)
    metered.advance(HOUR)
    metered.call("destroyVirtualMachine", id=vm, expunge=True)
    metered.advance(2 * DAY)

    assert [(record["usageid"], record["rawusage"]) for record in records(metered, 2)] == [(vm, "1")]


def test_each_owner_has_records_of_an_assigned_machine(metered: Emulator) -> None:
    domain = metered.call("listDomains")["domain"][0]["id"]
    offering = metered.call("listNetworkOfferings", name="DefaultL2NetworkOffering")["networkoffering"][0]["id"]
    owner: dict[str, Any] = {"account": "system", "domainid": domain}
    zone = metered.call("listZones")["zone"][0]["id"]
    network = metered.call("createNetwork", name="n", networkofferingid=offering, zoneid=zone, **owner)["network"]["id"]
    metered.call("createNetworkPermissions", networkid=network, accounts="pins")
    vm = deploy(metered, networkids=network)
    metered.advance(HOUR)
    metered.call("assignVirtualMachine", virtualmachineid=vm, networkids=network, **owner)
    metered.advance(DAY)

    assert [(record["account"], record["rawusage"]) for record in records(metered, 2)] == [
        ("pins", "1"),
        ("system", "11"),
    ]
    assert len(records(metered, 2, account="pins", domainid=domain)) == 1


def test_an_attached_volume_has_two_records(metered: Emulator) -> None:
    vm = deploy(metered)
    metered.advance(DAY)

    first, second = records(metered, 6)
    assert first["usageid"] == second["usageid"]
    assert [record.get("virtualmachineid") for record in (first, second)] == [vm, None]


def test_records_made_on_demand_are_not_made_again_at_night(metered: Emulator) -> None:
    deploy(metered)
    metered.advance(HOUR)
    metered.call("generateUsageRecords", startdate="2020-01-01", enddate="2020-01-02")
    assert records(metered, 2) == []
    metered.advance(60)
    assert len(records(metered, 2)) == 1
    metered.advance(DAY)

    hours = sum(float(record["rawusage"]) for record in records(metered, 2))
    assert round(hours, 3) == 12


def test_without_a_usage_server_every_answer_is_empty() -> None:
    with Emulator(ZoneSpec(settings={}), clock=ManualClock(NOON)) as emulator:
        deploy(emulator)
        assert emulator.call("generateUsageRecords", startdate="2026-11-24", enddate="2026-11-24") == {"success": True}
        emulator.advance(2 * DAY)
        assert emulator.call("listUsageRecords", **ALWAYS) == {}


def test_a_user_sees_only_its_own_records(metered: Emulator) -> None:
    deploy(metered)
    metered.advance(DAY)

    assert metered.call("listUsageRecords", metered.user, **ALWAYS) == {}
    owners = {record["account"] for record in metered.call("listUsageRecords", metered.pins, **ALWAYS)["usagerecord"]}
    assert owners == {"admin", "pins"}


def test_a_usage_id_needs_a_type(metered: Emulator) -> None:
    with pytest.raises(EmulatorCallError, match="431: Usageid must be specified together with usageType"):
        metered.call("listUsageRecords", usageid="x", **ALWAYS)


def test_a_date_of_no_format_is_refused(metered: Emulator) -> None:
    with pytest.raises(EmulatorCallError, match="431: Unable to parse date yesterday"):
        metered.call("listUsageRecords", **ALWAYS | {"startdate": "yesterday"})
