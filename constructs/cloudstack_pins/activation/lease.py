"""One activation at a time on a pin network: a lease made of CloudStack resource tags.

Creating a tag whose key is taken fails, so the tag ``cloudstack-pins/activation`` is a mutex. Its value says who
holds it, until when, and which preferred pool the account had before, so that whoever takes an expired lease over can
put that back. A tag cannot be changed in place and must not vanish while it is held, so renewals are written beside
it, under two keys in turn.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from cloudstack_pins.activation.holder import Holder
from cloudstack_pins.activation.pause import pause
from cloudstack_pins.cloudstack import Session
from cloudstack_pins.cloudstack.clock import Clock
from cloudstack_pins.cloudstack.jobs import PASSING
from cloudstack_pins.errors import ActivationError, CloudStackError, RightsMissing
from cloudstack_pins.model import TAG_PREFIX
from cloudstack_pins.plain import plain

_LOG = logging.getLogger(__name__)

TAG = TAG_PREFIX + "activation"
RENEWALS = (TAG + "-renewed-a", TAG + "-renewed-b")
SECONDS = 120.0
LOOK_SECONDS = 2.0
TELL_SECONDS = 30.0
STILL_SECONDS = 60.0
"""A live holder renews every 30 s: one that was seen to do nothing for so long is gone, whatever its clock says."""
SKEW_SECONDS = 900.0
"""How far two machines' clocks may be apart: further off, CloudStack refuses the signatures of one of them."""
_NONE = "-"
_VALUE = re.compile(
    r"holder=(?P<holder>\S+) until=(?P<until>\d+) account=(?P<account>\S+) preferred=(?P<preferred>\S+)"
)
_RENEWAL = re.compile(r"holder=(?P<holder>\S+) until=(?P<until>\d+)")


class LeaseLost(ActivationError):
    """Another activation has taken the lease over: this one was not heard of for too long."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """A lease as its tags say. ``until`` is None for a value that is not ours to read: it never expires by itself."""

    value: str
    holder: str
    until: float | None
    account_id: str | None = None
    preferred: str | None = None
    renewals: tuple[tuple[str, str], ...] = ()

    def is_over(self, now: float) -> bool:
        """Whether it may be taken over: expired, or its process is known to be dead."""
        if self.until is None:
            return False
        return now > self.until or self.is_dead()

    def is_dead(self) -> bool:
        """Whether its process ran here and is gone."""
        holder = Holder.parse(self.holder)
        return holder is not None and holder.is_dead()

    def is_still(self, now: float, since: float) -> bool:
        """Whether one that is over may be taken over, seen as it is ``since`` then: our clock may be ahead of its."""
        return self.is_dead() or now - since >= STILL_SECONDS or now > (self.until or now) + SKEW_SECONDS


def read(tags: Mapping[str, str]) -> Held | None:
    """Return the lease that a network's tags show."""
    value = tags.get(TAG)
    if value is None:
        return None
    found = _VALUE.fullmatch(value)
    if found is None:
        return Held(value=value, holder=value, until=None)
    until = float(found["until"])
    renewals = []
    for key in RENEWALS:
        renewal = _RENEWAL.fullmatch(tags.get(key, ""))
        if renewal is not None and renewal["holder"] == found["holder"]:
            until = max(until, float(renewal["until"]))
        if key in tags:
            renewals.append((key, tags[key]))
    return Held(
        value=value,
        holder=found["holder"],
        until=until,
        account_id=found["account"],
        preferred=None if found["preferred"] == _NONE else found["preferred"],
        renewals=tuple(renewals),
    )


def is_abandoned(session: Session, network_id: str, now: float) -> bool:
    """Whether the network bears a lease that ended without being given back; False where the key may not see it."""
    try:
        held = read(_tags(session, network_id))
    except RightsMissing:
        return False
    return held is not None and held.is_over(now)


class Lease:
    """The lease on one network, for the account ``account_id``; safe to be renewed from a thread of its own."""

    def __init__(
        self, session: Session, network_id: str, account_id: str, *, clock: Clock, seconds: float = SECONDS
    ) -> None:
        self._session = session
        self._network_id = network_id
        self._account_id = account_id
        self._clock = clock
        self._seconds = seconds
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
        deadline, told = self._clock.now() + timeout, float("-inf")
        before: Held | None = None
        since = 0.0
        while not stop.is_set():
            try:
                held = read(self._tags())
            except PASSING:
                if self._clock.now() >= deadline:
                    raise
                pause(self._clock, LOOK_SECONDS, stop)
                continue
            if held is None:
                if self._create(preferred):
                    return True
                continue
            if held != before:
                before, since = held, self._clock.now()
            if held.is_over(self._clock.now()) and held.is_still(self._clock.now(), since):
                tell(f"taking the lease of {plain(held.holder)} over, which ended without giving it back")
                self._take_over(held, put_back)
                continue
            now = self._clock.now()
            if now >= deadline:
                raise ActivationError(_occupied(held, self._network_id, timeout))
            if now - told >= TELL_SECONDS:
                tell(f"waiting for another activation on this network ({plain(held.holder)})")
                told = now
            pause(self._clock, LOOK_SECONDS, stop)
        return False

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

    def _create(self, preferred: Callable[[], str | None]) -> bool:
        before = preferred()
        until = self._clock.now() + self._seconds
        value = f"holder={self._holder} until={until:.0f} account={self._account_id} preferred={before or _NONE}"
        if not self._create_tag(TAG, value):
            return False
        self._value, self._until = value, until
        if preferred() == before:
            return True
        # Another activation ended between our reading and our tag, so what we noted was its preference.
        self.release()
        return False

    def _take_over(self, held: Held, put_back: Callable[[str, str | None], None]) -> None:
        if read(self._tags()) != held:
            return
        assert held.account_id is not None
        put_back(held.account_id, held.preferred)
        for key, value in held.renewals:
            self._delete(key, value)
        self._delete(TAG, held.value)

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
        return _tags(self._session, self._network_id)

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

    def _delete(self, key: str, value: str) -> None:
        """Delete a tag if it still has this value; another one is somebody else's."""
        try:
            self._session.run(
                "deleteTags", resourceids=self._network_id, resourcetype="Network", tags={key: value}, seconds=60
            )
        except CloudStackError as error:
            _LOG.info("tag %s was not deleted: %s", key, error)


def _tags(session: Session, network_id: str) -> dict[str, str]:
    rows = session.list("listTags", "tag", resourceid=network_id, resourcetype="Network", listall=True)
    return {row["key"]: row.get("value", "") for row in rows if row["key"] in (TAG, *RENEWALS)}


def _occupied(held: Held, network_id: str, timeout: float) -> str:
    return (
        f"another activation ({plain(held.holder)}) has held the lease on network {network_id} for "
        f"{timeout:.0f} s; wait for it, or delete the network's tag {TAG} if you are sure that it is gone"
    )
