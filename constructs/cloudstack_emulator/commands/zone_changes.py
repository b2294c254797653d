"""updateZone, reconnectHost."""

from __future__ import annotations

from typing import Any

from ..answers.host import host_answer
from ..entities import Host
from ..jobs import Work
from ..registry import Call, command
from .zones import zone_answer


@command("updateZone", rights="root", required=("id",))
def update_zone(call: Call) -> dict[str, Any]:
    """Name, allocation state, and whether local storage may be used."""
    zone = call.need("id", call.world.zones)
    zone.name = call.text("name") or zone.name
    zone.allocation_state = call.text("allocationstate") or zone.allocation_state
    zone.local_storage = call.flag("localstorageenabled", zone.local_storage)
    return {"zone": zone_answer(zone)}


@command(
    "reconnectHost",
    rights="root",
    asynchronous=True,
    required=("id",),
    java_class="org.apache.cloudstack.api.command.admin.host.ReconnectHostCmd",
)
def reconnect_host(call: Call) -> dict[str, Any]:
    """A host that was down is Up again."""
    host = call.need("id", call.world.hosts)
    return call.submit(_reconnection(call, host), instance_type="Host", instance_id=host.id)


def _reconnection(call: Call, host: Host) -> Work:
    host.state = "Up"
    # Which management server has it is not known yet when the job ends.
    unknown = ("managementserverid", "managementservername")
    return {"host": {name: value for name, value in host_answer(call.world, host).items() if name not in unknown}}
    yield 0.0
