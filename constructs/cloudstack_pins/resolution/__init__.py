"""From names to ids: what a declaration names, looked up in CloudStack with a constant number of list calls.

``resolve`` gathers (observed, activity), judges (templates, offerings, networks, pools, rights: pure) and returns the
lock that ought to be, with what changed in words. It raises ResolutionError with every reason it found at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from cloudstack_pins.cloudstack import Session
from cloudstack_pins.declaration import Declaration
from cloudstack_pins.errors import ExpansionError, ResolutionError
from cloudstack_pins.fields import shown
from cloudstack_pins.lock import Lock, LockedTag, LockedTemplate, Named
from cloudstack_pins.model import SYSTEM_ACCOUNT, Owner, Template
from cloudstack_pins.pin_key import refuse_collisions
from cloudstack_pins.pin_set import combine
from cloudstack_pins.resolution.activity import Activity, observe_activity
from cloudstack_pins.resolution.changes import changes_between
from cloudstack_pins.resolution.findings import Findings
from cloudstack_pins.resolution.former_keys import with_todays_keys
from cloudstack_pins.resolution.networks import choose_network, refuse_password_templates
from cloudstack_pins.resolution.observed import Observed, SeenNetwork, SeenPool, SeenTemplate, observe
from cloudstack_pins.resolution.offerings import choose_offering, spec_for
from cloudstack_pins.resolution.pools import Wanted, assign_keys, choose_pools, hosts_of, locked_pools
from cloudstack_pins.resolution.rights import refuse_missing_rights
from cloudstack_pins.resolution.rotation import needs_activity, rotate, turns
from cloudstack_pins.resolution.templates import choose_template

__all__ = ["Resolution", "resolve"]


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """The lock that ought to be, what changed since the last one in words, and what a person should know."""

    lock: Lock
    changes: tuple[str, ...]
    warnings: tuple[str, ...]


def resolve(
    session: Session, declaration: Declaration, before: Lock | None, *, today: date | None = None
) -> Resolution:
    """Look up what ``declaration`` names.

    ``before`` is the committed lock, None where there is none: it says the keys of pools and the pins that are kept.
    ``today`` (UTC; default: by the session's clock) matters to soak times only. Raises ResolutionError with all
    reasons, CloudStackError where CloudStack cannot be asked.
    """
    observed = observe(session, declaration)
    carried = with_todays_keys(before, declaration) if before is not None else None
    findings = Findings()
    lock = judge(declaration, observed, carried, findings)
    if lock is None or findings.reasons:
        raise ResolutionError(tuple(f"{declaration.path}: {reason}" for reason in findings.reasons))
    if carried is not None:
        lock = _rotated(session, declaration, lock, carried, today)
    return Resolution(
        lock=lock,
        changes=changes_between(before, carried, lock),
        warnings=tuple(f"{declaration.path}: {warning}" for warning in findings.warnings),
    )


def judge(declaration: Declaration, observed: Observed, before: Lock | None, findings: Findings) -> Lock | None:
    """Return the lock, without sides and kept pins, or None with the reasons among the findings. Pure."""
    refuse_missing_rights(declaration, observed, findings)
    if observed.zone is None:
        known = (zone.name for zone in observed.zones)
        findings.unknown("zone", "zone", declaration.zone, known, "write its name as CloudStack has it")
        return None
    if observed.zone_is_basic:
        findings.refuse(
            "zone", f"{shown(declaration.zone)} is a Basic zone, which takes no network; use an Advanced one"
        )
    network = choose_network(declaration, observed, findings)
    chosen = {
        key: template
        for key, entry in declaration.templates.items()
        if (template := choose_template(entry, observed, findings)) is not None
    }
    if network is not None:
        refuse_password_templates(declaration, network, chosen, findings)
    tags = _tags(declaration, observed, before, chosen, findings)
    if findings.reasons or network is None:
        return None
    lock = Lock(
        set_name=declaration.set_name,
        zone=observed.zone,
        network=Named(id=network.id, name=network.name),
        owner=_owner(declaration, observed, network),
        storage_tags=tags,
        templates={key: _locked(key, template) for key, template in chosen.items()},
    )
    _refuse_collisions(declaration, lock, findings)
    return lock


def _tags(
    declaration: Declaration,
    observed: Observed,
    before: Lock | None,
    templates: dict[str, SeenTemplate],
    findings: Findings,
) -> dict[str, LockedTag]:
    offerings = {name: choose_offering(entry, observed, findings) for name, entry in declaration.storage_tags.items()}
    pools: dict[str, list[SeenPool]] = {}
    hosts: dict[str, str] = {}
    for name, entry in declaration.storage_tags.items():
        if observed.pools is None:
            pools[name] = []
            continue
        known = before.storage_tags.get(name) if before else None
        found = choose_pools(entry, Wanted.of(entry, offerings[name]), observed, known, findings)
        pools[name] = found if entry.coverage == "every-pool" else []
        if Wanted.of(entry, offerings[name]).storage_type == "local" and not observed.local_storage:
            findings.refuse(
                f"storage_tags.{name}", "the zone has local storage switched off; updateZone switches it on"
            )
        hosts |= hosts_of(entry, pools[name], observed, findings)
    _warn_other_hypervisors(declaration, pools, templates, findings)
    keys = assign_keys((pool for found in pools.values() for pool in found), before)
    return {
        name: LockedTag(
            key=name,
            coverage=entry.coverage,
            service_offering=Named(id=offering.id, name=offering.name) if (offering := offerings[name]) else None,
            spec=spec_for(entry),
            pools=locked_pools(pools[name], keys, hosts),
        )
        for name, entry in declaration.storage_tags.items()
    }


def _warn_other_hypervisors(
    declaration: Declaration, pools: dict[str, list[SeenPool]], templates: dict[str, SeenTemplate], findings: Findings
) -> None:
    for key, template in templates.items():
        for tag in declaration.templates[key].storage_tags:
            for pool in pools[tag]:
                if template.hypervisor and pool.hypervisor and pool.hypervisor not in ("Any", template.hypervisor):
                    findings.warn(
                        f"templates.{key}.storage_tags",
                        f"the template is for {template.hypervisor} and pool {shown(pool.name)} of {shown(tag)} for"
                        f" {pool.hypervisor}: its pin cannot start there",
                    )


def _owner(declaration: Declaration, observed: Observed, network: SeenNetwork) -> Owner:
    if declaration.owner != SYSTEM_ACCOUNT:
        return Owner()
    domain = observed.root_domain.id if observed.root_domain else network.domain_id
    return Owner(account=SYSTEM_ACCOUNT, domain_id=domain)


def _locked(key: str, seen: SeenTemplate) -> LockedTemplate:
    template = Template(key=key, id=seen.id, name=seen.name, size=seen.size, hypervisor=seen.hypervisor)
    return LockedTemplate(template=template, registered=seen.registered)


def _refuse_collisions(declaration: Declaration, lock: Lock, findings: Findings) -> None:
    pins = combine(replace(declaration, enabled=True), lock).current
    ends = ("", "_b") if declaration.rotates_by_two_locks else ("",)
    sides = ((f"{pin.base_key}{end}", pin.display_name) for pin in pins for end in ends)
    try:
        refuse_collisions(sides)
    except ExpansionError as error:
        findings.refuse("templates", str(error))


def _rotated(session: Session, declaration: Declaration, lock: Lock, carried: Lock, today: date | None) -> Lock:
    found = turns(declaration, lock, carried)
    activity = Activity()
    if needs_activity(declaration, found):
        activity = observe_activity(session, declaration, carried.set_name)
    day = today or datetime.fromtimestamp(session.clock.now(), UTC).date()
    return rotate(declaration, lock, carried, found, activity, day)
