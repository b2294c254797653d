"""Drives all pins at once: looks at what runs, decides by state, sends what is missing, never more than is allowed.

One thread decides. Starts, stops and restores are CloudStack's jobs and run there; assigning a VM to its owner is a
call that waits, so a few threads make those. Each round reads the VMs on their way in one list.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from cloudstack_pins.activation import actions
from cloudstack_pins.activation.judge import GONE, Need, Sighting, judge
from cloudstack_pins.activation.lease import Lease, LeaseLost
from cloudstack_pins.activation.observe import look_again, look_at_root
from cloudstack_pins.activation.placement import Preference
from cloudstack_pins.activation.schedule import Waiting, next_turn
from cloudstack_pins.activation.teller import Teller
from cloudstack_pins.activation.work import Phase, Work
from cloudstack_pins.cloudstack import Caller, Session
from cloudstack_pins.cloudstack.clock import Clock
from cloudstack_pins.errors import CloudStackError
from cloudstack_pins.model import Owner
from cloudstack_pins.plain import plain
from cloudstack_pins.roster import Roster

TRIES = 3
RETRY_SECONDS = (1.0, 4.0)
FIRST_PAUSE_SECONDS = 0.1
PAUSE_SECONDS = 2.0
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
    """One activation of the pins that need it; ``run`` leaves every work done."""

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
        self._caller = Owner(account=caller.account, domain_id=caller.domain_id)
        self._owner = owner
        self._preference = preference
        self._preferred: str | None = None
        self._lease = lease
        self._limits = limits
        self._clock = clock
        self._teller = teller
        self._stop = stop
        self._trouble_since: float | None = None
        self._hand_overs: dict[Work, Future[None]] = {}

    def run(self) -> None:
        """Go round until every pin is done, ``stop`` is set, or CloudStack stays out of reach."""
        with ThreadPoolExecutor(max_workers=HANDS, thread_name_prefix="hand-over") as self._hands:
            pause = FIRST_PAUSE_SECONDS
            while not self._stop.is_set() and not all(work.is_done for work in self._works):
                pause = FIRST_PAUSE_SECONDS if self._round() else min(PAUSE_SECONDS, pause * 1.6)
                if not all(work.is_done for work in self._works):
                    self._pause(pause)
            if self._stop.is_set():
                self._settle()
        self._collect_hand_overs()
        self._end_rest()

    # One round

    def _round(self) -> bool:
        """Do all that can be done now; return whether anything moved."""
        before = [(work.phase, work.placed, work.starts) for work in self._works]
        try:
            self._collect_hand_overs()
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
        return before != [(work.phase, work.placed, work.starts) for work in self._works]

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
            if not work.is_done and work not in self._hand_overs:
                work.said = said or work.said
                self._fail(work, reason)

    def _look(self) -> None:
        flying = [work for work in self._works if work.in_flight]
        seen = look_again(self._session, (work.vm_id for work in flying))
        for work in flying:
            sighting = seen.get(work.vm_id)
            if sighting is None or sighting.state in GONE:
                self._fail(work, f"its VM {work.vm_id} is {sighting.state if sighting else 'gone'}; apply again")
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
        self._send_stop(work)

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
            self._activate(work)
        elif found.need is Need.HAND_OVER:
            self._hand_over(work)
        elif found.need is Need.START and work.starts:
            self._retry(work, "the start failed")
        elif found.need is Need.RESTORE and not self._stop.is_set():
            self._send_restore(work)
        else:
            work.enter(Phase.WAITING)

    def _retry(self, work: Work, what: str) -> None:
        if work.starts >= TRIES:
            self._fail(work, f"{what}, {work.starts} times")
            return
        work.due = self._clock.now() + RETRY_SECONDS[min(work.starts, len(RETRY_SECONDS)) - 1]
        work.need = Need.START
        work.enter(Phase.WAITING)
        self._teller.tell("retry", f"{what} ({plain(work.said)}); it is tried again", work)

    def _give_up_late(self) -> None:
        now = self._clock.now()
        for work in self._works:
            if work.in_flight and work.began is not None and now - work.began > self._limits.timeout:
                state = work.sighting.state if work.sighting else "unknown"
                self._fail(
                    work,
                    f"not active after {self._limits.timeout:.0f} s, its VM is {state}; what runs goes on in "
                    "CloudStack, and the next run takes it from there",
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
                self._hand_over(work)
            elif self._free() > 0:
                self._began(work)
                self._begin_repair(work)

    def _begin_repair(self, work: Work) -> None:
        if work.need is Need.STOP:
            self._send_stop(work)
        elif work.need is Need.RESTORE:
            self._send_restore(work)
        else:
            work.enter(Phase.WATCHING)
            self._teller.tell("watch", f"{work.why}; waiting for it", work)

    def _begin_starts(self) -> None:
        by_address = {work.pin.address: work for work in self._works}
        while True:
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
            if not turn.addresses or self._stop.is_set():
                return
            if turn.pool is not None and turn.pool != self._preferred:
                self._prefer(turn.pool)
            for address in turn.addresses:
                if self._stop.is_set():
                    return
                self._send_start(by_address[address])

    def _prefer(self, key: str) -> None:
        pool = self._roster.pools[key]
        self._preference.move(pool)
        self._preferred = key
        self._teller.tell("preference", f"the account prefers pool {plain(pool.name)} now")

    def _send_start(self, work: Work) -> None:
        self._began(work)
        work.placed = False
        try:
            self._reclaim(work)
            job = actions.start(self._session, work.vm_id, work.pool)
        except CloudStackError as error:
            self._on_refused_start(work, error)
            return
        work.count_start()
        work.enter(Phase.STARTING, job)
        again = f" (try {work.starts})" if work.starts > 1 else ""
        self._teller.tell("start", f"start sent{again}", work)

    def _reclaim(self, work: Work) -> None:
        """Assign a lapsed pin back: the preference that counts is that of the VM's owner."""
        seen = work.sighting
        if work.pool is None or seen is None or seen.account == self._caller.account:
            return
        actions.assign(self._session, seen.vm_id, self._caller, self._networks(seen))
        work.sighting = replace(seen, account=self._caller.account or "", domain_id=self._caller.domain_id or "")
        self._teller.tell("reclaim", f"assigned back from {plain(seen.account)} for its start", work)

    def _on_refused_start(self, work: Work, error: CloudStackError) -> None:
        work.said = actions.words(error)
        if isinstance(error, actions.FINAL):
            self._fail(work, f"{error.command} was refused; {error.repair}")
            return
        work.count_start()
        if actions.is_passing(error) or error.code == 431:
            # It may run all the same, by this call or by somebody else's: the VM's state tells.
            work.enter(Phase.WATCHING)
        else:
            self._retry(work, "the start was refused")

    def _send_stop(self, work: Work) -> None:
        if work.stops >= TRIES:
            self._fail(work, f"its VM is still Running after {work.stops} stops")
            return
        work.stops += 1
        try:
            job = actions.stop(self._session, work.vm_id)
        except CloudStackError as error:
            work.said = actions.words(error)
            if isinstance(error, actions.FINAL):
                self._fail(work, f"{error.command} was refused; {error.repair}")
            else:
                work.enter(Phase.WATCHING)
            return
        work.enter(Phase.STOPPING, job)
        self._teller.tell("stop", "running, stop sent", work)

    def _send_restore(self, work: Work) -> None:
        if work.restores >= TRIES:
            self._fail(work, f"{work.why}, after {work.restores} restores and new starts")
            return
        work.restores += 1
        try:
            job = actions.restore(self._session, work.vm_id, work.pin.template_id)
        except CloudStackError as error:
            work.said = actions.words(error)
            if isinstance(error, actions.FINAL):
                self._fail(work, f"{error.command} was refused; {error.repair}")
            else:
                work.enter(Phase.WATCHING)
            return
        # Starts are counted anew: the last one did its work, only elsewhere.
        work.starts, work.stops = 0, 0
        work.enter(Phase.RESTORING, job)
        self._teller.tell("restore", f"{plain(work.why)}; restored for a new start", work)

    def _hand_over(self, work: Work) -> None:
        assert work.sighting is not None
        work.enter(Phase.HANDING_OVER)
        work.hand_overs += 1
        self._hand_overs[work] = self._hands.submit(
            actions.assign, self._session, work.vm_id, self._owner, self._networks(work.sighting)
        )

    def _collect_hand_overs(self) -> None:
        for work in [work for work, call in self._hand_overs.items() if call.done()]:
            error = self._hand_overs.pop(work).exception()
            if error is None:
                self._teller.tell("hand-over", f"handed over to {plain(self._owner.account or '')}", work)
                self._activate(work)
            elif not isinstance(error, CloudStackError):
                raise error
            else:
                self._on_failed_hand_over(work, error)

    def _on_failed_hand_over(self, work: Work, error: CloudStackError) -> None:
        work.said = actions.words(error)
        if isinstance(error, actions.FINAL) or work.hand_overs >= TRIES or self._stop.is_set():
            self._fail(work, f"it could not be handed over to {plain(self._owner.account or '')}; {error.repair}")
        else:
            # After a lost reply it may have its owner: read it again.
            work.enter(Phase.WATCHING)

    # Ends

    def _activate(self, work: Work) -> None:
        work.said = ""
        work.finish("active", now=self._clock.now())
        root = work.sighting.root if work.sighting else None
        where = f" on {plain(root.pool_name)}" if root is not None and root.pool_name else ""
        self._teller.tell("active", f"active{where} after {work.seconds:.0f} s", work)

    def _fail(self, work: Work, reason: str) -> None:
        work.finish("failed", reason, now=self._clock.now())
        self._teller.tell("failed", plain(f"{reason} ({work.said})" if work.said else reason), work)

    def _settle(self) -> None:
        """Let the starts that were sent choose their pool, for the preference goes back now; stop what runs."""
        self._teller.tell("interrupted", "interrupted: nothing more is started")
        deadline = self._clock.now() + SETTLE_SECONDS
        try:
            while any(work.is_unplaced for work in self._works) and self._clock.now() < deadline:
                self._look()
                self._clock.sleep(FIRST_PAUSE_SECONDS)
            self._look()
        except CloudStackError as error:
            self._teller.tell("warning", plain(error.text))

    def _end_rest(self) -> None:
        for work in self._works:
            if work.is_done:
                continue
            on_way = work.phase is not Phase.WAITING
            state = f"its VM was {work.sighting.state}" if on_way and work.sighting else "it had not begun"
            work.cut_short = True
            work.finish("skipped", f"interrupted, {state}; the next run goes on from there", now=self._clock.now())
            self._teller.tell("skipped", work.reason, work)

    def _began(self, work: Work) -> None:
        if work.began is None:
            work.began = self._clock.now()

    def _networks(self, seen: Sighting) -> tuple[str, ...]:
        return seen.network_ids or (self._roster.network_id,)

    def _pause(self, seconds: float) -> None:
        """Wait, but not long past a stop."""
        while seconds > 0 and not self._stop.is_set():
            step = min(seconds, 0.5)
            self._clock.sleep(step)
            seconds -= step
