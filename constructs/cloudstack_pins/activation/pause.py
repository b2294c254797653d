"""Waiting that a stop ends."""

from __future__ import annotations

import threading

from cloudstack_pins.cloudstack.clock import Clock

STEP_SECONDS = 0.5


def pause(clock: Clock, seconds: float, stop: threading.Event) -> None:
    """Wait, but not longer than half a second past a stop."""
    while seconds > 0 and not stop.is_set():
        clock.sleep(min(seconds, STEP_SECONDS))
        seconds -= STEP_SECONDS
