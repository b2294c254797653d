"""How the way of a pin ends: active, failed, or with another try."""

from __future__ import annotations

from cloudstack_pins.activation.judge import Need
from cloudstack_pins.activation.teller import Teller
from cloudstack_pins.activation.work import Phase, Work
from cloudstack_pins.cloudstack.clock import Clock
from cloudstack_pins.plain import plain

TRIES = 3
RETRY_SECONDS = (1.0, 4.0)


class Ends:
    """Ends work and says so."""

    def __init__(self, teller: Teller, clock: Clock) -> None:
        self._teller = teller
        self._clock = clock

    def activate(self, work: Work) -> None:
        """The pin is active."""
        work.said = ""
        work.finish("active", now=self._clock.now())
        root = work.sighting.root if work.sighting else None
        where = f" on {plain(root.pool_name)}" if root is not None and root.pool_name else ""
        self._teller.tell("active", f"active{where} after {work.seconds:.0f} s", work)

    def fail(self, work: Work, reason: str) -> None:
        """The pin failed for ``reason``; what CloudStack said is with the work."""
        work.finish("failed", reason, now=self._clock.now())
        self._teller.tell("failed", plain(f"{reason} ({work.said})" if work.said else reason), work)

    def retry(self, work: Work, what: str) -> None:
        """The start did not succeed: send it again in a while, or give up after three."""
        if work.starts >= TRIES:
            self.fail(work, f"{what}, {work.starts} times")
            return
        work.due = self._clock.now() + RETRY_SECONDS[min(work.starts, len(RETRY_SECONDS)) - 1]
        work.need = Need.START
        work.enter(Phase.WAITING)
        self._teller.tell("retry", f"{what} ({plain(work.said)}); it is tried again", work)

    def cut_short(self, work: Work) -> None:
        """An interruption ended it."""
        on_way = work.phase is not Phase.WAITING and work.sighting is not None
        state = f"its VM was {work.sighting.state}" if on_way and work.sighting else "it had not begun"
        work.cut_short = True
        work.finish("skipped", f"interrupted, {state}; the next run goes on from there", now=self._clock.now())
        self._teller.tell("skipped", work.reason, work)
