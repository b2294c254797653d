"""What a test may do while a call of its victim waits."""

from __future__ import annotations

from typing import Literal
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


def test_it_happens_before_the_call_is_run_and_when_it_is_answered(emulator: Emulator) -> None:
    seen: list[int] = []
    offering = emulator.call("listNetworkOfferings", name="DefaultL2NetworkOffering")["networkoffering"][0]
    zone = emulator.call("listZones")["zone"][0]
    there = len(emulator.world.networks)

    def look() -> None:
        seen.append(len(emulator.world.networks) - there)

    emulator.when("createNetwork", look, answered=look)

    emulator.call("createNetwork", name="n", displaytext="n", zoneid=zone["id"], networkofferingid=offering["id"])

    assert seen == [0, 1]


@pytest.mark.parametrize(("drop", "run"), [("call", False), ("reply", True)])
def test_a_dropped_call_is_not_run_and_a_dropped_reply_not_sent(
    emulator: Emulator, drop: Literal["call", "reply"], run: bool
) -> None:
    emulator.when("registerUserKeys", drop=drop)
    user = next(user for user in emulator.world.users.values() if user.account.name == "pins")
    keys = user.keys

    with pytest.raises((URLError, ConnectionError)):
        emulator.call("registerUserKeys", id=user.id)

    assert (user.keys is not keys) is run


def test_a_clock_that_is_ahead_refuses_the_signatures_of_the_others(emulator: Emulator) -> None:
    emulator.when("listZones", lambda: setattr(emulator.world, "skew", 3600.0))

    with pytest.raises(EmulatorCallError, match="401"):
        emulator.call("listZones")
