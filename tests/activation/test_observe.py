"""Looking at many pins: in lists that CloudStack's server takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloudstack_emulator import Emulator
from cloudstack_pins.activation.observe import IDS_AT_ONCE, look_again
from tests.activation.stage import Stage

MANY = 2 * IDS_AT_ONCE + 50


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Jobs that end at once."""
    with Emulator() as emulator:
        yield emulator


def test_more_pins_than_fit_into_one_address_are_looked_at_in_parts(stage: Stage) -> None:
    (pin, *_) = stage.pin_set(tags=("gold",)).pins
    with stage.session() as session:
        vms = [
            session.read(
                "deployVirtualMachine",
                zoneid=pin.zone_id,
                templateid=pin.template.id,
                serviceofferingid=pin.storage_tag.service_offering_id,
                networkids=pin.network_id,
                startvm=False,
            )["id"]
            for _ in range(MANY)
        ]
        before = len(stage.emulator.requests)
        seen = look_again(session, vms)

    assert set(seen) == set(vms)
    assert stage.commands(since=before) == ["listVirtualMachines"] * 3
