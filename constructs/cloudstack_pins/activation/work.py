"""One pin on its way to being active: what was sent for it and what came of that."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cloudstack_pins.activation.judge import Judgement, Need, Sighting
from cloudstack_pins.activation.report import PinOutcome, State
from cloudstack_pins.cloudstack import JobResult
from cloudstack_pins.model import Pool
from cloudstack_pins.roster import RosterPin


class Phase(StrEnum):
    """Where a pin is on its way."""

    WAITING = "waiting"
    STARTING = "starting"
    STOPPING = "stopping"
    RESTORING = "restoring"
    WATCHING = "watching"
    HANDING_OVER = "handing over"
    DONE = "done"


@dataclass(eq=False, kw_only=True)
class Work:
    """What is known of one pin during an activation; times in seconds since the epoch.

    ``attempts`` counts all starts, ``starts`` those since the last restore. ``job`` is the job that is waited for and
    ``ended`` its result; ``due`` the moment from which the next start may be sent; ``placed`` whether the planner has
    chosen a pool for the running start; ``cut_short`` whether an interruption ended it.
    """

    pin: RosterPin
    pool: Pool | None
    need: Need
    sighting: Sighting | None
    why: str = ""
    phase: Phase = Phase.WAITING
    job: str | None = None
    ended: JobResult | None = None
    began: float | None = None
    due: float = 0.0
    placed: bool = False
    starts: int = 0
    attempts: int = 0
    stops: int = 0
    restores: int = 0
    hand_overs: int = 0
    said: str = ""
    reason: str = ""
    state: State | None = None
    cut_short: bool = False
    seconds: float = 0.0

    @property
    def vm_id(self) -> str:
        """The id of the pin's VM; only for work that has one."""
        assert self.sighting is not None
        return self.sighting.vm_id

    @property
    def in_flight(self) -> bool:
        """Whether it takes one of the places for running starts."""
        return self.phase in (Phase.STARTING, Phase.STOPPING, Phase.RESTORING, Phase.WATCHING)

    @property
    def is_unplaced(self) -> bool:
        """Whether a start under the present preference has no host yet."""
        return self.phase is Phase.STARTING and not self.placed and self.pool is not None

    @property
    def is_done(self) -> bool:
        """Whether nothing more happens."""
        return self.phase is Phase.DONE

    def enter(self, phase: Phase, job: str | None = None) -> None:
        """Go on to ``phase``, waiting for ``job``."""
        self.phase, self.job, self.ended = phase, job, None

    def count_start(self) -> None:
        """Note that a start was sent."""
        self.starts += 1
        self.attempts += 1

    def finish(self, state: State, reason: str = "", *, now: float) -> None:
        """End as ``state``."""
        self.state, self.reason, self.phase = state, reason, Phase.DONE
        self.seconds = 0.0 if self.began is None else now - self.began

    def outcome(self, known: tuple[str, ...] = ()) -> PinOutcome:
        """Return what the report says of it."""
        assert self.state is not None
        root = self.sighting.root if self.sighting else None
        kept = root.pool_name if root is not None and self.state == "active" else None
        return PinOutcome(
            address=self.pin.address,
            template=self.pin.template,
            template_name=self.pin.template_name,
            storage_tag=self.pin.storage_tag,
            pool=self.pin.pool,
            pool_name=kept or (self.pool.name if self.pool else None),
            state=self.state,
            reason=self.reason,
            said=self.said,
            known=known,
            vm_id=self.sighting.vm_id if self.sighting else None,
            seconds=self.seconds,
            attempts=self.attempts,
        )


def work_for(judgement: Judgement, pool: Pool | None) -> Work:
    """Return the work that a judgement asks for."""
    return Work(pin=judgement.pin, pool=pool, need=judgement.need, sighting=judgement.sighting, why=judgement.why)
