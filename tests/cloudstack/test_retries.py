from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from cloudstack_emulator import Emulator
from cloudstack_pins.cloudstack import Session
from cloudstack_pins.errors import CloudStackError, ServerBroken
from tests.cloudstack.hand_clock import HandClock


@pytest.mark.parametrize("kind", ["http503", "http429", "html502", "dropped", "reset", "malformed"])
def test_read_goes_on_through_three_failures(emulator: Emulator, patient: Session, clock: HandClock, kind: str) -> None:
    emulator.fail("listZones", kind=kind, count=3)

    assert [zone.name for zone in patient.zones()] == ["Sandbox-simulator"]
    assert len(emulator.requests) == 4
    # Doubling from half a second, and up to half of each wait is taken off at random.
    assert all(full / 2 <= wait <= full for wait, full in zip(clock.waits, (0.5, 1.0, 2.0), strict=True))


@pytest.mark.parametrize("kind", ["http503", "http429", "html502", "dropped", "reset", "malformed"])
def test_write_is_never_repeated(emulator: Emulator, patient: Session, clock: HandClock, kind: str) -> None:
    emulator.fail("listZones", kind=kind)

    with pytest.raises(CloudStackError):
        patient.write("listZones")

    assert len(emulator.requests) == 1
    assert clock.waits == []


def test_read_gives_up_after_four_attempts(emulator: Emulator, patient: Session) -> None:
    emulator.fail("listZones", kind="http503", count=100)

    with pytest.raises(ServerBroken):
        patient.zones()

    assert len(emulator.requests) == 4


def test_refusal_is_not_repeated(emulator: Emulator, patient: Session) -> None:
    emulator.fail("listZones", kind="error", code=431)

    with pytest.raises(CloudStackError):
        patient.zones()

    assert len(emulator.requests) == 1


def test_sixteen_threads_share_a_session(emulator: Emulator, session: Session) -> None:
    with ThreadPoolExecutor(16) as pool:
        names = list(pool.map(lambda number: session.read("listZones", name=f"zone {number}"), range(200)))

    assert names == [{}] * 200
    assert sorted(request.params["name"] for request in emulator.requests) == sorted(f"zone {n}" for n in range(200))
