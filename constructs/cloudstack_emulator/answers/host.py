"""The cluster and host objects."""

from __future__ import annotations

from typing import Any

from ..clock import stamp
from ..entities import Cluster, Host
from ..world import World

VERSION = "4.23.0.0-SNAPSHOT"


def cluster_answer(cluster: Cluster) -> dict[str, Any]:
    """A cluster as the API sends it."""
    zone = cluster.zone
    return {
        "id": cluster.id,
        "name": cluster.name,
        "podid": zone.pod_id,
        "podname": zone.pod_name,
        "zoneid": zone.id,
        "zonename": zone.name,
        "hypervisortype": cluster.hypervisor,
        "clustertype": "CloudManaged",
        "allocationstate": cluster.allocation_state,
        "managedstate": "Managed",
        "cpuovercommitratio": "1.0",
        "memoryovercommitratio": "1.0",
        "resourcedetails": {"memoryOvercommitRatio": "1.0", "cpuOvercommitRatio": "1.0"},
        "arch": "x86_64",
        "hasannotations": False,
    }


def host_answer(world: World, host: Host) -> dict[str, Any]:
    """A host with what its VMs take of it."""
    zone = host.cluster.zone
    answer: dict[str, Any] = {
        "id": host.id,
        "name": host.name,
        "state": host.state,
        "type": "Routing",
        "ipaddress": host.ip_address,
        "zoneid": zone.id,
        "zonename": zone.name,
        "podid": zone.pod_id,
        "podname": zone.pod_name,
        "version": VERSION,
        "hypervisor": host.cluster.hypervisor,
    }
    local = any(pool.host is host for pool in world.pools.values())
    return (
        answer
        | _capacity(world, host)
        | {
            "gputotal": 0,
            "gpuused": 0,
            "gpugroup": [],
            "capabilities": "hvm",
            "lastpinged": "1970-01-21T07:04:33+0000",
            "managementserverid": world.management_server_id,
            "managementservername": "localhost",
            "clusterid": host.cluster.id,
            "clustername": host.cluster.name,
            "clustertype": "CloudManaged",
            "islocalstorageactive": local,
            "created": stamp(host.created),
            "events": "Remove; Ping; AgentConnected; StartAgentRebalance; PingTimeout; ManagementServerDown; "
            "AgentDisconnected; ShutdownRequested; HostDown",
            "hostha": {"haenable": False, "hastate": "Disabled"},
            "outofbandmanagement": {"powerstate": "Disabled", "enabled": False},
            "resourcestate": host.resource_state,
            "hypervisorversion": VERSION,
            "hahost": False,
            "ueficapability": False,
            "arch": "x86_64",
            "hasannotations": False,
        }
    )


def _capacity(world: World, host: Host) -> dict[str, Any]:
    offerings = [vm.service_offering for vm in world.vms_on(host)]
    cpu = sum((one.cpu_number or 1) * (one.cpu_speed or 0) for one in offerings)
    memory = sum(one.memory or 0 for one in offerings) * 1024**2
    total = host.cpus * host.cpu_speed
    return {
        "cpunumber": host.cpus,
        "cpuspeed": host.cpu_speed,
        "cpuallocated": _percent(cpu, total),
        "cpuallocatedvalue": cpu,
        "cpuallocatedpercentage": _percent(cpu, total),
        "cpuallocatedwithoverprovisioning": _percent(cpu, total),
        "cpuused": "0%",
        "cpuwithoverprovisioning": str(total),
        "cpuloadaverage": 0.0,
        "networkkbsread": 32768,
        "networkkbswrite": 16384,
        "memorytotal": host.memory,
        "memorywithoverprovisioning": str(host.memory),
        "memoryallocated": memory,
        "memoryallocatedpercentage": _percent(memory, host.memory),
        "memoryallocatedbytes": memory,
        "memoryused": 0,
    }


def _percent(part: int, whole: int) -> str:
    share = f"{100 * part / whole:.2f}".rstrip("0").rstrip(".")
    return f"{share}%"
