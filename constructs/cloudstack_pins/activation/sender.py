"""Sends what a pin needs and puts the work into the phase that follows, also where CloudStack refuses."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from dataclasses import replace

from cloudstack_pins.activation import actions
from cloudstack_pins.activation.ends import TRIES, Ends
from cloudstack_pins.activation.judge import Sighting, owns
from cloudstack_pins.activation.teller import Teller
from cloudstack_pins.activation.work import Phase, Work
from cloudstack_pins.cloudstack import Session
from cloudstack_pins.errors import CloudStackError
from cloudstack_pins.model import Owner
from cloudstack_pins.plain import plain
from cloudstack_pins.roster import Roster


class Sender:
    """Starts, stops, restores and hands over; ``owner`` has to own the pins, ``caller`` is the key's account."""

    def __init__(
        self,
        session: Session,
        roster: Roster,
        *,
        caller: Owner,
        owner: Owner,
        ends: Ends,
        teller: Teller,
        hands: Executor,
    ) -> None:
        self._session = session
        self._roster = roster
        self._caller = caller
        self._owner = owner
        self._ends = ends
        self._teller = teller
        self._hands = hands
        self._hand_overs: dict[Work, Future[None]] = {}

    def start(self, work: Work) -> None:
        """Send the start that leads to the work's pool."""
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

    def stop(self, work: Work) -> None:
        """Send the stop of a running VM, a bounded number of times."""
        if work.stops >= TRIES:
            self._ends.fail(work, f"its VM is still Running after {work.stops} stops")
            return
        work.stops += 1
        try:
            job = actions.stop(self._session, work.vm_id)
        except CloudStackError as error:
            self._on_refusal(work, error)
            return
        work.enter(Phase.STOPPING, job)
        self._teller.tell("stop", "running, stop sent", work)

    def restore(self, work: Work) -> None:
        """Send the restore of a pin that is on another pool or template, a bounded number of times."""
        if work.restores >= TRIES:
            self._ends.fail(work, f"{work.why}, after {work.restores} restores")
            return
        work.restores += 1
        try:
            other = work.sighting is not None and work.sighting.template_id != work.pin.template_id
            job = actions.restore(self._session, work.vm_id, work.pin.template_id if other else None)
        except CloudStackError as error:
            self._on_refusal(work, error)
            return
        # Starts are counted anew: the last one did its work, only elsewhere.
        work.starts, work.stops = 0, 0
        work.enter(Phase.RESTORING, job)
        self._teller.tell("restore", f"{plain(work.why)}; restored for a new start", work)

    def hand_over(self, work: Work) -> None:
        """Assign a pin to its owner, in a thread of its own; ``collect`` takes the end."""
        assert work.sighting is not None
        work.enter(Phase.HANDING_OVER)
        work.hand_overs += 1
        self._hand_overs[work] = self._hands.submit(
            actions.assign, self._session, work.vm_id, self._owner, self._networks(work.sighting)
        )

    def is_handing_over(self, work: Work) -> bool:
        """Whether its assignment is under way."""
        return work in self._hand_overs

    def collect(self) -> None:
        """End the work whose assignment has ended."""
        for work in [work for work, call in self._hand_overs.items() if call.done()]:
            ended = self._hand_overs.pop(work)
            if ended.cancelled():
                work.enter(Phase.WAITING)
                continue
            error = ended.exception()
            if error is None:
                self._teller.tell("hand-over", f"handed over to {self._owner_name}", work)
                self._ends.activate(work)
            elif isinstance(error, CloudStackError):
                self._on_failed_hand_over(work, error)
            else:
                raise error

    @property
    def _owner_name(self) -> str:
        return plain(self._owner.account or "")

    def _reclaim(self, work: Work) -> None:
        """Assign a lapsed pin back: the preference that counts is that of the VM's owner."""
        seen = work.sighting
        if work.pool is None or seen is None or owns(self._caller, seen):
            return
        actions.assign(self._session, seen.vm_id, self._caller, self._networks(seen))
        work.sighting = replace(seen, account=self._caller.account or "", domain_id=self._caller.domain_id or "")
        self._teller.tell("reclaim", f"assigned back from {plain(seen.account)} for its start", work)

    def _on_refused_start(self, work: Work, error: CloudStackError) -> None:
        work.count_start()
        if isinstance(error, actions.FINAL) or actions.is_passing(error) or error.code == 431:
            # 431: it is not Stopped any more, by somebody else's start. Its state tells.
            self._on_refusal(work, error)
        else:
            work.said = actions.words(error)
            self._ends.retry(work, "the start was refused")

    def _on_refusal(self, work: Work, error: CloudStackError) -> None:
        work.said = actions.words(error)
        if isinstance(error, actions.FINAL):
            self._ends.fail(work, f"{error.command} was refused; {error.repair}")
        else:
            # It may have arrived all the same: what the VM does now tells what to do next.
            work.enter(Phase.WATCHING)

    def _on_failed_hand_over(self, work: Work, error: CloudStackError) -> None:
        if work.hand_overs >= TRIES and not isinstance(error, actions.FINAL):
            work.said = actions.words(error)
            self._ends.fail(work, f"it could not be handed over to {self._owner_name}; {error.repair}")
        else:
            self._on_refusal(work, error)

    def _networks(self, seen: Sighting) -> tuple[str, ...]:
        return seen.network_ids or (self._roster.network_id,)
