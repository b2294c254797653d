"""listZones, listClusters, listHosts."""

from __future__ import annotations

from typing import Any

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
