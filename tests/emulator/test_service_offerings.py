"""Service offerings: made, changed, deleted softly."""

from __future__ import annotations

from typing import Any

import pytest

from cloudstack_emulator import Emulator, EmulatorCallError


def make(emulator: Emulator, **params: Any) -> dict[str, Any]:
    fixed: dict[str, Any] = {"name": "pin", "displaytext": "a pin", "cpunumber": 1, "cpuspeed": 100, "memory": 128}
    made: dict[str, Any] = emulator.call("createServiceOffering", **fixed | params)["serviceoffering"]
    return made


def test_an_offering_comes_back_as_it_was_made(emulator: Emulator) -> None:
    made = make(emulator, tags="gold,ps1", storagetype="local", offerha=True, hosttags="fast", cachemode="none")
    (listed,) = emulator.call("listServiceOfferings", id=made["id"])["serviceoffering"]

    assert listed == made
    wanted = {
        "storagetags": "gold,ps1",
        "storagetype": "local",
        "offerha": True,
        "hosttags": "fast",
        "cacheMode": "none",
    }
    assert {name: listed[name] for name in wanted} == wanted


def test_a_deleted_offering_is_listed_only_as_inactive(emulator: Emulator) -> None:
    made = make(emulator)
    emulator.call("deleteServiceOffering", id=made["id"])

    assert emulator.call("listServiceOfferings", id=made["id"]) == {}
    assert emulator.call("listServiceOfferings", id=made["id"], state="inactive")["count"] == 1
    with pytest.raises(EmulatorCallError, match="431: "):
        emulator.call("deleteServiceOffering", id=made["id"])


def test_the_providers_update_changes_name_and_text(emulator: Emulator) -> None:
    made = make(emulator, tags="gold")
    changed = emulator.call("updateServiceOffering", id=made["id"], name="pin-b", displaytext="b", zoneid="all")

    assert changed["serviceoffering"] == made | {"name": "pin-b", "displaytext": "b"}


def test_a_zone_that_is_no_id_is_refused(emulator: Emulator) -> None:
    made = make(emulator)
    zone = emulator.call("listZones")["zone"][0]["id"]
    # What provider 0.6.0 sends for a set of zones.
    with pytest.raises(EmulatorCallError, match="431: invalid zone has been specified"):
        emulator.call("updateServiceOffering", id=made["id"], zoneid=f'["{zone}"]')


def test_an_offering_without_cpus_is_a_customized_one(emulator: Emulator) -> None:
    made = emulator.call("createServiceOffering", name="any", displaytext="any")["serviceoffering"]
    assert made["iscustomized"] is True
    assert "cpunumber" not in made


def test_only_root_admins_make_offerings(emulator: Emulator) -> None:
    for command in ("createServiceOffering", "updateServiceOffering", "deleteServiceOffering"):
        with pytest.raises(EmulatorCallError, match=rf"432: The API \[{command}\]"):
            emulator.call(command, emulator.user)


def test_new_machines_have_the_lease_of_their_offering_once_leases_are_on(emulator: Emulator) -> None:
    leased = make(emulator, tags="gold", leaseduration=3, leaseexpiryaction="DESTROY")["id"]
    without = deploy(emulator, leased)
    emulator.call("updateConfiguration", name="instance.lease.enabled", value="true")
    by_offering, by_call = deploy(emulator, leased), deploy(emulator, leased, leaseduration=9)

    shown = {vm["id"]: vm for vm in emulator.call("listVirtualMachines", listall=True)["virtualmachine"]}
    assert "leaseduration" not in shown[without]
    leases = [(shown[one]["leaseduration"], shown[one]["leaseexpiryaction"]) for one in (by_offering, by_call)]
    assert leases == [(3, "DESTROY"), (9, "STOP")]

    emulator.call("updateVirtualMachine", id=by_call, leaseduration=-1)
    assert "leaseexpirydate" not in emulator.call("listVirtualMachines", id=by_call)["virtualmachine"][0]
    with pytest.raises(EmulatorCallError, match="431: Invalid leaseduration"):
        emulator.call("updateVirtualMachine", id=by_offering, leaseduration=0)


def deploy(emulator: Emulator, offering: str, **params: Any) -> str:
    made: str = emulator.call(
        "deployVirtualMachine",
        emulator.pins,
        serviceofferingid=offering,
        templateid=emulator.call("listTemplates", templatefilter="all", name="Debian 12 (x86_64)")["template"][0]["id"],
        zoneid=emulator.call("listZones")["zone"][0]["id"],
        networkids=emulator.call("listNetworks", listall=True, name="caller-l2")["network"][0]["id"],
        startvm=False,
        **params,
    )["virtualmachine"]["id"]
    return made
