"""listCapabilities, listCapacity, listImageStores."""

from __future__ import annotations

from typing import Any

from ..entities import ImageStore
from ..placement import allocated_bytes, overprovisioning, used_bytes
from ..registry import Call, command

_MEMORY, _CPU, _STORAGE_USED, _STORAGE_ALLOCATED = 0, 1, 2, 3
_NAMES = {_MEMORY: "MEMORY", _CPU: "CPU", _STORAGE_USED: "STORAGE", _STORAGE_ALLOCATED: "STORAGE_ALLOCATED"}


@command("listCapabilities")
def list_capabilities(call: Call) -> dict[str, Any]:
    """The version of CloudStack and which of its features are on."""
    lease = call.world.settings.value("instance.lease.enabled") == "true"
    may_expunge = call.is_root or call.world.settings.value("allow.user.expunge.recover.vm") == "true"
    return {
        "capability": {
            "securitygroupsenabled": any(zone.security_groups for zone in call.world.zones.values()),
            "dynamicrolesenabled": True,
            "cloudstackversion": "4.23.0.0-SNAPSHOT",
            "userpublictemplateenabled": True,
            "supportELB": "false",
            "projectinviterequired": False,
            "allowusercreateprojects": True,
            "customdiskofferingminsize": 1,
            "customdiskofferingmaxsize": 1024,
            "regionsecondaryenabled": False,
            "kvmsnapshotenabled": True,
            "snapshotshowchainsize": False,
            "allowuserviewdestroyedvm": True,
            "allowuserexpungerecovervm": may_expunge,
            "allowuserexpungerecovervolume": True,
            "allowuserviewalldomainaccounts": False,
            "allowuserforcestopvm": True,
            "kubernetesserviceenabled": True,
            "kubernetesclusterexperimentalfeaturesenabled": False,
            "customhypervisordisplayname": "Custom",
            "defaultuipagesize": 20,
            "instancesstatsretentiontime": 720,
            "instancesstatsuseronly": False,
            "instancesdisksstatsretentionenabled": False,
            "instancesdisksstatsretentiontime": 720,
            "sharedfsvmmincpucount": 2,
            "sharedfsvmminramsize": 1024,
            "instanceleaseenabled": lease,
            "extensionspath": "/usr/share/cloudstack-management/extensions",
            "dynamicscalingenabled": True,
            "additionalconfigenabled": False,
        }
    }


@command("listCapacity", rights="root")
def list_capacity(call: Call) -> dict[str, Any]:
    """Memory, cpu, used and allocated primary storage of the zone, or of one cluster."""
    world = call.world
    cluster = call.entity("clusterid", world.clusters)
    wanted = call.integer("type")
    pools = [pool for pool in world.pools.values() if cluster in (None, pool.cluster)]
    hosts = [host for host in world.hosts.values() if cluster in (None, host.cluster)]
    running = [vm.service_offering for host in hosts for vm in world.vms_on(host)]
    figures = {
        _MEMORY: (sum((one.memory or 0) << 20 for one in running), sum(host.memory for host in hosts)),
        _CPU: (
            sum((one.cpu_number or 0) * (one.cpu_speed or 0) for one in running),
            sum(host.cpus * host.cpu_speed for host in hosts),
        ),
        _STORAGE_USED: (sum(used_bytes(world, pool) for pool in pools), sum(pool.capacity for pool in pools)),
        _STORAGE_ALLOCATED: (
            sum(allocated_bytes(world, pool) for pool in pools),
            sum(int(pool.capacity * overprovisioning(world, pool)) for pool in pools),
        ),
    }
    zone = next(iter(world.zones.values()))
    where = {"zoneid": zone.id, "zonename": zone.name}
    if cluster is not None:
        where |= {"clusterid": cluster.id, "clustername": cluster.name}
    rows = [(kind, *figure) for kind, figure in figures.items() if wanted in (None, kind)]
    return call.page("capacity", rows, lambda row: _capacity_answer(*row) | where)


def _capacity_answer(kind: int, taken: int, total: int) -> dict[str, Any]:
    share = f"{100 * taken / total:.2f}".rstrip("0").rstrip(".") if total else "0"
    return {
        "type": kind,
        "name": _NAMES[kind],
        "capacityused": taken,
        "capacitytotal": total,
        "percentused": share,
    }


def image_store_answer(store: ImageStore) -> dict[str, Any]:
    """A secondary storage as the API sends it."""
    return {
        "id": store.id,
        "zoneid": store.zone.id,
        "zonename": store.zone.name,
        "name": store.name,
        "url": store.url,
        "protocol": "nfs",
        "providername": "NFS",
        "scope": "ZONE",
        "readonly": False,
        "hasannotations": False,
    }


@command("listImageStores", rights="root")
def list_image_stores(call: Call) -> dict[str, Any]:
    """Secondary storages by id and zone."""
    wanted = call.entity("id", call.world.image_stores)
    rows = [
        store
        for store in call.world.image_stores.values()
        if wanted in (None, store) and call.text("zoneid") in (None, store.zone.id)
    ]
    return call.page("imagestore", rows, image_store_answer)
