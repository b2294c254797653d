"""The storage pool object."""

from __future__ import annotations

from typing import Any

from ..clock import stamp
from ..entities import StoragePool
from ..placement import allocated_bytes, overprovisioning, used_bytes
from ..world import World


def pool_answer(world: World, pool: StoragePool, *, listed: bool = True) -> dict[str, Any]:
    """The pool; ``listed`` is the view of listStoragePools, which tells a little more than the other commands."""
    answer: dict[str, Any] = {"id": pool.id, "zoneid": pool.zone.id, "zonename": pool.zone.name}
    if pool.cluster is not None:
        answer |= {"podid": pool.zone.pod_id, "podname": pool.zone.pod_name}
    answer |= {
        "name": pool.name,
        "ipaddress": pool.ip_address,
        "path": pool.path,
        "created": stamp(pool.created),
        "type": pool.type,
    }
    if pool.cluster is not None:
        answer |= {"clusterid": pool.cluster.id, "clustername": pool.cluster.name}
    answer |= {
        "capacitybytes": pool.capacity,
        "disksizetotal": pool.capacity,
        "disksizeallocated": allocated_bytes(world, pool),
        "disksizeused": used_bytes(world, pool),
        "capacityiops": 1000000,
        "usediops": 500000,
    }
    if pool.tags:
        answer["tags"] = ",".join(pool.tags)
    answer |= {
        "istagarule": False,
        "state": pool.state,
        "scope": pool.scope,
        "overprovisionfactor": str(overprovisioning(world, pool)),
        "hypervisor": pool.hypervisor,
        "provider": "DefaultPrimary",
    }
    if listed:
        answer["storagecapabilities"] = {"VOLUME_SNAPSHOT_QUIESCEVM": "false"}
    answer["managed"] = False
    if listed:
        answer["details"] = {}
    return answer | {"hasannotations": False}
