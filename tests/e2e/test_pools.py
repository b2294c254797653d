"""What happens to pools between two locks: maintenance, a new pool under an old name, a pool without room."""

from __future__ import annotations

import pytest

from cloudstack_emulator import GIB
from tests.e2e.declared_set import template
from tests.e2e.emulator_site import DEBIAN, UBUNTU, EmulatorSite

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.live,
    pytest.mark.emulator_only("a real pool is not for tests to take away or to fill"),
]


def test_a_pool_keeps_its_pins_through_maintenance_and_gets_others_when_it_is_made_anew(
    emulator_site: EmulatorSite,
) -> None:
    site, emulator = emulator_site, emulator_site.emulator
    pins = site.new_set(
        "pools", {"debian-12": template(DEBIAN, "gold")}, storage_tags={"gold": {"service_offering": "pin-gold"}}
    )
    pins.apply().checked()
    before = pins.ids()

    emulator.call("enableStorageMaintenance", id=emulator.pool("PS1").id)
    assert "is current" in pins.lock()
    pins.assert_clean()
    emulator.call("cancelStorageMaintenance", id=emulator.pool("PS1").id)
    assert "is current" in pins.lock()
    pins.assert_clean()

    emulator.remove_pool("PS1")
    made = emulator.add_pool("PS1", cluster="C0", tags=["gold"])
    pins.lock()
    pins.apply().checked()

    assert pins.problems() == []
    after = pins.ids()
    assert set(after) == set(before), "the new pool has the old one's key"
    assert {key for key in after if after[key] != before[key]} == {"debian-12_gold_PS1"}
    assert {pin.pool.id for pin in pins.pins if pin.pool and pin.pool.name == "PS1"} == {made}
    pins.assert_clean()


def test_on_a_full_pool_the_second_apply_frees_what_the_third_needs(emulator_site: EmulatorSite) -> None:
    site, emulator = emulator_site, emulator_site.emulator
    # Twice overprovisioned and allocated up to 85 %: 7.65 GiB. The old pin takes 4, of which its copy is 2; the new 6.
    emulator.add_pool("small", cluster="C0", tags=["tight"], capacity=int(4.5 * GIB))
    pins = site.new_set("full", {"debian-12": template(DEBIAN, "tight")}, storage_tags={"tight": {}})
    pins.apply().checked()

    pins.toml["templates"] = {"ubuntu": template(UBUNTU, "tight")}
    pins.lock()
    first = pins.apply()
    assert not first.ok
    assert "1 failed" in first.output
    assert DEBIAN in {machine.template_name for machine in pins.machines()}, "what protects goes last"

    second = pins.apply()
    assert not second.ok
    assert {machine.template_name for machine in pins.machines()} == {UBUNTU}
    site.let_garbage_collection_pass()

    pins.apply().checked()
    assert pins.problems() == []
    pins.assert_clean()
