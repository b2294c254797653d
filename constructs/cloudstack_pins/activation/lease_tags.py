"""A lease as its network shows it: the tag ``cloudstack-pins/activation`` and its renewals.

Its value says who holds it, until when, and which preferred pool the account had before, so that whoever takes an
expired lease over can put that back. A tag cannot be changed in place and must not vanish while it is held, so renewals
are written beside it, under two keys in turn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cloudstack_pins.activation.holder import Holder
from cloudstack_pins.cloudstack import Caller, Session
from cloudstack_pins.cloudstack.rows import Row
from cloudstack_pins.errors import RightsMissing
from cloudstack_pins.model import SYSTEM_ACCOUNT, TAG_PREFIX

TAG = TAG_PREFIX + "activation"
RENEWALS = (TAG + "-renewed-a", TAG + "-renewed-b")
STILL_SECONDS = 60.0
"""A live holder renews every 30 s: one that was seen to do nothing for so long is gone, whatever its clock says."""
SKEW_SECONDS = 900.0
"""How far two machines' clocks may be apart: further off, CloudStack refuses the signatures of one of them."""
NONE = "-"
_VALUE = re.compile(
    r"holder=(?P<holder>\S+) until=(?P<until>\d+) account=(?P<account>\S+) preferred=(?P<preferred>\S+)"
)
_RENEWAL = re.compile(r"holder=(?P<holder>\S+) until=(?P<until>\d+)")


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
        preferred=None if found["preferred"] == NONE else found["preferred"],
        renewals=tuple(renewals),
    )


def is_abandoned(session: Session, network_id: str, now: float) -> bool:
    """Whether the network bears a lease that ended without being given back; False where the key may not see it."""
    try:
        held = read(tags_of(session, network_id))
    except RightsMissing:
        return False
    return held is not None and held.is_over(now)


def tags_of(session: Session, network_id: str) -> dict[str, str]:
    """Return the tags of a network that make a lease."""
    rows = session.list("listTags", "tag", resourceid=network_id, resourcetype="Network", listall=True)
    return {row["key"]: row.get("value", "") for row in rows if row["key"] in (TAG, *RENEWALS)}


def networks_leased_for(session: Session, caller: Caller) -> list[str]:
    """Return the ids of the networks that bear a lease of the caller's account, sorted; one call.

    Only networks of the account and of ``system`` count: everybody may tag a network of his own with such words.
    """
    rows = session.list("listTags", "tag", resourcetype="Network", key=TAG, listall=True)
    return sorted(
        row["resourceid"]
        for row in rows
        if _is_trusted(row, caller)
        and (value := _VALUE.fullmatch(row.get("value", ""))) is not None
        and value["account"] == caller.account_id
    )


def _is_trusted(row: Row, caller: Caller) -> bool:
    """Whether a tag, which belongs to the account that its network belongs to, is of the caller or of ``system``."""
    if (row.get("account"), row.get("domainid")) == (caller.account, caller.domain_id):
        return True
    # Any domain may have an account of that name.
    return (row.get("account"), row.get("domainpath")) == (SYSTEM_ACCOUNT, "ROOT")
