"""Which pin is put to the test, and against which template without a pin."""

from __future__ import annotations

from dataclasses import dataclass

from cloudstack_pins.cloudstack import Session, TemplateRegistration
from cloudstack_pins.errors import PinsError
from cloudstack_pins.model import PinSet
from cloudstack_pins.plain import plain
from cloudstack_pins.status.report import PinReport, SetReport, State


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A template to deploy; ``size`` in bytes, None if unknown."""

    template_id: str
    name: str
    size: int | None
    pinned: bool


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is compared and where: an offering that leads to the pool's tag, and the pools that hold the pin."""

    pinned: Subject
    unpinned: Subject
    storage_tag: str
    offering_id: str
    pools: frozenset[str]
    cluster_id: str | None
    network_id: str
    zone_id: str


def choose(
    session: Session, pin_set: PinSet, report: SetReport, *, template: str | None = None, against: str | None = None
) -> Choice:
    """Choose an active pin (of ``template``, else the largest) and a template without a pin (``against``, by name).

    Without ``against`` it is the ready one whose size comes nearest and of which no VM exists, so that no pool should
    hold its copy. Raises PinsError that says what is missing, before anything is deployed.
    """
    if not session.caller().is_root_admin:
        raise PinsError(
            f"the key of account {session.caller().account} may not see on which pool a volume is, so nothing would be "
            "proved; use a root admin's key"
        )
    pin = _pin(pin_set, report, template)
    sizes = {one.template.id: one.template.size for one in pin_set.templates}
    pinned = Subject(template_id=pin.template_id, name=pin.template_name, size=sizes.get(pin.template_id), pinned=True)
    pools = {pool.id: pool for tag in pin_set.storage_tags.values() for pool in tag.pools}
    place = pools.get(pin.pool_id or "")
    return Choice(
        pinned=pinned,
        unpinned=_unpinned(session, pin_set, pinned, against),
        storage_tag=pin.storage_tag,
        offering_id=_offering(session, pin),
        pools=_pools_of(report, pin),
        cluster_id=place.cluster_id if place is not None else None,
        network_id=pin_set.network_id,
        zone_id=pin_set.zone_id,
    )


def _pin(pin_set: PinSet, report: SetReport, template: str | None) -> PinReport:
    known = sorted(one.template.key for one in pin_set.templates)
    if template is not None and template not in known:
        raise PinsError(
            f"--template {template!r} is not declared in {report.set_name}; declared are {', '.join(known)}"
        )
    active = [
        pin
        for pin in report.current
        if pin.state is State.ACTIVE and pin.pool_id is not None and template in (None, pin.template)
    ]
    if not active:
        wanted = f"of {template} " if template is not None else ""
        raise PinsError(
            f"{report.set_name}: no pin {wanted}is active on a known pool; run `cloudstack-pins status {report.source}`"
        )
    return max(active, key=lambda pin: (pin.held or 0, pin.key))


def _pools_of(report: SetReport, pin: PinReport) -> frozenset[str]:
    """Return the pools of the tag where this template is pinned and active."""
    return frozenset(
        other.pool_id
        for other in report.current
        if other.pool_id is not None
        and other.state is State.ACTIVE
        and (other.template, other.storage_tag) == (pin.template, pin.storage_tag)
    )


def _offering(session: Session, pin: PinReport) -> str:
    [found] = session.virtual_machines(id=pin.vm_ids[0], listall=True)
    return found.service_offering_id


def _unpinned(session: Session, pin_set: PinSet, pinned: Subject, against: str | None) -> Subject:
    declared = {one.template.id for one in pin_set.templates} | {one.template.name for one in pin_set.templates}
    hypervisors = {one.template.hypervisor for one in pin_set.templates if one.template.id == pinned.template_id}
    ready = [
        one
        for one in session.templates(zoneid=pin_set.zone_id, listall=True)
        if one.is_ready and not one.password_enabled and one.type != "SYSTEM" and hypervisors <= {one.hypervisor, None}
    ]
    if against is not None:
        found = [one for one in ready if against in (one.name, one.id) and not {one.id, one.name} & declared]
        if not found:
            others = sorted({plain(one.name) for one in ready if one.name not in declared})
            raise PinsError(
                f"--against {plain(against)!r} is no ready template without a pin and password; "
                f"such are {', '.join(others) or 'none'}"
            )
        return _subject(max(found, key=lambda one: one.created))
    used = {vm.template_id for vm in session.virtual_machines(listall=True, zoneid=pin_set.zone_id)}
    fresh = [one for one in ready if not {one.id, one.name} & declared and one.id not in used]
    if not fresh:
        raise PinsError(
            "every ready template is pinned or has VMs, so none is surely not cached; name one with --against"
        )
    return _subject(min(fresh, key=lambda one: (_distance(one, pinned), one.name, one.id)))


def _distance(one: TemplateRegistration, pinned: Subject) -> int:
    return abs((one.size or 0) - (pinned.size or 0))


def _subject(one: TemplateRegistration) -> Subject:
    return Subject(template_id=one.id, name=one.name, size=one.size, pinned=False)
