"""One activation at a time on a pin network, and one that places starts for an account, whatever its network.

Creating a tag whose key is taken fails, so the tag ``cloudstack-pins/activation`` is a mutex of its network
(`lease_tags`). The preference is the account's, which two sets of two networks may share: a lease that sees another
one of its account gives way, since no tag can be a mutex of an account.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cloudstack_pins.activation.holder import Holder
from cloudstack_pins.activation.lease_tags import NONE, RENEWALS, TAG, Held, networks_leased_for, read, tags_of
from cloudstack_pins.activation.lease_wait import LeaseWait
from cloudstack_pins.activation.pause import pause
from cloudstack_pins.cloudstack import Caller, Session
from cloudstack_pins.cloudstack.clock import Clock
from cloudstack_pins.cloudstack.jobs import PASSING
from cloudstack_pins.errors import ActivationError, CloudStackError
from cloudstack_pins.plain import plain

_LOG = logging.getLogger(__name__)

SECONDS = 120.0
LOOK_SECONDS = 2.0
SOON_SECONDS = 0.5


class LeaseLost(ActivationError):
    """Another activation has taken the lease over: this one was not heard of for too long."""


class Lease:
    """The lease on one network, for the account of ``caller``; safe to be renewed from a thread of its own."""

    def __init__(
        self,
        session: Session,
        network_id: str,
        caller: Caller,
        *,
        clock: Clock,
        seconds: float = SECONDS,
        of_account: bool = True,
    ) -> None:
        """Describe the lease; ``of_account``: wait for those of the account on other networks as well."""
        self._session = session
        self._network_id = network_id
        self._caller = caller
        self._clock = clock
        self._seconds = seconds
        self._of_account = of_account
        self._holder = Holder.here()
        self._value: str | None = None
        self._until = 0.0
        self._renewals: list[tuple[str, str]] = []
        self._count = 0
        self._lock = threading.Lock()
        self._lost: str | None = None

    def acquire(
        self,
        *,
        preferred: Callable[[], str | None],
        put_back: Callable[[str, str | None], None],
        stop: threading.Event,
        timeout: float,
        tell: Callable[[str], None],
    ) -> bool:
        """Take the lease, waiting for a live one; False where ``stop`` was set meanwhile.

        ``preferred`` reads the account's preferred pool, ``put_back(account_id, pool)`` restores one. Raises
        ActivationError where another activation holds the lease for ``timeout`` seconds, RightsMissing where the key
        may not tag the network.
        """
        wait = LeaseWait(self._clock, self._network_id, timeout, tell)
        while not stop.is_set():
            try:
                found = self._in_the_way()
                if found is None and self._create(preferred, stop):
                    return True
            except PASSING as error:
                if wait.is_over():
                    raise
                wait.say(f"the lease is not to be had now: {plain(error.text)}; trying again")
                pause(self._clock, LOOK_SECONDS, stop)
                continue
            wait.meet(found)
            if found is None:
                continue
            # One of our own is there when it could not be deleted as it gave way.
            ends = wait.is_abandoned() or found[1].holder == str(self._holder)
            if ends and self._take_over(*found, put_back, tell):
                continue
            wait.go_on(found)
            pause(self._clock, LOOK_SECONDS, stop)
        return False

    def _in_the_way(self) -> tuple[str, Held] | None:
        """Return the network and the lease that has to end before this one begins."""
        held = read(self._tags())
        if held is not None:
            return self._network_id, held
        for network_id in self._rivals():
            held = read(tags_of(self._session, network_id))
            if held is not None:
                return network_id, held
        return None

    def _rivals(self) -> list[str]:
        if not self._of_account:
            return []
        leased = networks_leased_for(self._session, self._caller)
        return [network_id for network_id in leased if network_id != self._network_id]

    def keep(self) -> None:
        """Renew the lease if it is due; raises LeaseLost where it is no longer ours."""
        with self._lock:
            if self._value is None:
                return
            if self._lost is None and self._clock.now() >= self._until - self._seconds * 0.75:
                self._renew()
            if self._lost is not None:
                raise LeaseLost(self._lost)

    @contextmanager
    def kept(self, *, every: float = 5.0) -> Iterator[None]:
        """Renew the lease from a thread as long as the block runs, also while a call of the block waits."""
        done = threading.Event()

        def renew() -> None:
            while not done.wait(every):
                try:
                    self.keep()
                except LeaseLost:
                    return

        thread = threading.Thread(target=renew, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def release(self) -> None:
        """Give the lease back; one that another has taken over is left alone."""
        with self._lock:
            if self._value is None or self._lost is not None:
                return
            for key, value in self._renewals:
                self._delete(key, value)
            self._delete(TAG, self._value)
            self._value = None

    def _create(self, preferred: Callable[[], str | None], stop: threading.Event) -> bool:
        before = preferred()
        until = self._clock.now() + self._seconds
        value = f"holder={self._holder} until={until:.0f} account={self._caller.account_id} preferred={before or NONE}"
        if not self._create_tag(TAG, value):
            return False
        self._value, self._until = value, until
        # Each tags first and looks then, so of two at least one sees the other.
        alone = False
        try:
            rivals = self._rivals()
            alone = not rivals and preferred() == before
        finally:
            if not alone:
                # Where nobody else is there, another activation ended between our reading and our tag, so what we
                # noted was its preference.
                self.release()
        if rivals:
            # Of those that gave way to each other one comes back sooner.
            pause(self._clock, SOON_SECONDS if self._network_id < rivals[0] else LOOK_SECONDS, stop)
        return alone

    def _take_over(
        self, network_id: str, held: Held, put_back: Callable[[str, str | None], None], tell: Callable[[str], None]
    ) -> bool:
        """End a lease that nobody gives back; whether it is gone."""
        if read(tags_of(self._session, network_id)) != held:
            return True
        if held.holder != str(self._holder):
            assert held.account_id is not None
            put_back(held.account_id, held.preferred)
            tell(f"took the lease of {plain(held.holder)} over, which ended without giving it back")
        for key, value in held.renewals:
            self._delete(key, value, network_id)
        return self._delete(TAG, held.value, network_id)

    def _renew(self) -> None:
        try:
            held = read(self._tags())
            if held is None or held.value != self._value:
                self._lost = "the lease on the pin network was taken over by another activation; run this one again"
                return
            until = self._clock.now() + self._seconds
            key = RENEWALS[self._count % 2]
            value = f"holder={self._holder} until={until:.0f}"
            for old in held.renewals:
                if old[0] == key:
                    self._delete(*old)
            if self._create_tag(key, value):
                self._count += 1
                self._until = until
                self._renewals = [old for old in self._renewals if old[0] != key] + [(key, value)]
        except CloudStackError as error:
            _LOG.info("the lease could not be renewed now: %s", error)
            if self._clock.now() > self._until:
                self._lost = f"the lease on the pin network could not be renewed in time: {error.text}"

    def _tags(self) -> dict[str, str]:
        return tags_of(self._session, self._network_id)

    def _create_tag(self, key: str, value: str) -> bool:
        """Create a tag; False where its key is taken by another value."""
        try:
            self._session.run(
                "createTags", resourceids=self._network_id, resourcetype="Network", tags={key: value}, seconds=60
            )
        except CloudStackError as error:
            there = self._tags().get(key)
            if there == value:
                return True
            # The one that had it may have deleted it since.
            if there is None and "already" not in error.text:
                raise
            return False
        return True

    def _delete(self, key: str, value: str, network_id: str | None = None) -> bool:
        """Delete a tag if it still has this value; another one is somebody else's. Whether it was deleted."""
        try:
            self._session.run(
                "deleteTags",
                resourceids=network_id or self._network_id,
                resourcetype="Network",
                tags={key: value},
                seconds=60,
            )
        except CloudStackError as error:
            _LOG.info("tag %s was not deleted: %s", key, error)
            return False
        return True
