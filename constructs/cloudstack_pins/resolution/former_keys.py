"""A lock as it would be if the keys of today's declaration had always been there: ``formerly``, applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from cloudstack_pins.declaration import Declaration
from cloudstack_pins.lock import Lock, PreviousPin
from cloudstack_pins.pin_key import pin_key


def with_todays_keys(lock: Lock, declaration: Declaration) -> Lock:
    """Return ``lock`` with former keys of templates and storage tags replaced by the ones that took their place."""
    templates = _renames(lock.templates, ((t.key, t.formerly) for t in declaration.templates.values()))
    tags = _renames(lock.storage_tags, ((t.name, t.formerly) for t in declaration.storage_tags.values()))
    if not templates and not tags:
        return lock
    return replace(
        lock,
        templates={
            templates.get(key, key): replace(locked, template=replace(locked.template, key=templates.get(key, key)))
            for key, locked in lock.templates.items()
        },
        storage_tags={
            tags.get(key, key): replace(tag, key=tags.get(key, key)) for key, tag in lock.storage_tags.items()
        },
        sides=_sides(lock, templates, tags),
        previous=tuple(_renamed(kept, templates, tags) for kept in lock.previous),
    )


def _renames(there: Mapping[str, object], entries: Iterable[tuple[str, Iterable[str]]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, formerly in entries:
        old = next((name for name in formerly if name in there), None)
        if key not in there and old is not None:
            found[old] = key
    return found


def _sides(lock: Lock, templates: Mapping[str, str], tags: Mapping[str, str]) -> frozenset[str]:
    if not lock.sides:
        return lock.sides
    renamed: set[str] = set()
    for template in lock.templates:
        for tag in lock.storage_tags.values():
            pools = (None,) if tag.coverage == "any-pool" else tuple(pool.key for pool in tag.pools)
            for pool in pools:
                if pin_key(template, tag.key, pool) in lock.sides:
                    renamed.add(pin_key(templates.get(template, template), tags.get(tag.key, tag.key), pool))
    return frozenset(renamed)


def _renamed(kept: PreviousPin, templates: Mapping[str, str], tags: Mapping[str, str]) -> PreviousPin:
    template, tag = kept.template, kept.storage_tag
    return replace(
        kept,
        template=replace(template, key=templates.get(template.key, template.key)),
        storage_tag=replace(tag, key=tags.get(tag.key, tag.key)),
    )
