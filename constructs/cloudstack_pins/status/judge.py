"""Compare what a set declares with what CloudStack held: a pure function from two values to a report."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from cloudstack_pins.model import TAG_POOL, TAG_REVISION, TAG_STORAGE_TAG, TAG_TEMPLATE, Owner
from cloudstack_pins.roster import RosterPin
from cloudstack_pins.status import pin_findings, pool_findings, set_findings
from cloudstack_pins.status.declared import Declared
from cloudstack_pins.status.observation import (
    GC_ENABLED,
    GC_INTERVAL,
    GC_TEMPLATES_ENABLED,
    Observation,
    SeenPool,
    SeenVm,
)
from cloudstack_pins.status.pin_state import Rules, claimed, judge_pin
from cloudstack_pins.status.report import GcReport, OrphanReport, PinReport, PoolReport, SetReport, natural, ordered


def judge(declared: Declared, seen: Observation) -> SetReport:
    """Return every pin's state, the pools, the orphans and the findings, each with its repair."""
    owner, owner_note = _owner(declared, seen)
    rules = Rules(declared=declared, seen=seen, owner=owner)
    claims: dict[tuple[str, str, str | None, str], list[SeenVm]] = defaultdict(list)
    for vm in seen.vms:
        claims[claimed(vm)].append(vm)
    pins = tuple(judge_pin(pin, claims.get(pin.key, ()), rules) for pin in _sorted(declared.pins))
    known = {pin.key for pin in declared.pins}
    orphans = tuple(_orphan(vm) for key, vms in sorted(claims.items(), key=str) if key not in known for vm in vms)
    live_orphans = tuple(orphan for orphan in orphans if orphan.state not in ("Destroyed", "Expunging"))
    gc = _gc(seen)
    findings = [
        *pin_findings.of_pins(declared, seen, pins),
        *pin_findings.of_orphans(declared, pins, live_orphans),
        *pin_findings.of_strays(declared, seen),
        *pool_findings.of_pools(declared, seen),
        *set_findings.of_losses(declared, seen, pins),
        *set_findings.of_account(declared, seen),
        *set_findings.of_lock(declared, seen, pins),
    ]
    return SetReport(
        set_name=declared.set_name,
        source=str(declared.source),
        zone_id=declared.zone_id,
        owner=owner.account or "the API key's account",
        pins=pins,
        pools=_pools(declared, seen, pins),
        orphans=live_orphans,
        findings=ordered(findings),
        notes=(*owner_note, *set_findings.notes(declared, seen, pins, gc)),
        unseen=seen.unseen,
        gc=gc,
    )


def _sorted(pins: tuple[RosterPin, ...]) -> list[RosterPin]:
    return sorted(pins, key=lambda pin: (pin.template, pin.storage_tag, pin.pool or "", pin.previous, pin.address))


def _owner(declared: Declared, seen: Observation) -> tuple[Owner, tuple[str, ...]]:
    """Return who should own the pins; with owner "caller" that is whoever applied, not whoever looks.

    A monitoring key is another account than the one that applies: if all pins agree on an owner, that one is taken.
    """
    if declared.owner.account is not None:
        return declared.owner, ()
    accounts = {(vm.account, vm.domain_id) for vm in seen.vms if not vm.is_gone}
    caller = (seen.caller.account, seen.caller.domain_id)
    if len(accounts) == 1 and caller not in accounts:
        account, domain_id = accounts.pop()
        note = (
            f"every pin belongs to {account}, this key to {seen.caller.account}: the set's owner is whoever applies "
            f"it, so {account} is taken as right"
        )
        return Owner(account=account, domain_id=domain_id), (note,)
    return Owner(account=caller[0], domain_id=caller[1]), ()


def _orphan(vm: SeenVm) -> OrphanReport:
    return OrphanReport(
        vm_id=vm.id,
        name=vm.name,
        state=vm.state,
        template=vm.tags.get(TAG_TEMPLATE, ""),
        storage_tag=vm.tags.get(TAG_STORAGE_TAG, ""),
        pool=vm.tags.get(TAG_POOL, ""),
        revision=vm.tags.get(TAG_REVISION, ""),
    )


def _gc(seen: Observation) -> GcReport:
    switches = [seen.is_on(GC_ENABLED), seen.is_on(GC_TEMPLATES_ENABLED)]
    enabled = False if False in switches else (None if None in switches else True)
    interval = seen.seconds(GC_INTERVAL)
    runs = interval is not None and enabled is not False
    return GcReport(
        enabled=enabled,
        interval=interval,
        next_pass_by=seen.at + timedelta(seconds=interval) if runs and interval is not None else None,
        second_pass_by=seen.at + timedelta(seconds=2 * interval) if runs and interval is not None else None,
    )


def _pools(declared: Declared, seen: Observation, pins: tuple[PinReport, ...]) -> tuple[PoolReport, ...]:
    """Return the pools that the set names and those that bear one of its tags, by name."""
    names = {pool.id: (pool.key, pool.name) for pool in declared.pools.values()}
    for pool in seen.pools or ():
        if pool.tags & set(declared.storage_tags):
            names.setdefault(pool.id, ("", pool.name))
    return tuple(
        _pool(pool_id, name, key or None, seen.pool(pool_id), seen, pins)
        for pool_id, (key, name) in sorted(names.items(), key=lambda item: (natural(item[1][1]), item[0]))
    )


def _pool(
    pool_id: str, name: str, key: str | None, pool: SeenPool | None, seen: Observation, pins: tuple[PinReport, ...]
) -> PoolReport:
    here = [pin for pin in pins if pin.pool_id == pool_id and pin.protects]
    return PoolReport(
        id=pool_id,
        name=pool.name if pool else name,
        key=key,
        state=pool.state if pool else None,
        scope=pool.scope if pool else None,
        tags=tuple(sorted(pool.tags)) if pool else (),
        pins=len(here),
        held=sum(pin.held or 0 for pin in here),
        used_share=pool.used_share if pool else None,
        used_threshold=pool.used_threshold if pool else None,
        allocated_share=pool.allocated_share if pool else None,
        allocated_threshold=pool.allocated_threshold if pool else None,
        total=pool.total if pool else None,
        problem=pool_findings.pool_problem(pool, visible=seen.pools is not None),
    )
