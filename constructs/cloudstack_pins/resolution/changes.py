"""What changed between two locks, in words for a person and a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cloudstack_pins.lock import Lock, LockedTag, LockedTemplate, Named, PreviousPin
from cloudstack_pins.model import Owner, Pool
from cloudstack_pins.plain import plain


def changes_between(before: Lock | None, carried: Lock | None, after: Lock) -> tuple[str, ...]:
    """Return one line per change, in a stable order; ``carried`` is ``before`` with today's keys."""
    if before is None or carried is None:
        pools = len({pool.id for tag in after.storage_tags.values() for pool in tag.pools})
        return (
            f"first lock: {_counted(len(after.templates), 'template')}, "
            f"{_counted(len(after.storage_tags), 'storage tag')}, {_counted(pools, 'pool')}",
        )
    return tuple(plain(line) for line in _lines(before, carried, after))


def _lines(before: Lock, carried: Lock, after: Lock) -> Iterator[str]:
    if before.set_name != after.set_name:
        yield f"the set is named {after.set_name}, was {before.set_name}"
    yield from _named("zone", before.zone, after.zone)
    yield from _named("network", before.network, after.network)
    if before.owner != after.owner:
        yield f"owner is {_owner(after.owner)}, was {_owner(before.owner)}"
    yield from _renamed("storage tag", before.storage_tags, carried.storage_tags)
    yield from _renamed("template", before.templates, carried.templates)
    for name in sorted(carried.storage_tags.keys() | after.storage_tags.keys()):
        yield from _tag(name, carried.storage_tags.get(name), after.storage_tags.get(name))
    for key in sorted(carried.templates.keys() | after.templates.keys()):
        yield from _template(key, carried.templates.get(key), after.templates.get(key))
    yield from _rotation(carried, after)


def _named(what: str, before: Named, after: Named) -> Iterator[str]:
    if before.id != after.id:
        yield f"{what} is {after.name} ({after.id}), was {before.name} ({before.id}): every pin is replaced"
    elif before.name != after.name:
        yield f"{what} {before.name} is now named {after.name}"


def _owner(owner: Owner) -> str:
    return f"account {owner.account}" if owner.account else "the caller"


def _renamed(what: str, before: Mapping[str, object], carried: Mapping[str, object]) -> Iterator[str]:
    gone, come = sorted(before.keys() - carried.keys()), sorted(carried.keys() - before.keys())
    if gone:
        yield f"{what} {', '.join(gone)} is now {', '.join(come)}"


def _tag(name: str, before: LockedTag | None, after: LockedTag | None) -> Iterator[str]:
    if before is None or after is None:
        yield f"{name}: storage tag {'added' if before is None else 'removed'}"
        return
    if before.coverage != after.coverage:
        yield f"{name}: coverage is {after.coverage}, was {before.coverage}"
    old, new = _offering(before), _offering(after)
    if old != new:
        yield f"{name}: service offering is {new}, was {old}"
    yield from _pools(name, before.pools, after.pools)


def _offering(tag: LockedTag) -> str:
    if tag.service_offering is not None:
        return f"{tag.service_offering.name} ({tag.service_offering.id})"
    spec = tag.spec
    return f"made by the stack ({spec.storage_type} storage)" if spec else "made by the stack"


def _pools(name: str, before: tuple[Pool, ...], after: tuple[Pool, ...]) -> Iterator[str]:
    old, new = {pool.key: pool for pool in before}, {pool.key: pool for pool in after}
    for key in sorted(old.keys() | new.keys()):
        was, now = old.get(key), new.get(key)
        if was is None and now is not None:
            yield f"{name}: pool {now.name} added"
        elif now is None and was is not None:
            yield f"{name}: pool {was.name} removed"
        elif was is not None and now is not None and was != now:
            yield from _pool(name, was, now)


def _pool(name: str, was: Pool, now: Pool) -> Iterator[str]:
    if was.id != now.id:
        yield f"{name}: pool {now.name} was re-created ({now.id}, was {was.id}): its pins are replaced"
        return
    if was.name != now.name:
        yield f"{name}: pool {was.name} is now named {now.name}; its pins keep the key {now.key}"
    if (was.cluster_id, was.scope, was.host_id) != (now.cluster_id, now.scope, now.host_id):
        yield f"{name}: pool {now.name} has another cluster, scope or host"


def _template(key: str, before: LockedTemplate | None, after: LockedTemplate | None) -> Iterator[str]:
    if before is None or after is None:
        yield f"{key}: template {'added' if before is None else 'removed'}"
        return
    old, new = before.template, after.template
    if old.id != new.id:
        newer = (before.registered or "") <= (after.registered or "")
        what = "new template registered" if newer else "back to the template registered"
        yield f"{key}: {what} {after.registered or 'at an unknown date'}"
    if old.name != new.name:
        yield f"{key}: template is {new.name}, was {old.name}"
    if old.id == new.id and (old.size, old.hypervisor, before.registered) != (
        new.size,
        new.hypervisor,
        after.registered,
    ):
        yield f"{key}: size, hypervisor or date of the template differ from the last lock"


def _rotation(before: Lock, after: Lock) -> Iterator[str]:
    old = {_place(kept): kept for kept in before.previous}
    new = {_place(kept): kept for kept in after.previous}
    for place in sorted(old.keys() | new.keys()):
        was, now = old.get(place), new.get(place)
        if now is None:
            yield f"{place}: the previous pin leaves"
        elif was is None or was.template.id != now.template.id or was.side != now.side:
            yield f"{place}: the previous pin is kept until the new one is active"
        elif was.active_since != now.active_since:
            since = f"active since {now.active_since}" if now.active_since else "no longer active"
            yield f"{place}: the new pin is {since}; the previous one is kept"
    if before.sides != after.sides and not old and not new:
        yield "sides of keys changed"


def _place(kept: PreviousPin) -> str:
    where = f"/{kept.pool.key}" if kept.pool else ""
    return f"{kept.template.key} on {kept.storage_tag.key}{where}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
