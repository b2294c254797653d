"""What a test may do while a call of its victim waits."""

from __future__ import annotations

from urllib.error import URLError

import pytest

from cloudstack_emulator import Emulator, EmulatorCallError


def test_it_happens_once_at_the_call_that_fits_and_other_calls_are_served_meanwhile(emulator: Emulator) -> None:
    seen: list[int] = []
    emulator.when("listZones", lambda: seen.append(len(emulator.call("listHosts")["host"])), match={"name": "Z"})

    emulator.call("listZones")
    assert seen == []
    emulator.call("listZones", name="Z")
    emulator.call("listZones", name="Z")

    assert seen == [4]


@pytest.mark.parametrize(("answered", "before"), [(False, 0), (True, 1)])
def test_it_happens_before_the_call_is_run_or_after(emulator: Emulator, answered: bool, before: int) -> None:
    seen: list[int] = []
    offering = emulator.call("listNetworkOfferings", name="DefaultL2NetworkOffering")["networkoffering"][0]
    zone = emulator.call("listZones")["zone"][0]
    there = len(emulator.world.networks)
    emulator.when("createNetwork", lambda: seen.append(len(emulator.world.networks) - there), answered=answered)

    emulator.call("createNetwork", name="n", displaytext="n", zoneid=zone["id"], networkofferingid=offering["id"])

    assert seen == [before]


def test_a_dropped_call_is_not_run(emulator: Emulator) -> None:
    emulator.when("registerUserKeys", lambda: None, drop=True)
    user = next(user for user in emulator.world.users.values() if user.account.name == "pins")
    keys = user.keys

    with pytest.raises((URLError, ConnectionError)):
        emulator.call("registerUserKeys", id=user.id)

    assert user.keys is keys


def test_a_clock_that_is_ahead_refuses_the_signatures_of_the_others(emulator: Emulator) -> None:
    emulator.when("listZones", lambda: setattr(emulator.world, "skew", 3600.0))

    with pytest.raises(EmulatorCallError, match="401"):
        emulator.call("listZones")
