"""Which pools bear a storage tag, whether a pin can reach them, and the keys that they keep for good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from cloudstack_pins.declaration import StorageTagEntry
from cloudstack_pins.fields import listed, near, shown
from cloudstack_pins.lock import Lock, LockedTag
from cloudstack_pins.model import ANY_POOL, Pool, Scope
from cloudstack_pins.pin_key import sanitised
from cloudstack_pins.resolution.findings import Findings
from cloudstack_pins.resolution.observed import Observed, SeenOffering, SeenPool


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a pin's offering asks of a pool: all these tags, on shared or on local storage."""

    tags: frozenset[str]
    storage_type: str

    @classmethod
    def of(cls, entry: StorageTagEntry, offering: SeenOffering | None) -> Wanted:
        """Return what the tag's offering asks, the stack-made one where none is named."""
        if offering is None:
            return cls(tags=frozenset((entry.name,)), storage_type=entry.storage_type)
        return cls(tags=(offering.storage_tags or frozenset()) | {entry.name}, storage_type=offering.storage_type)

    def reaches(self, pool: SeenPool) -> bool:
        """Whether CloudStack would ever consider the pool for such an offering."""
        return self.tags <= pool.tags and (pool.scope == "HOST") == (self.storage_type == "local")


def choose_pools(
    entry: StorageTagEntry, wanted: Wanted, observed: Observed, before: LockedTag | None, findings: Findings
) -> list[SeenPool]:
    """Return the pools of a tag: those that are Up, and those of the last lock that still bear it."""
    pools = observed.pools or ()
    bearing = [pool for pool in pools if entry.name in pool.tags]
    if not bearing:
        _refuse_unborne(entry, pools, findings)
        return []
    known = {pool.id for pool in before.pools} if before else set()
    _warn_unknown_exclusions(entry, pools, findings)
    kept = [pool for pool in bearing if pool.name not in entry.exclude_pools]
    entering = [pool for pool in kept if pool.state == "Up" or pool.id in known]
    if not entering:
        states = ", ".join(f"{shown(pool.name)} {'excluded' if pool not in kept else pool.state}" for pool in bearing)
        findings.refuse(
            f"storage_tags.{entry.name}", f"no pool of it can be used: {states}; wait until one is Up, or exclude less"
        )
    if entry.coverage == "every-pool":
        _refuse_unreachable(entry, wanted, entering, pools, findings)
    return entering


def hosts_of(
    entry: StorageTagEntry, pools: Iterable[SeenPool], observed: Observed, findings: Findings
) -> dict[str, str]:
    """Return the host of each pool of local storage: the one in its cluster with its IP address."""
    hosts = {(host.cluster_id, host.ip_address): host.id for host in observed.hosts}
    found: dict[str, str] = {}
    for pool in pools:
        if pool.scope != "HOST":
            continue
        host = hosts.get((pool.cluster_id, pool.ip_address))
        if host is not None:
            found[pool.id] = host
        else:
            findings.refuse(
                f"storage_tags.{entry.name}",
                f"no host of its cluster has the address {pool.ip_address} of the local pool {shown(pool.name)};"
                f" exclude_pools = [{shown(pool.name)}] or bring the host back",
            )
    return found


def assign_keys(pools: Iterable[SeenPool], before: Lock | None) -> dict[str, str]:
    """Return pool id -> key. A key stays with its pool, and with the name of a pool that was re-created.

    A pool that is seen for the first time gets its name as Terraform can hold it, and the first 8 characters of its
    id behind it where another pool has that key.
    """
    seen = {pool.id: pool for pool in pools}
    old = {pool.id: pool for tag in (before.storage_tags.values() if before else ()) for pool in tag.pools}
    keys = {pool_id: old[pool_id].key for pool_id in seen if pool_id in old}
    gone = {pool.name: pool.key for pool_id, pool in sorted(old.items()) if pool_id not in seen}
    new = sorted((pool for pool in seen.values() if pool.id not in keys), key=lambda pool: (pool.name, pool.id))
    names = Counter(sanitised(pool.name) for pool in new)
    for pool in new:
        plain_key, inherited = sanitised(pool.name), gone.pop(pool.name, None)
        taken = {ANY_POOL, *keys.values()}  # a pool of that name would pass for none
        if inherited is not None and inherited not in taken:
            keys[pool.id] = inherited
            continue
        alone = [plain_key] if names[plain_key] == 1 else []
        # The whole id at last: another pool may have inherited this one's short form.
        choices = [*alone, f"{plain_key}_{pool.id[:8]}", f"{plain_key}_{pool.id}"]
        keys[pool.id] = next(key for key in choices if key not in taken)
    return keys


def locked_pools(pools: Iterable[SeenPool], keys: Mapping[str, str], hosts: Mapping[str, str]) -> tuple[Pool, ...]:
    """Return the pools as the lock holds them, sorted by key."""
    found = (
        Pool(
            id=pool.id,
            name=pool.name,
            key=keys[pool.id],
            cluster_id=pool.cluster_id if pool.scope != "ZONE" else None,
            scope=cast(Scope, pool.scope),
            host_id=hosts.get(pool.id),
        )
        for pool in pools
    )
    return tuple(sorted(found, key=lambda pool: pool.key))


def _refuse_unborne(entry: StorageTagEntry, pools: Iterable[SeenPool], findings: Findings) -> None:
    tags = sorted({tag for pool in pools for tag in pool.tags})
    hint = near(entry.name, tags, "did you mean") or f", tags there are {listed(tags)}"
    findings.refuse(
        f"storage_tags.{entry.name}",
        f"no pool of this zone bears the tag {shown(entry.name)}{hint}; tag a pool or rename it",
    )


def _warn_unknown_exclusions(entry: StorageTagEntry, pools: Iterable[SeenPool], findings: Findings) -> None:
    names = {pool.name for pool in pools}
    for name in entry.exclude_pools:
        if name not in names:
            findings.warn(
                f"storage_tags.{entry.name}.exclude_pools",
                f"no pool of this zone is named {shown(name)}{near(name, names, 'did you mean')}; correct or drop it",
            )


def _refuse_unreachable(
    entry: StorageTagEntry,
    wanted: Wanted,
    entering: Iterable[SeenPool],
    pools: Iterable[SeenPool],
    findings: Findings,
) -> None:
    """Refuse pools on which no start would ever land."""
    where = f"storage_tags.{entry.name}"
    shadowing = [pool.name for pool in pools if wanted.reaches(pool) and pool.scope == "CLUSTER"]
    for pool in entering:
        name = shown(pool.name)
        if not wanted.tags <= pool.tags:
            lacking = listed(sorted(wanted.tags - pool.tags))
            findings.refuse(
                where,
                f"the offering also asks for {lacking}, which pool {name} lacks; exclude_pools = [{name}], or name"
                f" an offering with only {shown(entry.name)}",
            )
        elif not wanted.reaches(pool):
            kind = "local" if pool.scope == "HOST" else "shared"
            findings.refuse(
                where,
                f"pool {name} is {kind} storage and the offering is for {wanted.storage_type} storage;"
                f" exclude_pools = [{name}], or give the pool a tag of its own",
            )
        elif pool.scope == "ZONE" and shadowing:
            findings.refuse(
                where,
                f"CloudStack takes a pool of the cluster ({listed(shadowing)}) before the zone-wide pool {name}, so no"
                f" pin would reach it; give {name} a tag that no cluster pool bears, or exclude_pools = [{name}]",
            )
