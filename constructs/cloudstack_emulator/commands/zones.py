"""listZones, listClusters, listHosts."""

from __future__ import annotations

from typing import Any

from ..answers.host import cluster_answer, host_answer
from ..entities import Zone
from ..registry import Call, command


def zone_answer(zone: Zone) -> dict[str, Any]:
    """A zone as the API sends it."""
    return {
        "id": zone.id,
        "name": zone.name,
        "dns1": zone.dns,
        "internaldns1": zone.dns,
        "guestcidraddress": "10.1.1.0/24",
        "networktype": zone.network_type,
        "securitygroupsenabled": zone.security_groups,
        "gputotal": 80,
        "gpuused": 0,
        "allocationstate": zone.allocation_state,
        "zonetoken": zone.token,
        "dhcpprovider": "VirtualRouter",
        "localstorageenabled": zone.local_storage,
        "tags": [],
        "allowuserspecifyvrmtu": False,
        "routerprivateinterfacemaxmtu": 1500,
        "routerpublicinterfacemaxmtu": 1500,
        "type": "Core",
        "isnsxenabled": False,
        "ismultiarch": False,
        "asnrange": "",
        "routedmodeenabled": True,
        "hasannotations": False,
    }


@command("listZones")
def list_zones(call: Call) -> dict[str, Any]:
    """All zones, or those of an id or a name."""
    wanted = call.entity("id", call.world.zones)
    name = call.text("name")
    rows = [z for z in call.world.zones.values() if wanted in (None, z) and name in (None, z.name)]
    return call.page("zone", rows, zone_answer)


@command("listClusters", rights="root")
def list_clusters(call: Call) -> dict[str, Any]:
    """Clusters by id, name and zone."""
    world = call.world
    wanted, zone = call.entity("id", world.clusters), call.entity("zoneid", world.zones)
    name = call.text("name")
    rows = [
        c for c in world.clusters.values() if wanted in (None, c) and zone in (None, c.zone) and name in (None, c.name)
    ]
    return call.page("cluster", rows, cluster_answer)


@command("listHosts", rights="root")
def list_hosts(call: Call) -> dict[str, Any]:
    """Hosts by id, name, cluster, zone, type, state and resource state."""
    world = call.world
    wanted, zone = call.entity("id", world.hosts), call.entity("zoneid", world.zones)
    cluster = call.entity("clusterid", world.clusters)
    rows = [
        host
        for host in world.hosts.values()
        if wanted in (None, host)
        and zone in (None, host.cluster.zone)
        and cluster in (None, host.cluster)
        and call.text("name") in (None, host.name)
        and (call.text("type") or "Routing").lower() == "routing"
        and (call.text("state") or host.state).lower() == host.state.lower()
        and (call.text("resourcestate") or host.resource_state).lower() == host.resource_state.lower()
    ]
    return call.page("host", rows, lambda host: host_answer(world, host))
