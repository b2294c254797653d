"""Findings about pools: gone, down, full, without their tag, or not yet in the lock."""

from __future__ import annotations

from collections.abc import Iterator

from cloudstack_pins.status.cmk import cmk
from cloudstack_pins.status.declared import Declared
from cloudstack_pins.status.observation import ALLOCATED_THRESHOLD, USED_THRESHOLD, Observation, SeenPool
from cloudstack_pins.status.report import Finding, Severity

_IN_MAINTENANCE = frozenset({"Maintenance", "PrepareForMaintenance", "ErrorInMaintenance"})


def pool_problem(pool: SeenPool | None, *, visible: bool) -> str | None:
    """Return why nothing new can be put on a pool, None if it can, or if this key can't see pools."""
    if pool is None:
        return "it is not in the zone any more" if visible else None
    if pool.state != "Up":
        return f"its state is {pool.state}"
    full = _full(pool)
    return full[1] if full else None


def of_pools(declared: Declared, seen: Observation) -> Iterator[Finding]:
    """Yield findings about the pools of the lock, and about pools that the lock should know."""
    if seen.pools is None:
        return
    for pool in sorted(declared.pools.values(), key=lambda pool: pool.key):
        found = seen.pool(pool.id)
        if found is None:
            yield Finding(
                kind="pool-gone",
                about=pool.key,
                severity=Severity.WARNING,
                text=f"pool {pool.name} is not in the zone any more",
                repair=(declared.lock_command, declared.deploy_command),
            )
        else:
            yield from _of_pool(declared, pool.key, found)
    for tag, known in sorted(declared.every_pool.items()):
        yield from _of_tag(declared, seen, tag, known)


def _of_pool(declared: Declared, key: str, pool: SeenPool) -> Iterator[Finding]:
    lost = [tag for tag, known in sorted(declared.every_pool.items()) if pool.id in known and tag not in pool.tags]
    if lost:
        yield Finding(
            kind="pool-untagged",
            about=key,
            severity=Severity.WARNING,
            text=f"pool {pool.name} no longer bears {', '.join(lost)}: no deploy with that tag will come here",
            repair=(
                declared.lock_command,
                declared.deploy_command,
                "# or, if the tag was lost by mistake:",
                cmk("update storagepool", id=pool.id, tags=",".join(sorted({*pool.tags, *lost}))),
            ),
        )
    if pool.state != "Up":
        yield Finding(
            kind="pool-down",
            about=key,
            severity=Severity.WARNING,
            text=f"pool {pool.name} is {pool.state}: its copies stay, but nothing can be activated there",
            repair=(_up_again(pool),),
        )
    full = _full(pool)
    if full is not None:
        setting, words = full
        yield Finding(
            kind="pool-full",
            about=key,
            severity=Severity.WARNING,
            text=f"pool {pool.name} is full: {words}, so CloudStack puts nothing new there",
            repair=(
                cmk("list volumes", storageid=pool.id, listall="true", filter="name,account,size"),
                "# free some of it, add capacity, or move the threshold:",
                cmk("update configuration", storageid=pool.id, name=setting, value="0.95"),
            ),
        )


def _up_again(pool: SeenPool) -> str:
    if pool.state in _IN_MAINTENANCE:
        return cmk("cancel storagemaintenance", id=pool.id)
    if pool.state == "Disabled":
        return cmk("update storagepool", id=pool.id, enabled="true")
    return cmk("list storagepools", id=pool.id)


def _full(pool: SeenPool) -> tuple[str, str] | None:
    """Return the setting that keeps volumes off this pool, and the words; None if there is room."""
    if pool.used_threshold is not None and pool.used_share >= pool.used_threshold:
        return USED_THRESHOLD, f"{pool.used_share:.0%} used, limit {pool.used_threshold:.0%}"
    if pool.allocated_threshold is not None and pool.allocated_share >= pool.allocated_threshold:
        return ALLOCATED_THRESHOLD, f"{pool.allocated_share:.0%} allocated, limit {pool.allocated_threshold:.0%}"
    return None


def _of_tag(declared: Declared, seen: Observation, tag: str, known: frozenset[str]) -> Iterator[Finding]:
    if declared.excluded is None:
        return
    excluded = declared.excluded.get(tag, frozenset())
    for pool in seen.pools or ():
        if tag not in pool.tags or pool.id in known or pool.name in excluded or pool.id in excluded:
            continue
        wait = "" if pool.state == "Up" else f" (it is {pool.state}; a lock takes it in once it is Up)"
        yield Finding(
            kind="pool-unknown",
            about=f"{tag}-{pool.name}",
            severity=Severity.WARNING,
            text=f"pool {pool.name} bears {tag} and the lock does not know it{wait}: deploys there copy every template",
            repair=(declared.lock_command, declared.deploy_command),
        )
