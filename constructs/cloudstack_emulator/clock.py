"""The emulator's time: real with an offset, or moved by hand."""

from __future__ import annotations

import datetime
import functools
import time
from typing import Protocol


class Clock(Protocol):
    """Seconds since the epoch, and a way to move on."""

    def now(self) -> float:
        """The present time in seconds since the epoch."""

    def advance_to(self, moment: float) -> None:
        """Make ``now`` at least ``moment``."""

    @property
    def runs_by_itself(self) -> bool:
        """Whether time passes without ``advance_to``."""


class RealClock:
    """Wall-clock time plus whatever it was moved ahead by."""

    runs_by_itself = True

    def __init__(self) -> None:
        self._offset = 0.0

    def now(self) -> float:
        """The present time in seconds since the epoch."""
        return time.time() + self._offset

    def advance_to(self, moment: float) -> None:
        """Jump ahead, never back."""
        self._offset += max(0.0, moment - self.now())


class ManualClock:
    """Stands still until it is moved."""

    runs_by_itself = False

    def __init__(self, start: float | None = None) -> None:
        # Signatures carry an expiry in the caller's real time, so the default start is the real present.
        self._now = time.time() if start is None else start

    def now(self) -> float:
        """The present time in seconds since the epoch."""
        return self._now

    def advance_to(self, moment: float) -> None:
        """Move ahead, never back."""
        self._now = max(self._now, moment)


def stamp(moment: float) -> str:
    """A date as CloudStack writes it: ``2026-11-24T21:30:35+0000``."""
    return _stamp(int(moment))


@functools.lru_cache(maxsize=4096)
def _stamp(second: int) -> str:
    return datetime.datetime.fromtimestamp(second, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
