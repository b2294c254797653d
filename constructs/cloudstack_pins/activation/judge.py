"""Decides what each pin needs, from what CloudStack shows: values in, values out.

A pin is active when its VM is ``Stopped``, its ROOT is ``Ready`` on the pool, and the declared account owns it. The
job that started it proves nothing either way: a start that fails after the copy leaves an active pin.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cloudstack_pins.activation.report import Leftover
from cloudstack_pins.cloudstack import Caller
from cloudstack_pins.model import (
    ANY_POOL,
    TAG_POOL,
    TAG_REVISION,
    TAG_SET,
    TAG_STORAGE_TAG,
    TAG_TEMPLATE,
    Owner,
    Pool,
)
from cloudstack_pins.roster import Roster, RosterPin

GONE = frozenset({"Destroyed", "Expunging", "Error"})
"""States from which nothing but a replacement helps."""

PinKey = tuple[str, str, str | None, str]


class Need(StrEnum):
    """What a pin needs next."""

    NOTHING = "nothing"
    HAND_OVER = "hand over"
    STOP = "stop"
    START = "start"
    RESTORE = "restore"
    WATCH = "watch"
    VM = "a VM"


@dataclass(frozen=True, kw_only=True)
class Root:
    """Where a VM's ROOT volume is; ``pool_id`` and ``pool_name`` None: nowhere yet, or the key may not see it."""

    state: str
    pool_id: str | None = None
    pool_name: str | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it keeps a copy; ``Allocated`` does not."""
        return self.state == "Ready"


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """A tagged VM as CloudStack shows it; ``root`` None means not looked up.

    ``serial`` is CloudStack's running number of VMs, 0 where the key may not see it; ``created`` has whole seconds.
    """

    vm_id: str
    state: str
    account: str
    domain_id: str
    template_id: str
    created: str
    tags: Mapping[str, str]
    serial: int = 0
    host_id: str | None = None
    network_ids: tuple[str, ...] = ()
    root: Root | None = None

    @property
    def key(self) -> PinKey:
        """The pin that it is, in the form of ``RosterPin.key``."""
        pool = self.tags.get(TAG_POOL, ANY_POOL)
        return (
            self.tags.get(TAG_TEMPLATE, ""),
            self.tags.get(TAG_STORAGE_TAG, ""),
            None if pool == ANY_POOL else pool,
            self.tags.get(TAG_REVISION, ""),
        )


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What one pin needs; ``why`` says so in words where it is not active."""

    pin: RosterPin
    need: Need
    sighting: Sighting | None = None
    why: str = ""


def judge(pin: RosterPin, sighting: Sighting | None, *, pool: Pool | None, owner: Owner | None) -> Judgement:
    """Return what ``pin`` needs. ``owner`` None leaves the owner out, as while a pin is on its way."""
    if sighting is None:
        return Judgement(pin=pin, need=Need.VM, why="it has no VM of the declared revision")
    need, why = _need(pin, sighting, pool, owner)
    return Judgement(pin=pin, need=need, sighting=sighting, why=why)


def _need(pin: RosterPin, seen: Sighting, pool: Pool | None, owner: Owner | None) -> tuple[Need, str]:
    if seen.state in GONE:
        return Need.VM, f"its VM {seen.vm_id} is {seen.state}"
    if seen.state == "Running":
        return Need.STOP, "its VM is Running"
    if seen.state != "Stopped":
        return Need.WATCH, f"its VM is {seen.state}"
    if seen.template_id != pin.template_id:
        return Need.RESTORE, f"its VM has another template, {seen.template_id}"
    root = seen.root
    if root is None or not root.is_ready:
        return Need.START, f"its ROOT volume is {root.state if root else 'not on its pool'}"
    if pool is not None and root.pool_id != pool.id:
        return Need.RESTORE, f"its ROOT volume is on {root.pool_name or root.pool_id or 'an unknown pool'}"
    if owner is not None and not owns(owner, seen):
        return Need.HAND_OVER, f"it is owned by {seen.account}"
    return Need.NOTHING, ""


def owns(owner: Owner, seen: Sighting) -> bool:
    """Whether the VM belongs to ``owner`` (account names are unique in a domain only)."""
    return seen.account == owner.account and owner.domain_id in (None, seen.domain_id)


def declared_owner(roster: Roster, caller: Caller | None) -> Owner:
    """Return who has to own the pins: the declared account, else the key's own."""
    if not roster.owner.is_caller or caller is None:
        return roster.owner
    return Owner(account=caller.account, domain_id=caller.domain_id)


def newest(sightings: Iterable[Sighting]) -> dict[PinKey, Sighting]:
    """Return per pin the VM that counts: the newest that still exists, else the newest of the rest.

    Old and new of one key may stand side by side during a rotation or after a taint; only one is ever started. The
    running number counts before the date, whose order turns round in the hour when summer time ends.
    """
    by_key: defaultdict[PinKey, list[Sighting]] = defaultdict(list)
    for sighting in sightings:
        by_key[sighting.key].append(sighting)
    return {
        key: max(group, key=lambda seen: (seen.state not in GONE, seen.serial, seen.created, seen.vm_id))
        for key, group in by_key.items()
    }


def of_set(roster: Roster, sightings: Iterable[Sighting]) -> list[Sighting]:
    """Return the VMs that bear this set's tag."""
    return [seen for seen in sightings if seen.tags.get(TAG_SET) == roster.set_name]


def leftovers(roster: Roster, sightings: Iterable[Sighting], sizes: Mapping[str, int]) -> tuple[Leftover, ...]:
    """Return the set's VMs that the roster does not declare; ``sizes`` has the bytes of ROOT by VM id."""
    declared = {pin.key for pin in roster.pins}
    current = {pin.key[:3] for pin in roster.pins}
    chosen = {seen.vm_id for key, seen in newest(sightings).items() if key in declared}
    found = []
    for seen in sightings:
        if seen.vm_id in chosen or seen.state in GONE:
            continue
        template, storage_tag, pool, _ = seen.key
        size = sizes.get(seen.vm_id)
        found.append(
            Leftover(
                vm_id=seen.vm_id,
                template=template,
                storage_tag=storage_tag,
                pool=pool,
                removed=seen.key[:3] not in current,
                # A pin takes the template's size and ROOT's size of the pool's allocated capacity.
                size=None if size is None else 2 * size,
            )
        )
    return tuple(sorted(found, key=lambda item: (item.template, item.storage_tag, item.pool or "", item.vm_id)))
