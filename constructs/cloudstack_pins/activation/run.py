"""One activation from reading to report: what the command and the run task call."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from cloudstack_pins.activation.diagnosis import describe, gather
from cloudstack_pins.activation.engine import Engine, Limits
from cloudstack_pins.activation.events import Listener
from cloudstack_pins.activation.judge import Need, declared_owner, judge, leftovers
from cloudstack_pins.activation.lease import Lease
from cloudstack_pins.activation.lease_tags import is_abandoned
from cloudstack_pins.activation.observe import Observation, observe
from cloudstack_pins.activation.placement import PREFERENCE, Preference
from cloudstack_pins.activation.report import Leftover, Report
from cloudstack_pins.activation.teller import Teller
from cloudstack_pins.activation.work import Work, work_for
from cloudstack_pins.cloudstack import Caller, Session
from cloudstack_pins.cloudstack.clock import Clock
from cloudstack_pins.errors import ActivationError, CloudStackError, RightsMissing
from cloudstack_pins.model import Owner
from cloudstack_pins.plain import plain
from cloudstack_pins.roster import Roster

CANNOT_START = frozenset({Need.START, Need.RESTORE, Need.VM})


def activate(
    session: Session,
    roster: Roster,
    *,
    clock: Clock,
    on_event: Listener,
    stop: threading.Event,
    only: Collection[str] = (),
    max_parallel: int | None = None,
    timeout: float | None = None,
) -> Report:
    """Make every pin of the roster active: Ready on its pool, Stopped, owned as declared.

    ``only`` limits the work to these template keys, ``max_parallel`` is the total of starts that run at once,
    ``timeout`` the seconds that one pin may take and that another activation is waited for (both default to what the
    stack declares). Once ``stop`` is set nothing more is started, the account's preference is put back, and the
    report says what is left. What is active already costs one list per pool and two more, and no write.

    Raises ActivationError where the key's rights cannot do what is declared, where ``only`` names no template of the
    roster, or where another activation holds the lease for too long; CloudStackError where nothing could be read.
    """
    _refuse_unknown(roster, only)
    activation = _Activation(session, roster, clock=clock, teller=Teller(on_event, clock), stop=stop, only=only)
    limits = Limits(
        max_parallel=max(1, max_parallel if max_parallel is not None else roster.activation.max_parallel),
        timeout=timeout if timeout is not None else roster.activation.timeout,
    )
    return activation.run(limits)


class _Activation:
    def __init__(
        self,
        session: Session,
        roster: Roster,
        *,
        clock: Clock,
        teller: Teller,
        stop: threading.Event,
        only: Collection[str],
    ) -> None:
        self._session = session
        self._roster = roster
        self._clock = clock
        self._teller = teller
        self._stop = stop
        self._only = frozenset(only)
        self._works: tuple[Work, ...] = ()
        self._owner = roster.owner
        self._caller: Caller | None = None
        self._problems: list[str] = []

    def run(self, limits: Limits) -> Report:
        if self._roster.owner.is_caller:
            self._ask_caller()
        self._read()
        if self._caller is None and any(work.need is Need.VM for work in self._works):
            # A key that may not see the pins of another account would be told that there are none.
            self._ask_caller()
        if self._is_to_do() or is_abandoned(self._session, self._roster.network_id, self._clock.now()):
            self._work(self._caller or self._ask_caller(), limits)
        return self._report()

    def _ask_caller(self) -> Caller:
        caller = self._session.caller()
        refuse_rights(self._roster, caller)
        self._caller, self._owner = caller, declared_owner(self._roster, caller)
        return caller

    def _read(self) -> Observation:
        """Look at everything and decide what each pin needs."""
        observation = observe(self._session, self._roster)
        chosen = observation.chosen
        works = []
        for pin in self._roster.pins:
            pool = self._roster.pools[pin.pool] if pin.pool is not None else None
            works.append(work_for(judge(pin, chosen.get(pin.key), pool=pool, owner=self._owner), pool))
        for work in works:
            self._end_early(work)
        self._works = tuple(works)
        self._teller.about(works)
        return observation

    def _end_early(self, work: Work) -> None:
        now = self._clock.now()
        if work.need is Need.NOTHING:
            work.finish("active", now=now)
        elif self._only and work.pin.template not in self._only:
            work.finish("skipped", f"not among those asked for; {work.why}", now=now)
        elif work.pin.previous and work.need in CANNOT_START:
            # It is kept only as long as it keeps a copy; starting it would copy an outgoing template again.
            work.finish("skipped", f"kept by a rotation and no longer active: {work.why}", now=now)
        elif work.need is Need.VM:
            work.finish("failed", f"{work.why}; `terraform apply` creates it", now=now)

    def _is_to_do(self) -> bool:
        return any(not work.is_done for work in self._works)

    def _work(self, caller: Caller, limits: Limits) -> None:
        preference = Preference(self._session, caller.account_id)
        lease = self._lease(caller, preference, limits)
        if lease is None and caller.is_root_admin:
            self._skip_all()
            return
        with self._given_back(lease, preference):
            # Another activation may have done some of it while this one waited.
            self._read()
            self._teller.tell("read", _to_do(self._works))
            Engine(
                self._session,
                self._roster,
                self._works,
                caller=caller,
                owner=self._owner,
                preference=preference,
                lease=lease,
                limits=limits,
                clock=self._clock,
                teller=self._teller,
                stop=self._stop,
            ).run()

    def _lease(self, caller: Caller, preference: Preference, limits: Limits) -> Lease | None:
        lease = Lease(
            self._session,
            self._roster.network_id,
            caller,
            clock=self._clock,
            of_account=caller.is_root_admin and any(pin.pool is not None for pin in self._roster.pins),
        )
        try:
            taken = lease.acquire(
                preferred=preference.note if caller.is_root_admin else lambda: None,
                put_back=preference.restore,
                stop=self._stop,
                timeout=limits.timeout,
                tell=lambda text: self._teller.tell("lease-wait", text),
            )
        except RightsMissing as error:
            if caller.is_root_admin:
                raise
            # Without a preference to guard, two activations at once only meet each other's starts.
            self._teller.tell("warning", f"no lease on the pin network: {plain(error.text)}")
            return None
        return lease if taken else None

    @contextmanager
    def _given_back(self, lease: Lease | None, preference: Preference) -> Iterator[None]:
        """Put the preference and the lease back, whatever happens in the block."""
        if lease is None:
            yield
            return
        try:
            with lease.kept():
                yield
        finally:
            self._give_back(lease, preference)

    def _give_back(self, lease: Lease, preference: Preference) -> None:
        moved = preference.is_moved
        try:
            preference.put_back()
        except CloudStackError as error:
            # The lease stays: whoever takes it over after its end puts the preference back.
            self._note(f"the account's {PREFERENCE} could not be put back", error)
            return
        if moved:
            self._teller.tell("preference", "the account's preference is as it was")
        lease.release()

    def _note(self, what: str, error: CloudStackError) -> None:
        problem = f"{what} ({plain(error.text)}; {error.repair}); run this command again"
        self._problems.append(problem)
        self._teller.tell("warning", problem)

    def _skip_all(self) -> None:
        for work in self._works:
            if not work.is_done:
                work.cut_short = True
                work.finish("skipped", "interrupted before its turn; run again", now=self._clock.now())

    # The end

    def _report(self) -> Report:
        interrupted = any(work.cut_short for work in self._works)
        if not interrupted:
            self._verify_what_was_done()
        failed = [work for work in self._works if work.state == "failed"]
        return Report(
            set_name=self._roster.set_name,
            pins=tuple(work.outcome(known) for work, known in zip(self._works, self._known(failed), strict=True)),
            waiting=self._waiting() if failed and not interrupted else (),
            problems=tuple(self._problems),
            interrupted=interrupted,
        )

    def _verify_what_was_done(self) -> None:
        """Look at everything once more, if something was done: only what is seen counts."""
        worked = [work for work in self._works if work.began is not None and work.state == "active"]
        if not worked:
            return
        try:
            chosen = observe(self._session, self._roster).chosen
        except CloudStackError as error:
            self._note("the outcome could not be verified", error)
            return
        for work in worked:
            seen = chosen.get(work.pin.key)
            found = judge(work.pin, seen, pool=work.pool, owner=self._owner)
            work.sighting = seen
            if found.need is not Need.NOTHING:
                work.state, work.reason = "failed", f"it was active and no longer is: {found.why}"
                self._teller.tell("failed", plain(work.reason), work)

    def _known(self, failed: list[Work]) -> Iterator[tuple[str, ...]]:
        asked = [work for work in failed if work.attempts]
        if asked and self._caller is not None and self._caller.is_root_admin:
            circumstances = gather(self._session, self._roster, asked)
            known = {id(work): describe(work.pin, work.pool, circumstances) for work in asked}
        else:
            known = {}
        return (known.get(id(work), ()) for work in self._works)

    def _waiting(self) -> tuple[Leftover, ...]:
        try:
            observation = observe(self._session, self._roster, with_volumes=True)
        except CloudStackError:
            return ()
        return leftovers(self._roster, observation.sightings, observation.sizes)


def refuse_rights(roster: Roster, caller: Caller) -> None:
    """Raise ActivationError where the key's account may not do what the roster declares, naming the right."""
    if caller.is_root_admin:
        return
    account = plain(caller.account)
    placed = sorted({pin.storage_tag for pin in roster.pins if pin.pool is not None})
    if placed:
        raise ActivationError(
            f"account {account} of the API key is no root admin, which placing pins on given pools needs "
            f"(clusterid of startVirtualMachine, updateConfiguration); storage tags {plain(', '.join(placed))}: use a "
            'root admin\'s key, or coverage = "any-pool"'
        )
    if not roster.owner.is_caller and roster.owner != Owner(account=caller.account, domain_id=caller.domain_id):
        raise ActivationError(
            f"account {account} of the API key is no root admin, which giving pins to "
            f"{plain(roster.owner.account or '')} needs (assignVirtualMachine); use a root admin's key, or "
            'owner = "caller"'
        )


def _refuse_unknown(roster: Roster, only: Collection[str]) -> None:
    templates = {pin.template for pin in roster.pins}
    unknown = ", ".join(plain(name) for name in sorted(set(only) - templates))
    if unknown:
        raise ActivationError(f"--only: the stack pins no template {unknown}; it pins {', '.join(sorted(templates))}")


def _to_do(works: tuple[Work, ...]) -> str:
    active = sum(work.state == "active" for work in works)
    return f"{active} of {len(works)} pins are active, {sum(not work.is_done for work in works)} need work"
