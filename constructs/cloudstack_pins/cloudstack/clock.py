"""The session's clock: what it waits with, handed in so that tests never sleep."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """The present in seconds since the epoch, and a way to wait."""

    def now(self) -> float:
        """Return the present time in seconds since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Wait; a clock of a test only moves its hands."""


class _SystemClock:
    """Starts at the wall-clock time and runs monotonically from there, so that no deadline jumps with NTP."""

    def __init__(self) -> None:
        self._start = time.time() - time.monotonic()

    def now(self) -> float:
        return self._start + time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))


SYSTEM_CLOCK: Clock = _SystemClock()
"""Real time."""
