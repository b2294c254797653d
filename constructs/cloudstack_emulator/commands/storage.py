"""Storage pools: list, change, maintenance, and their tags."""

from __future__ import annotations

from typing import Any

from ..answers.storage_pool import pool_answer
from ..entities import StoragePool
from ..errors import invalid
from ..jobs import Work
from ..lifecycle import pool_users, start, stop
from ..registry import Call, command

ADMIN = "org.apache.cloudstack.api.command.admin.storage."


@command("listStoragePools", rights="root")
def list_pools(call: Call) -> dict[str, Any]:
    """Pools by id, name, cluster, zone, scope and state, in pages."""
    world = call.world
    wanted = call.entity("id", world.pools)
    cluster = call.entity("clusterid", world.clusters)
    zone = call.entity("zoneid", world.zones)
    name, scope, keyword = call.text("name"), call.text("scope"), call.text("keyword")
    rows = [
        pool
        for pool in world.pools.values()
        if wanted in (None, pool)
        and cluster in (None, pool.cluster)
        and zone in (None, pool.zone)
        and name in (None, pool.name)
        and (scope is None or scope.upper() == pool.scope)
        and (keyword is None or keyword.lower() in pool.name.lower())
        and call.text("ipaddress") in (None, pool.ip_address)
    ]
    return call.page("storagepool", rows, lambda pool: pool_answer(world, pool))


@command("listStorageTags", rights="root")
def list_storage_tags(call: Call) -> dict[str, Any]:
    """Every tag of every pool, with the pool's database id."""
    pools = call.world.pools.values()
    rows = sorted((tag, pool.serial) for pool in pools for tag in pool.tags)
    return call.page("storagetag", rows, lambda row: {"poolid": row[1], "name": row[0]})


@command("updateStoragePool", rights="root", required=("id",))
def update_pool(call: Call) -> dict[str, Any]:
    """Replace tags, rename, resize, enable or disable."""
    pool = call.need("id", call.world.pools)
    if "tags" in call.params:
        pool.tags = call.listed("tags")
    pool.name = call.text("name") or pool.name
    pool.capacity = call.integer("capacitybytes") or pool.capacity
    if call.text("enabled") is not None:
        _enable(pool, call.flag("enabled"))
    return {"storagepool": pool_answer(call.world, pool, listed=False)}


def _enable(pool: StoragePool, enabled: bool) -> None:
    if pool.state not in ("Up", "Disabled"):
        verb = "enable" if enabled else "disable"
        raise invalid(f"Failed to {verb} primary storage {pool.name}: it is in state {pool.state}")
    pool.state = "Up" if enabled else "Disabled"


@command(
    "enableStorageMaintenance",
    rights="root",
    asynchronous=True,
    required=("id",),
    envelope="prepareprimarystorageformaintenanceresponse",
    java_class=f"{ADMIN}PreparePrimaryStorageForMaintenanceCmd",
)
def enable_maintenance(call: Call) -> dict[str, Any]:
    """Stop the running VMs of a pool and put it into Maintenance."""
    pool = call.need("id", call.world.pools)
    if pool.state not in ("Up", "ErrorInMaintenance"):
        raise invalid(f"Primary storage with id {pool.id} is not ready for migration, as the status is:{pool.state}")
    pool.state = "PrepareForMaintenance"

    def work() -> Work:
        for vm in pool_users(call.world, pool):
            if vm.state == "Running":
                vm.stopped_by_maintenance = True
                yield from stop(call.world, vm, user=call.caller)
        pool.state = "Maintenance"
        return {"storagepool": pool_answer(call.world, pool, listed=False)}

    return _submit(call, pool, work())


@command(
    "cancelStorageMaintenance",
    rights="root",
    asynchronous=True,
    required=("id",),
    envelope="cancelprimarystoragemaintenanceresponse",
    java_class=f"{ADMIN}CancelPrimaryStorageMaintenanceCmd",
)
def cancel_maintenance(call: Call) -> dict[str, Any]:
    """Put a pool back to Up and start the VMs that its maintenance stopped, and no others."""
    pool = call.need("id", call.world.pools)
    if pool.state not in ("Maintenance", "ErrorInMaintenance", "PrepareForMaintenance"):
        raise invalid(f"Can't perform operation Cancel Maintenance on primary storage in state {pool.state}")

    def work() -> Work:
        pool.state = "Up"
        for vm in pool_users(call.world, pool):
            if vm.stopped_by_maintenance and vm.state == "Stopped":
                vm.stopped_by_maintenance = False
                yield from start(call.world, vm, user=call.caller)
        return {"storagepool": pool_answer(call.world, pool, listed=False)}

    return _submit(call, pool, work())


def _submit(call: Call, pool: StoragePool, work: Work) -> dict[str, Any]:
    return call.submit(work, instance_type="StoragePool", instance_id=pool.id, embed="storagepool")
