"""Where a VM goes: the host and the pool that CloudStack's planner and allocators would choose."""

from __future__ import annotations

from dataclasses import dataclass

from .entities import Cluster, Host, StoragePool, VirtualMachine
from .world import World

USED_THRESHOLD = "pool.storage.capacity.disablethreshold"
ALLOCATED_THRESHOLD = "pool.storage.allocated.capacity.disablethreshold"


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A host to run on and the pool of the ROOT volume."""

    host: Host
    pool: StoragePool


def destination(
    world: World, vm: VirtualMachine, *, cluster: Cluster | None = None, host: Host | None = None
) -> Destination | None:
    """The planner's choice within a cluster or host, or None, which CloudStack calls 533.

    Clusters are tried in random order. The first that has a host with room and a suitable pool is taken, so the
    account's preferred pool counts only within it; pools of the zone are looked at where the cluster has none.
    """
    root = vm.root
    if root is None:
        return None
    clusters = [host.cluster] if host else [cluster] if cluster else list(world.clusters.values())
    clusters = [candidate for candidate in clusters if candidate.allocation_state == "Enabled"]
    world.random.shuffle(clusters)
    for candidate in clusters:
        hosts = [one for one in world.hosts.values() if one.cluster is candidate and host in (None, one)]
        hosts = [one for one in hosts if _has_room(world, one, vm)]
        world.random.shuffle(hosts)
        if root.pool is not None:
            found = _with_pool(root.pool, hosts)
        elif vm.root_disk_offering.storage_type == "local":
            found = _local(world, vm, hosts)
        else:
            found = _shared(world, vm, candidate, hosts)
        if found is not None:
            return found
    return None


def _with_pool(pool: StoragePool, hosts: list[Host]) -> Destination | None:
    """A volume that has a pool keeps it."""
    if pool.state != "Up":
        return None
    for host in hosts:
        if (pool.host or host) is host and (pool.cluster or host.cluster) is host.cluster:
            return Destination(host=host, pool=pool)
    return None


def _local(world: World, vm: VirtualMachine, hosts: list[Host]) -> Destination | None:
    """Local storage: the host comes first, and with it its pools."""
    for host in hosts:
        pools = [pool for pool in world.pools.values() if pool.host is host and suits(world, vm, pool)]
        if pools:
            return Destination(host=host, pool=_preferred(world, vm, pools))
    return None


def _shared(world: World, vm: VirtualMachine, cluster: Cluster, hosts: list[Host]) -> Destination | None:
    if not hosts:
        return None
    of_cluster = [
        p for p in world.pools.values() if p.scope == "CLUSTER" and p.cluster is cluster and suits(world, vm, p)
    ]
    pools = of_cluster or [p for p in world.pools.values() if p.scope == "ZONE" and suits(world, vm, p)]
    return Destination(host=hosts[0], pool=_preferred(world, vm, pools)) if pools else None


def _preferred(world: World, vm: VirtualMachine, pools: list[StoragePool]) -> StoragePool:
    """The pool that the VM's owner prefers, if it is suitable; else any."""
    wanted = world.settings.value("preferred.storage.pool", account=vm.account.id)
    chosen = world.random.choice(pools)
    return next((pool for pool in pools if pool.id == wanted), chosen)


def suits(world: World, vm: VirtualMachine, pool: StoragePool) -> bool:
    """Whether the pool is Up, bears every tag of the offering, fits the hypervisor, and has room for ROOT and copy."""
    borne = {tag.lower() for tag in pool.tags}
    return (
        pool.state == "Up"
        and all(tag.lower() in borne for tag in vm.root_disk_offering.storage_tags)
        and pool.hypervisor in ("Any", vm.template.hypervisor)
        and has_space(world, vm, pool)
    )


def has_space(world: World, vm: VirtualMachine, pool: StoragePool) -> bool:
    """Whether used and allocated shares stay within the two thresholds of the pool."""
    scopes = {"storagepool": pool.id, "zone": pool.zone.id}
    if used_bytes(world, pool) >= pool.capacity * world.settings.number(USED_THRESHOLD, **scopes):
        return False
    asking = vm.root.size if vm.root else 0
    if (vm.template.id, pool.id) not in world.copies:
        asking += vm.template.size
    room = pool.capacity * overprovisioning(world, pool)
    return allocated_bytes(world, pool) + asking <= room * world.settings.number(ALLOCATED_THRESHOLD, **scopes)


def overprovisioning(world: World, pool: StoragePool) -> float:
    """How many times its capacity may be promised."""
    return world.settings.number("storage.overprovisioning.factor", storagepool=pool.id, zone=pool.zone.id)


def allocated_bytes(world: World, pool: StoragePool) -> int:
    """What is promised: virtual sizes of all volumes but destroyed ones, and the size of every template copy."""
    return pool.foreign_allocated + world.volume_bytes(pool) + world.copy_bytes(pool)


def used_bytes(world: World, pool: StoragePool) -> int:
    """What lies on the pool: template copies; thin volumes of stopped VMs weigh nothing here."""
    return pool.foreign_used + world.copy_bytes(pool)


def _has_room(world: World, host: Host, vm: VirtualMachine) -> bool:
    if host.state != "Up" or host.resource_state != "Enabled":
        return False
    others = [other.service_offering for other in world.vms_on(host) if other is not vm]
    offering = vm.service_offering
    cpu = sum((one.cpu_number or 1) * (one.cpu_speed or 0) for one in [*others, offering])
    memory = sum(one.memory or 0 for one in [*others, offering]) * 1024**2
    return cpu <= host.cpus * host.cpu_speed and memory <= host.memory
