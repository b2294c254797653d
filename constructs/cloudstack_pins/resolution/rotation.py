"""Rotation by two locks: the old pin stays at its side of the key until the new one, at the other, is active.

For sets without an activation in their graph (modes run-task, none), where Terraform would destroy the old pins first,
and for those that ask for a soak time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from cloudstack_pins.declaration import Declaration
from cloudstack_pins.lock import Lock, LockedTag, PreviousPin, Side
from cloudstack_pins.model import Pin, Pool, Template
from cloudstack_pins.pin_set import combine
from cloudstack_pins.resolution.activity import Activity

_OTHER: dict[Side, Side] = {"a": "b", "b": "a"}


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Where one key stands: the pin of the new lock, that of the last lock (None: new here), and what was kept."""

    current: Pin
    before: Pin | None
    kept: PreviousPin | None

    @property
    def changed(self) -> bool:
        """Whether the VM has to be another one than the last lock said."""
        return self.before is not None and self.before.revision != self.current.revision


def turns(declaration: Declaration, lock: Lock, before: Lock) -> tuple[Turn, ...]:
    """Return where each declared pin stands between two locks; ``before`` has today's keys."""
    enabled = replace(declaration, enabled=True)
    old = {pin.base_key: pin for pin in _pins_of(enabled, before, lock.set_name)}
    kept = {pin.pin(lock.set_name).base_key: pin for pin in before.previous}
    current = combine(enabled, replace(lock, sides=before.sides, previous=())).current
    return tuple(Turn(current=pin, before=old.get(pin.base_key), kept=kept.get(pin.base_key)) for pin in current)


def needs_activity(declaration: Declaration, found: Iterable[Turn]) -> bool:
    """Whether the API has to be asked for the pins' VMs."""
    return any(turn.kept is not None or (turn.changed and declaration.rotates_by_two_locks) for turn in found)


def rotate(
    declaration: Declaration,
    lock: Lock,
    before: Lock,
    found: Iterable[Turn],
    activity: Activity,
    today: date,
) -> Lock:
    """Return ``lock`` with the sides of its pins and the pins that it keeps."""
    pools = frozenset(pool.id for tag in lock.storage_tags.values() for pool in tag.pools)
    sides: set[str] = set()
    previous: list[PreviousPin] = []
    for turn in found:
        side, kept = _next(turn, before, activity, pools, keeps=declaration.rotates_by_two_locks)
        if side == "b":
            sides.add(turn.current.base_key)
        soaked = _soaked(declaration, turn.current, kept, activity, today) if kept else None
        if soaked is not None:
            previous.append(soaked)
    return replace(lock, sides=frozenset(sides), previous=tuple(previous))


def _next(
    turn: Turn, before: Lock, activity: Activity, pools: frozenset[str], *, keeps: bool
) -> tuple[Side, PreviousPin | None]:
    """Return the side of the current pin and what stays beside it, before anyone asks whether it still must.

    A pin of a pool that is gone (``pools`` are those of the new lock) is not kept: its copy went with the pool.
    """
    side, kept, old = turn.current.side, turn.kept, turn.before
    if kept is not None and kept.pool is not None and kept.pool.id not in pools:
        kept = None
    if old is None or not turn.changed:
        return side, kept
    worth_keeping = activity.exists(old) and (old.pool is None or old.pool.id in pools)
    if kept is not None and kept.pin(turn.current.set_name).revision == turn.current.revision:
        # A way back: the old VM is still there, so it becomes the current one again, at its own side.
        return kept.side, _keep(old, before) if worth_keeping else None
    if kept is not None and not (keeps and activity.active(old)):
        return side, kept
    if keeps and worth_keeping:
        return _OTHER[side], _keep(old, before)
    return side, None


def _keep(pin: Pin, before: Lock) -> PreviousPin:
    tag = before.storage_tags[pin.storage_tag.name]
    return PreviousPin(
        template=pin.template,
        storage_tag=LockedTag(key=tag.key, coverage=tag.coverage, service_offering=tag.service_offering, spec=tag.spec),
        pool=pin.pool,
        zone_id=pin.zone_id,
        network_id=pin.network_id,
        side=pin.side,
    )


def _soaked(
    declaration: Declaration, current: Pin, kept: PreviousPin, activity: Activity, today: date
) -> PreviousPin | None:
    """Return the kept pin, None where the current one is active and, with a soak time, has been for long enough."""
    if not activity.active(current):
        return replace(kept, active_since=None)
    days = declaration.keep_previous.days if declaration.keep_previous else 0
    since = date.fromisoformat(kept.active_since) if kept.active_since else today
    if (today - since).days >= days:
        return None
    return replace(kept, active_since=since.isoformat())


def _pins_of(declaration: Declaration, lock: Lock, set_name: str) -> tuple[Pin, ...]:
    """Return the pins that the last lock stood for, of the templates and tags that are declared today."""
    found: list[Pin] = []
    for entry in declaration.templates.values():
        locked = lock.templates.get(entry.key)
        tags = [lock.storage_tags[name] for name in entry.storage_tags if name in lock.storage_tags]
        if locked is None:
            continue
        for tag in tags:
            pools = (None,) if tag.coverage == "any-pool" else tag.pools
            found.extend(_pin(lock, set_name, locked.template, tag, pool) for pool in pools)
    return tuple(found)


def _pin(lock: Lock, set_name: str, template: Template, tag: LockedTag, pool: Pool | None) -> Pin:
    pin = Pin(
        set_name=set_name,
        zone_id=lock.zone.id,
        network_id=lock.network.id,
        template=template,
        storage_tag=tag.storage_tag(),
        pool=pool,
    )
    return replace(pin, side="b") if pin.base_key in lock.sides else pin
