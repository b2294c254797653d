"""Drives all pins at once: looks at what runs, decides by state, sends what is missing, never more than is allowed.

One thread decides. Starts, stops and restores are CloudStack's jobs and run there; assigning a VM to its owner is a
call that waits, so a few threads make those. Each round reads the VMs on their way in one list.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from cloudstack_pins.activation import actions
from cloudstack_pins.activation.ends import Ends
from cloudstack_pins.activation.judge import GONE, Need, Sighting, judge
from cloudstack_pins.activation.lease import Lease, LeaseLost
from cloudstack_pins.activation.observe import look_again, look_at_root
from cloudstack_pins.activation.pause import pause
from cloudstack_pins.activation.placement import Preference
from cloudstack_pins.activation.schedule import Waiting, next_turn
from cloudstack_pins.activation.sender import Sender
from cloudstack_pins.activation.teller import Teller
from cloudstack_pins.activation.work import Phase, Work
from cloudstack_pins.cloudstack import Caller, Session
from cloudstack_pins.cloudstack.clock import Clock
from cloudstack_pins.errors import CloudStackError
from cloudstack_pins.model import Owner
from cloudstack_pins.plain import plain
from cloudstack_pins.roster import Roster

FIRST_PAUSE_SECONDS = 0.1
PAUSE_SECONDS = 2.0
LATENESS = 1 / 8
"""The pause as a part of the time since something moved: what took 8 s is seen after at most one more."""
SETTLE_SECONDS = 3.0
PATIENCE_SECONDS = 300.0
"""How long the API may be out of reach before the pins on their way are given up."""
HANDS = 4


@dataclass(frozen=True, kw_only=True)
class Limits:
    """``max_parallel`` starts at once, ``timeout`` seconds for one pin."""

    max_parallel: int
    timeout: float


class Engine:
    """One activation of the pins that need it; ``run`` leaves every work done.

    ``lease`` None means that the key may not take one (and has no preference to guard).
    """

    def __init__(
        self,
        session: Session,
        roster: Roster,
        works: Sequence[Work],
        *,
        caller: Caller,
        owner: Owner,
        preference: Preference,
        lease: Lease | None,
        limits: Limits,
        clock: Clock,
        teller: Teller,
        stop: threading.Event,
    ) -> None:
        self._session = session
        self._roster = roster
        self._works = works
        self._owner = owner
        self._preference = preference
        self._preferred: str | None = None
        self._lease = lease
        self._limits = limits
        self._clock = clock
        self._teller = teller
        self._stop = stop
        self._trouble_since: float | None = None
        self._ends = Ends(teller, clock)
        self._hands = ThreadPoolExecutor(max_workers=HANDS, thread_name_prefix="hand-over")
        self._sender = Sender(
            session,
            roster,
            caller=Owner(account=caller.account, domain_id=caller.domain_id),
            owner=owner,
            ends=self._ends,
            teller=teller,
            hands=self._hands,
        )

    def run(self) -> None:
        """Go round until every pin is done, ``stop`` is set, or CloudStack stays out of reach."""
        with self._hands:
            moved = self._clock.now()
            while not self._stop.is_set() and not self._is_done():
                if self._round():
                    moved = self._clock.now()
                if not self._is_done():
                    pause(self._clock, self._pause_after(self._clock.now() - moved), self._stop)
            if self._stop.is_set() and not self._is_done():
                self._settle()
                self._hands.shutdown(cancel_futures=True)
        self._sender.collect()
        for work in self._works:
            if not work.is_done:
                self._ends.cut_short(work)

    @staticmethod
    def _pause_after(quiet: float) -> float:
        return min(PAUSE_SECONDS, max(FIRST_PAUSE_SECONDS, quiet * LATENESS))

    def _is_done(self) -> bool:
        return all(work.is_done for work in self._works)

    def _round(self) -> bool:
        """Do all that can be done now; return whether anything moved."""
        before = [(work.phase, work.placed, work.attempts) for work in self._works]
        try:
            self._sender.collect()
            if self._lease is not None:
                self._lease.keep()
            self._look()
            self._give_up_late()
            self._begin_repairs()
            self._begin_starts()
        except LeaseLost as error:
            # Whoever took it over has put the preference back; ours would now disturb theirs.
            self._preference.forget()
            self._abandon(str(error), "")
        except CloudStackError as error:
            self._on_trouble(error)
        else:
            self._trouble_since = None
        return before != [(work.phase, work.placed, work.attempts) for work in self._works]

    def _on_trouble(self, error: CloudStackError) -> None:
        now = self._clock.now()
        if self._trouble_since is None:
            self._trouble_since = now
            self._teller.tell("warning", plain(error.text))
        if not actions.is_passing(error) or now - self._trouble_since > PATIENCE_SECONDS:
            self._abandon(
                f"{error.command} failed, so nothing more could be done; {error.repair}", actions.words(error)
            )

    def _abandon(self, reason: str, said: str) -> None:
        for work in self._works:
            if not work.is_done and not self._sender.is_handing_over(work):
                work.said = said or work.said
                self._ends.fail(work, reason)

    # What is seen

    def _look(self) -> None:
        flying = [work for work in self._works if work.in_flight]
        seen = look_again(self._session, (work.vm_id for work in flying))
        for work in flying:
            sighting = seen.get(work.vm_id)
            if sighting is None or sighting.state in GONE:
                state = sighting.state if sighting else "gone"
                self._ends.fail(work, f"its VM {work.vm_id} is {state}; `terraform apply` creates another")
                continue
            work.sighting = sighting
            self._advance(work, sighting)

    def _advance(self, work: Work, seen: Sighting) -> None:
        if seen.state == "Running":
            self._on_running(work)
        elif seen.state == "Stopped":
            self._on_stopped(work)
        elif work.is_unplaced and seen.host_id is not None:
            work.placed = True
            self._teller.tell("placed", "CloudStack has chosen the host, the copy is under way", work)

    def _on_running(self, work: Work) -> None:
        work.placed = True
        if work.phase is Phase.STOPPING:
            work.ended = work.ended or actions.end_of(self._session, work.job)
            if work.ended is None:
                return
            work.said = actions.words(work.ended)
        self._sender.stop(work)

    def _on_stopped(self, work: Work) -> None:
        if work.phase in (Phase.STARTING, Phase.RESTORING) and work.ended is None:
            # The job decides when to look, never what is true; what it left is read in the next round.
            work.ended = actions.end_of(self._session, work.job)
            return
        self._conclude(work)

    def _conclude(self, work: Work) -> None:
        """Judge a stopped VM by its ROOT and go on from there."""
        assert work.sighting is not None
        if work.ended is not None and work.ended.status == "failed":
            work.said = actions.words(work.ended)
        work.sighting = replace(work.sighting, root=look_at_root(self._session, work.vm_id))
        found = judge(work.pin, work.sighting, pool=work.pool, owner=self._owner)
        work.need, work.why = found.need, found.why
        if found.need is Need.NOTHING:
            self._ends.activate(work)
        elif found.need is Need.HAND_OVER:
            self._sender.hand_over(work)
        elif found.need is Need.START and work.starts:
            self._ends.retry(work, "the start failed")
        elif found.need is Need.RESTORE and not self._stop.is_set():
            # It went astray, perhaps since something else set the preference: it is not to be taken for granted.
            self._preferred = None
            self._sender.restore(work)
        else:
            work.enter(Phase.WAITING)

    def _give_up_late(self) -> None:
        now, limit = self._clock.now(), self._limits.timeout
        for work in self._works:
            if work.in_flight and work.began is not None and now - work.began > limit:
                state = work.sighting.state if work.sighting else "unknown"
                self._ends.fail(
                    work,
                    f"not active after {limit:.0f} s, its VM is {state}; what runs goes on in CloudStack, "
                    "and the next run takes it from there",
                )

    # What is sent

    def _free(self) -> int:
        return self._limits.max_parallel - sum(work.in_flight for work in self._works)

    def _begin_repairs(self) -> None:
        for work in self._works:
            if work.phase is not Phase.WAITING or work.need is Need.START:
                continue
            if work.need is Need.HAND_OVER:
                self._began(work)
                self._sender.hand_over(work)
            elif self._free() > 0:
                self._began(work)
                self._begin_repair(work)

    def _begin_repair(self, work: Work) -> None:
        if work.need is Need.STOP:
            self._sender.stop(work)
        elif work.need is Need.RESTORE:
            self._sender.restore(work)
        else:
            work.enter(Phase.WATCHING)
            self._teller.tell("watch", f"{plain(work.why)}; waiting for it", work)

    def _begin_starts(self) -> None:
        by_address = {work.pin.address: work for work in self._works}
        while not self._stop.is_set():
            turn = next_turn(
                [
                    Waiting(address=work.pin.address, pool=work.pin.pool, since=work.due)
                    for work in self._works
                    if work.phase is Phase.WAITING and work.need is Need.START
                ],
                preferred=self._preferred,
                unplaced=sum(work.is_unplaced for work in self._works),
                free=self._free(),
                now=self._clock.now(),
            )
            if not turn.addresses:
                return
            if turn.pool is not None and turn.pool != self._preferred:
                self._prefer(turn.pool)
            for address in turn.addresses:
                if not self._stop.is_set():
                    self._began(by_address[address])
                    self._sender.start(by_address[address])

    def _prefer(self, key: str) -> None:
        pool = self._roster.pools[key]
        self._preference.move(pool)
        self._preferred = key
        self._teller.tell("preference", f"the account prefers pool {plain(pool.name)} now")

    # The end

    def _settle(self) -> None:
        """Let the starts that were sent choose their pool, for the preference goes back now; stop what runs."""
        self._teller.tell("interrupted", "interrupted: nothing more is started")
        deadline = self._clock.now() + SETTLE_SECONDS
        try:
            self._look()
            while any(work.is_unplaced for work in self._works) and self._clock.now() < deadline:
                self._clock.sleep(FIRST_PAUSE_SECONDS)
                self._look()
        except CloudStackError as error:
            self._teller.tell("warning", plain(error.text))

    def _began(self, work: Work) -> None:
        if work.began is None:
            work.began = self._clock.now()
