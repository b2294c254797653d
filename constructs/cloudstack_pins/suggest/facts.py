"""Gathers what suggestions are weighed against: templates, storage tags, offerings, GC times, pins' copy speed."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cloudstack_pins.cloudstack import Session, TemplateRegistration, VirtualMachine
from cloudstack_pins.declaration import Declaration
from cloudstack_pins.model import TAG_SET, DeclaredTemplate, PinSet
from cloudstack_pins.suggest.events import measured_copy_rate
from cloudstack_pins.suggest.judge import TagFacts, TemplateFacts
from cloudstack_pins.suggest.sources import NOT_TO_BE_HAD

_GC_INTERVAL = "storage.cleanup.interval"
_GC_DEFAULT = 86_400.0
_PASSES = 2
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_LONGEST = 255


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything but the history. ``copy_rate`` (bytes a second) is None where it was not measured."""

    templates: tuple[TemplateFacts, ...]
    tags: tuple[TagFacts, ...]
    offerings: Mapping[str, frozenset[str]]
    grace: float
    copy_rate: float | None
    notes: tuple[str, ...] = ()


def gather(session: Session, declaration: Declaration, pin_set: PinSet, machines: Sequence[VirtualMachine]) -> Facts:
    """Ask for the zone's templates, offerings, pools and settings, and for the speed of this set's first starts.

    ``machines`` are all VMs that exist.
    """
    registrations = session.templates(zoneid=pin_set.zone_id, listall=True)
    takes_passwords = _takes_passwords(session, pin_set)
    tags, unseen_pools = _tags(session, pin_set)
    offerings, unseen_offerings = _offerings(session, pin_set)
    sizes = {one.template.id: one.template.size for one in pin_set.templates if one.template.size}
    pins = [vm for vm in machines if vm.tags.get(TAG_SET) == pin_set.name]
    return Facts(
        templates=(
            *(_declared(one, declaration, registrations) for one in pin_set.templates),
            *_undeclared(registrations, declaration, pin_set, takes_passwords=takes_passwords),
        ),
        tags=tags,
        offerings=offerings,
        grace=_PASSES * _gc_interval(session),
        copy_rate=measured_copy_rate(session, pins, sizes),
        notes=(*unseen_pools, *unseen_offerings),
    )


def _declared(
    declared: DeclaredTemplate, declaration: Declaration, registrations: Sequence[TemplateRegistration]
) -> TemplateFacts:
    template, entry = declared.template, declaration.templates[declared.template.key]
    fixed = _fixed_ids(declaration)
    if entry.template_id is not None:
        found = [one for one in registrations if one.id == entry.template_id]
    else:
        found = [one for one in registrations if one.name == template.name and one.id not in fixed]
    return TemplateFacts(
        name=template.name,
        ids=frozenset([template.id, *(one.id for one in found)]),
        size=_newest_size(found) or template.size,
        key=template.key,
        tags=frozenset(entry.storage_tags),
        follows_name=entry.template_id is None,
        obstacle=_not_there(found),
    )


def _undeclared(
    registrations: Sequence[TemplateRegistration],
    declaration: Declaration,
    pin_set: PinSet,
    *,
    takes_passwords: bool,
) -> list[TemplateFacts]:
    names = {entry.name for entry in declaration.templates.values()}
    fixed = _fixed_ids(declaration)
    by_name: dict[str, list[TemplateRegistration]] = {}
    for one in registrations:
        if one.name not in names and one.id not in fixed:
            by_name.setdefault(one.name, []).append(one)
    locked = {one.template.name for one in pin_set.templates}
    return [
        TemplateFacts(
            name=name,
            ids=frozenset(one.id for one in found),
            size=_newest_size(found),
            # Gone registrations of a name that an entry names by id may have been that entry's.
            follows_name=name not in locked,
            obstacle=_not_there(found) or _unwritable(name) or _password(found, takes_passwords=takes_passwords),
        )
        for name, found in sorted(by_name.items())
    ]


def _fixed_ids(declaration: Declaration) -> frozenset[str]:
    return frozenset(entry.template_id for entry in declaration.templates.values() if entry.template_id is not None)


def _newest(found: Sequence[TemplateRegistration]) -> TemplateRegistration | None:
    ready = [one for one in found if one.is_ready]
    return max(ready or found, key=lambda one: (one.created, one.id), default=None)


def _newest_size(found: Sequence[TemplateRegistration]) -> int | None:
    newest = _newest(found)
    return newest.size if newest is not None else None


def _not_there(found: Sequence[TemplateRegistration]) -> str | None:
    return None if any(one.is_ready for one in found) else "the template is gone or not ready"


def _unwritable(name: str) -> str | None:
    odd = not name or name != name.strip() or len(name) > _LONGEST
    if odd or any(unicodedata.category(character) in _UNSEEN for character in name):
        return "pins.toml takes no such name; rename the template"
    return None


def _password(found: Sequence[TemplateRegistration], *, takes_passwords: bool) -> str | None:
    newest = _newest(found)
    if newest is None or not newest.password_enabled or takes_passwords:
        return None
    return "it is password-enabled, and the set's network has no UserData service"


def _takes_passwords(session: Session, pin_set: PinSet) -> bool:
    rows = session.list("listNetworks", "network", zoneid=pin_set.zone_id, listall=True)
    network = next((row for row in rows if row.get("id") == pin_set.network_id), None)
    return network is None or any(one.get("name") == "UserData" for one in network.get("service") or ())


def _tags(session: Session, pin_set: PinSet) -> tuple[tuple[TagFacts, ...], tuple[str, ...]]:
    """Return the declared tags with their pools; of "any-pool" tags CloudStack has to be asked."""
    counted = {name: len(tag.pools) for name, tag in pin_set.storage_tags.items() if tag.coverage == "every-pool"}
    asked = sorted(pin_set.storage_tags.keys() - counted.keys())
    notes: tuple[str, ...] = ()
    if asked:
        try:
            pools = session.storage_pools(zoneid=pin_set.zone_id)
            counted |= {name: sum(name in pool.tags for pool in pools) for name in asked}
        except NOT_TO_BE_HAD:
            counted |= dict.fromkeys(asked, 1)
            notes = ("this key does not see the pools: each storage tag counts as one pool, which never cools down",)
    facts = [
        TagFacts(name=name, pools=count, pins=1 if name in asked else count) for name, count in sorted(counted.items())
    ]
    return tuple(facts), notes


def _offerings(session: Session, pin_set: PinSet) -> tuple[dict[str, frozenset[str]], tuple[str, ...]]:
    found = {one.id: one.storage_tags for one in session.service_offerings(listall=True)}
    notes: tuple[str, ...] = ()
    if not session.caller().is_root_admin and not any(found.values()):
        notes = ("this key does not see the storage tags of offerings: only the set's own are known",)
        for name, tag in pin_set.storage_tags.items():
            if tag.service_offering_id is not None:
                found[tag.service_offering_id] = found.get(tag.service_offering_id, frozenset()) | {name}
    return found, notes


def _gc_interval(session: Session) -> float:
    try:
        return float(session.setting(_GC_INTERVAL) or _GC_DEFAULT)
    except NOT_TO_BE_HAD:
        return _GC_DEFAULT
    except ValueError:
        return _GC_DEFAULT
