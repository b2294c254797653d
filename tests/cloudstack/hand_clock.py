"""A clock that a session waits with and that takes no time: waiting moves its hands."""

from __future__ import annotations

from collections.abc import Callable


class HandClock:
    """Remembers every wait; ``on_sleep`` is told of each, as to move the emulator's clock along."""

    def __init__(self, on_sleep: Callable[[float], None] = lambda seconds: None) -> None:
        self.waits: list[float] = []
        self._now = 1_800_000_000.0
        self._on_sleep = on_sleep

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._now += seconds
        self._on_sleep(seconds)
