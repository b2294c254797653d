"""A set's folder -> PinSet: pins.toml and pins.lock.json together, offline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from cloudstack_pins import declaration as declarations
from cloudstack_pins import lock as locks
from cloudstack_pins.declaration import Declaration, StorageTagEntry, TemplateEntry
from cloudstack_pins.errors import LockError
from cloudstack_pins.fields import shown
from cloudstack_pins.lock import Lock, LockedTag, LockedTemplate
from cloudstack_pins.model import DeclaredTemplate, Pin, PinSet


def load(folder: Path) -> PinSet:
    """Return the pin set of a folder such as ``stacks/sandbox``. No network, no clock.

    Raises DeclarationError for its pins.toml; LockError where pins.lock.json is missing, broken or older.
    """
    declaration = declarations.load(folder / declarations.FILE_NAME)
    return combine(declaration, locks.read(folder / locks.FILE_NAME))


def combine(declaration: Declaration, lock: Lock) -> PinSet:
    """Return the pin set that a declaration and its lock make. Raises LockError where they differ."""
    reasons = tuple(differences(declaration, lock))
    if reasons:
        folder = declaration.path.parent
        raise LockError(
            f"{folder / locks.FILE_NAME}: does not fit pins.toml: {'; '.join(reasons)};"
            f" run `cloudstack-pins lock {folder}`"
        )
    found = PinSet(
        name=declaration.set_name,
        zone_id=lock.zone.id,
        network_id=lock.network.id,
        owner=lock.owner,
        storage_tags={
            name: lock.storage_tags[name].storage_tag(entry.formerly)
            for name, entry in sorted(declaration.storage_tags.items())
        },
        templates=tuple(
            DeclaredTemplate(
                template=lock.templates[key].template, storage_tags=entry.storage_tags, formerly=entry.formerly
            )
            for key, entry in sorted(declaration.templates.items())
        ),
        activation=declaration.activation,
        enabled=declaration.enabled,
        expunge=declaration.expunge,
        sides=lock.sides,
    )
    return _with_previous(found, lock)


def differences(declaration: Declaration, lock: Lock) -> Iterator[str]:
    """Yield, in words, where the lock does not cover the declaration; what it holds besides does no harm."""
    if lock.set_name != declaration.set_name:
        yield f"it was made for the set {shown(lock.set_name)}, and the folder is {shown(declaration.set_name)}"
    if lock.zone.name != declaration.zone:
        yield f"zone is {shown(lock.zone.name)} there and {shown(declaration.zone)} in pins.toml"
    if lock.network.name != declaration.network:
        yield f"network is {shown(lock.network.name)} there and {shown(declaration.network)} in pins.toml"
    owner = lock.owner.account or "caller"
    if owner != declaration.owner:
        yield f"owner is {shown(owner)} there and {shown(declaration.owner)} in pins.toml"
    for name, tag in declaration.storage_tags.items():
        yield from _tag_differences(tag, lock.storage_tags.get(name))
    for key, template in declaration.templates.items():
        yield from _template_differences(template, lock.templates.get(key))


def _tag_differences(entry: StorageTagEntry, locked: LockedTag | None) -> Iterator[str]:
    where = f"storage_tags.{entry.name}"
    if locked is None:
        yield f"{where} is not there"
        return
    if locked.coverage != entry.coverage:
        yield f"{where}.coverage is {shown(locked.coverage)} there and {shown(entry.coverage)} in pins.toml"
    offering = locked.service_offering.name if locked.service_offering else None
    if offering != entry.service_offering:
        yield f"{where}.service_offering is {shown(offering)} there and {shown(entry.service_offering)} in pins.toml"
    if locked.spec is not None and locked.spec.storage_type != entry.storage_type:
        there = locked.spec.storage_type
        yield f"{where}.storage_type is {shown(there)} there and {shown(entry.storage_type)} in pins.toml"
    for pool in locked.pools:
        if pool.name in entry.exclude_pools:
            yield f"{where}.exclude_pools has {shown(pool.name)}, which is there"


def _template_differences(entry: TemplateEntry, locked: LockedTemplate | None) -> Iterator[str]:
    where = f"templates.{entry.key}"
    if locked is None:
        yield f"{where} is not there"
    elif entry.template_id is not None and locked.template.id != entry.template_id:
        yield f"{where}.template_id is {shown(locked.template.id)} there and {shown(entry.template_id)} in pins.toml"
    elif entry.template_id is None and locked.template.name != entry.name:
        yield f"{where}.template is {shown(locked.template.name)} there and {shown(entry.name)} in pins.toml"


def _with_previous(found: PinSet, lock: Lock) -> PinSet:
    """Add what a rotation keeps, for the pins that are still declared."""
    if not lock.previous:
        return found
    keys = {pin.base_key for pin in found.current}
    kept = (_with_formerly(pin.pin(found.name), found) for pin in lock.previous)
    return replace(found, previous=tuple(pin for pin in kept if pin.base_key in keys))


def _with_formerly(pin: Pin, found: PinSet) -> Pin:
    """Give a kept pin its storage tag's former keys, so that it moves along when the key is renamed."""
    declared = found.storage_tags.get(pin.storage_tag.name)
    if declared is None:
        return pin
    return replace(pin, storage_tag=replace(pin.storage_tag, formerly=declared.formerly))
