"""listDiskOfferings."""

from __future__ import annotations

from typing import Any

from ..clock import stamp
from ..entities import DiskOffering
from ..registry import Call, command


def disk_offering_answer(offering: DiskOffering) -> dict[str, Any]:
    """A disk offering as the API sends it."""
    answer = {
        "id": offering.id,
        "name": offering.name,
        "state": offering.state,
        "displaytext": offering.display_text,
        "disksize": offering.disk_size,
        "created": stamp(offering.created),
        "iscustomized": offering.customized,
        "storagetype": offering.storage_type,
        "provisioningtype": "thin",
        "displayoffering": True,
        "disksizestrictness": False,
        "encrypt": False,
        "hasannotations": False,
    }
    return answer | ({"tags": ",".join(offering.storage_tags)} if offering.storage_tags else {})


@command("listDiskOfferings")
def list_disk_offerings(call: Call) -> dict[str, Any]:
    """Disk offerings, without those that belong to a service offering."""
    wanted = call.entity("id", call.world.disk_offerings)
    name = call.text("name")
    rows = [
        offering
        for offering in call.world.disk_offerings.values()
        if not offering.compute_only and wanted in (None, offering) and name in (None, offering.name)
    ]
    return call.page("diskoffering", rows, disk_offering_answer)
