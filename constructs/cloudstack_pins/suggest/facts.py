"""Gathers what suggestions are weighed against: templates, storage tags, offerings, GC times, pins' copy speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cloudstack_pins.cloudstack import Session, TemplateRegistration, VirtualMachine
from cloudstack_pins.declaration import Declaration
from cloudstack_pins.errors import RightsMissing
from cloudstack_pins.model import TAG_SET, PinSet
from cloudstack_pins.suggest.history import measured_copy_rate
from cloudstack_pins.suggest.judge import TagFacts, TemplateFacts

_GC_INTERVAL = "storage.cleanup.interval"
_GC_DEFAULT = 86_400.0
_PASSES = 2


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything but the history. ``copy_rate`` (bytes a second) is None where it was not measured."""

    templates: tuple[TemplateFacts, ...]
    tags: tuple[TagFacts, ...]
    offerings: Mapping[str, frozenset[str]]
    grace: float
    copy_rate: float | None


def gather(session: Session, declaration: Declaration, pin_set: PinSet) -> Facts:
    """Ask for the zone's templates, offerings, pools and settings, and for the speed of this set's first starts."""
    registrations = session.templates(zoneid=pin_set.zone_id)
    return Facts(
        templates=_templates(registrations, declaration, pin_set),
        tags=_tags(session, pin_set),
        offerings={offering.id: offering.storage_tags for offering in session.service_offerings(listall=True)},
        grace=_PASSES * _gc_interval(session),
        copy_rate=_copy_rate(session, pin_set),
    )


def _templates(
    registrations: Sequence[TemplateRegistration], declaration: Declaration, pin_set: PinSet
) -> tuple[TemplateFacts, ...]:
    declared = {one.template.name: one for one in pin_set.templates}
    by_name: dict[str, list[TemplateRegistration]] = {name: [] for name in declared}
    for registration in registrations:
        by_name.setdefault(registration.name, []).append(registration)
    made = []
    for name, found in sorted(by_name.items()):
        pinned = declared.get(name)
        newest = max(found, key=lambda one: one.created, default=None)
        made.append(
            TemplateFacts(
                name=name,
                ids=frozenset([one.id for one in found] + ([pinned.template.id] if pinned else [])),
                size=newest.size if newest else (pinned.template.size if pinned else None),
                key=pinned.template.key if pinned else None,
                tags=frozenset(declaration.templates[pinned.template.key].storage_tags) if pinned else frozenset(),
                available=any(one.is_ready for one in found),
            )
        )
    return tuple(made)


def _tags(session: Session, pin_set: PinSet) -> tuple[TagFacts, ...]:
    """Return the declared tags with their pools; "any-pool" tags and keys without rights count what can be seen."""
    counted = {name: len(tag.pools) for name, tag in pin_set.storage_tags.items()}
    if not all(counted.values()):
        try:
            pools = session.storage_pools(zoneid=pin_set.zone_id)
        except RightsMissing:
            pools = []
        for name, count in counted.items():
            counted[name] = count or sum(name in pool.tags for pool in pools) or 1
    return tuple(TagFacts(name=name, pools=count) for name, count in sorted(counted.items()))


def _gc_interval(session: Session) -> float:
    try:
        return float(session.setting(_GC_INTERVAL) or _GC_DEFAULT)
    except (RightsMissing, ValueError):
        return _GC_DEFAULT


def _copy_rate(session: Session, pin_set: PinSet) -> float | None:
    sizes = {one.template.id: one.template.size for one in pin_set.templates}
    pins: list[VirtualMachine] = session.virtual_machines(listall=True, tags={TAG_SET: pin_set.name})
    known = {pin.id: size for pin in pins if (size := sizes.get(pin.template_id)) is not None}
    return measured_copy_rate(session, known) if known else None
