"""What is due when: jobs, garbage collection passes, expunging."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable

from .clock import Clock


class Scheduler:
    """Runs callbacks on the emulator's clock, always under the world's lock.

    A clock that runs by itself needs ``start``: one thread that wakes at the next due moment.
    """

    def __init__(self, clock: Clock, lock: threading.RLock) -> None:
        self._clock = clock
        self._wake = threading.Condition(lock)
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        """Run ``callback`` that many seconds from now; never inside this call."""
        with self._wake:
            heapq.heappush(self._due, (self._clock.now() + max(0.0, seconds), next(self._order), callback))
            self._wake.notify_all()

    def run_due(self) -> None:
        """Run all that is due by now, in order of time."""
        with self._wake:
            while self._due and self._due[0][0] <= self._clock.now():
                heapq.heappop(self._due)[2]()

    def advance(self, seconds: float) -> None:
        """Move the clock ahead, stopping at every moment when something is due."""
        with self._wake:
            target = self._clock.now() + seconds
            while self._due and self._due[0][0] <= target:
                self._clock.advance_to(self._due[0][0])
                heapq.heappop(self._due)[2]()
            self._clock.advance_to(target)
            self._wake.notify_all()

    def start(self) -> None:
        """Start the thread, if the clock runs by itself."""
        if self._clock.runs_by_itself:
            self._thread = threading.Thread(target=self._run, name="cloudstack-emulator-scheduler", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread; what is pending never runs."""
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        with self._wake:
            while not self._stopped:
                self.run_due()
                wait = self._due[0][0] - self._clock.now() if self._due else None
                if wait is None or wait > 0:
                    # A day is as good as for ever, and no platform's lock refuses it.
                    self._wake.wait(86400 if wait is None else min(wait, 86400))
