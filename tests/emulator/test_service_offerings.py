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
