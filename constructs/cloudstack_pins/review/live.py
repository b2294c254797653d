"""Reading what a plan cannot say from CloudStack: the only part of a review that touches a network."""

from __future__ import annotations

from collections.abc import Iterable

from cloudstack_pins.cloudstack import Session, StoragePool, TemplateRegistration
from cloudstack_pins.review.live_facts import Collection, LiveFacts, LivePool, LiveTemplate
from cloudstack_pins.review.plan import Plan, StackFacts

_ALLOCATED = "pool.storage.allocated.capacity.disablethreshold"
_USED = "pool.storage.capacity.disablethreshold"


def gather(session: Session, plans: Iterable[Plan], locks: Iterable[StackFacts] = ()) -> LiveFacts:
    """Read pools, their thresholds, templates and garbage collection's settings, for what the plans touch.

    Needs the rights of a root admin (listStoragePools, listConfigurations). Raises CloudStackError.
    """
    plans, locks = list(plans), list(locks)
    facts = [*(plan.facts for plan in plans), *locks]
    states = [state for plan in plans for pin in plan.pins for state in (pin.before, pin.after) if state is not None]
    wanted_pools = {pool.id for fact in facts for pool in fact.pools.values()}
    wanted_names = {state.pool for state in states if state.pool is not None}
    wanted_templates = {state.template_id for state in states if state.template_id is not None}
    wanted_zones = {*(state.zone for state in states), *(fact.zone_id for fact in facts)}
    zones = [zone for zone in session.zones() if zone.id in wanted_zones or zone.name in wanted_zones]
    zone_ids = {zone.id for zone in zones}
    pools = [pool for pool in session.storage_pools() if pool.id in wanted_pools or pool.name in wanted_names]
    templates = [
        template
        for template in session.templates()
        if (template.id in wanted_templates or template.name in wanted_templates)
        and (not zone_ids or template.zone_id in zone_ids)
    ]
    return LiveFacts(
        pools={pool.id: _pool(session, pool) for pool in pools},
        templates=_templates(templates),
        zones={zone.name: zone.id for zone in zones},
        collection=_collection(session),
    )


def _templates(rows: Iterable[TemplateRegistration]) -> dict[str, LiveTemplate]:
    """Return templates by id; one that is in several of the plans' zones is ready when it is in each."""
    found: dict[str, LiveTemplate] = {}
    for row in rows:
        before = found.get(row.id)
        found[row.id] = LiveTemplate(
            id=row.id,
            name=row.name,
            ready=row.is_ready and (before is None or before.ready),
            size=row.size or (before.size if before else None),
        )
    return found


def _pool(session: Session, pool: StoragePool) -> LivePool:
    return LivePool(
        id=pool.id,
        name=pool.name,
        zone_id=pool.zone_id,
        state=pool.state,
        total=pool.bytes_total,
        allocated=pool.bytes_allocated,
        used=pool.bytes_used,
        factor=pool.overprovision_factor,
        allocated_threshold=_share(session.setting(_ALLOCATED, storageid=pool.id)),
        used_threshold=_share(session.setting(_USED, storageid=pool.id)),
    )


def _collection(session: Session) -> Collection:
    delay, interval = (_seconds(session.setting(f"expunge.{name}")) for name in ("delay", "interval"))
    switches = ("storage.cleanup.enabled", "storage.template.cleanup.enabled")
    return Collection(
        interval=_seconds(session.setting("storage.cleanup.interval")),
        expunge=None if delay is None or interval is None else delay + interval,
        enabled=all((session.setting(name) or "true").lower() == "true" for name in switches),
    )


def _share(value: str | None) -> float | None:
    try:
        return float(value) if value is not None else None
    except ValueError:
        return None


def _seconds(value: str | None) -> int | None:
    return int(value) if value is not None and value.strip().isdigit() else None
