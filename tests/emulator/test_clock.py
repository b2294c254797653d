"""Time: clocks, and what is due on them."""

from __future__ import annotations

import threading

import pytest

from cloudstack_emulator import Clock, ManualClock, RealClock
from cloudstack_emulator.clock import stamp
from cloudstack_emulator.scheduler import Scheduler


@pytest.fixture(params=[ManualClock, RealClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    """Each kind of clock."""
    made: Clock = request.param()
    return made


def test_advancing_runs_what_is_due_at_its_own_moment_in_order(clock: Clock) -> None:
    scheduler = Scheduler(clock, threading.RLock())
    seen: list[tuple[str, int]] = []
    start = clock.now()
    for name, seconds in (("b", 20), ("a", 10), ("c", 30), ("late", 3000)):
        scheduler.after(seconds, lambda name=name: seen.append((name, round(clock.now() - start))))  # type: ignore[misc]

    scheduler.advance(100)

    assert seen == [("a", 10), ("b", 20), ("c", 30)]
    assert clock.now() - start >= 100


def test_what_becomes_due_on_the_way_runs_as_well() -> None:
    clock = ManualClock(0)
    scheduler = Scheduler(clock, threading.RLock())
    moments: list[float] = []

    def tick() -> None:
        moments.append(clock.now())
        scheduler.after(40, tick)

    scheduler.after(40, tick)
    scheduler.advance(125)

    assert (moments, clock.now()) == ([40, 80, 120], 125)


def test_a_real_clock_runs_what_is_due_by_itself() -> None:
    scheduler = Scheduler(RealClock(), threading.RLock())
    done = threading.Event()
    scheduler.start()
    try:
        scheduler.after(0.01, done.set)
        assert done.wait(30)
    finally:
        scheduler.stop()


def test_clocks_never_go_back() -> None:
    clock = ManualClock(100)
    clock.advance_to(50)

    assert clock.now() == 100


def test_dates_are_written_as_cloudstack_does() -> None:
    assert stamp(1_795_555_835.9) == "2026-11-24T21:30:35+0000"
