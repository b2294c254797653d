"""listServiceOfferings, createServiceOffering, updateServiceOffering, deleteServiceOffering."""

from __future__ import annotations

from typing import Any

from ..clock import stamp
from ..entities import DiskOffering, ServiceOffering
from ..errors import invalid
from ..registry import Call, command

#: Parameters of a create call that come back as they were sent, by the name in the answer.
_ECHOED = {"cachemode": "cacheMode", "deploymentplanner": "deploymentplanner", "leaseexpiryaction": "leaseexpiryaction"}
_ECHOED_NUMBERS = {"networkrate": "networkrate", "leaseduration": "leaseduration"}


def service_offering_answer(offering: ServiceOffering) -> dict[str, Any]:
    """A service offering as the API sends it."""
    disk = offering.disk_offering
    answer = {
        "id": offering.id,
        "name": offering.name,
        "state": offering.state,
        "displaytext": offering.display_text,
        "cpunumber": offering.cpu_number,
        "cpuspeed": offering.cpu_speed,
        "memory": offering.memory,
        "created": stamp(offering.created),
        "storagetype": disk.storage_type,
        "provisioningtype": "thin",
        "offerha": offering.offer_ha,
        "limitcpuuse": offering.limit_cpu_use,
        "isvolatile": offering.volatile,
        "storagetags": ",".join(disk.storage_tags) or None,
        "hosttags": offering.host_tags or None,
        "issystem": False,
        "defaultuse": False,
        "iscustomized": offering.customized,
        "rootdisksize": disk.disk_size,
        "dynamicscalingenabled": offering.dynamic_scaling,
        "diskofferingstrictness": False,
        "diskofferingid": disk.id,
        "diskofferingname": disk.name,
        "diskofferingdisplaytext": disk.display_text,
        "encryptroot": False,
        "hasannotations": False,
    }
    return {name: value for name, value in (answer | offering.extra).items() if value is not None}


@command("listServiceOfferings")
def list_service_offerings(call: Call) -> dict[str, Any]:
    """Service offerings, deleted ones only with ``state=inactive`` or ``all``."""
    wanted = call.entity("id", call.world.service_offerings)
    name, keyword = call.text("name"), call.text("keyword")
    state = (call.text("state") or "active").lower()
    rows = [
        offering
        for offering in call.world.service_offerings.values()
        if wanted in (None, offering)
        and name in (None, offering.name)
        and (keyword is None or keyword.lower() in offering.name.lower())
        and state in ("all", offering.state.lower())
        and not call.flag("issystem")
    ]
    return call.page("serviceoffering", rows, service_offering_answer)


@command("createServiceOffering", rights="root", required=("displaytext", "name"))
def create_service_offering(call: Call) -> dict[str, Any]:
    """A fixed offering, or a customized one where cpu or memory is left out."""
    world = call.world
    numbers = {name: call.integer(name) for name in ("cpunumber", "cpuspeed", "memory")}
    customized = call.flag("customized", None in (numbers["cpunumber"], numbers["memory"]))
    if not customized and None in numbers.values():
        raise invalid("For creating a fixed compute offering cpu number, cpu speed and memory must be specified")
    disk = _disk_offering(call)
    world.disk_offerings[disk.id] = disk
    offering = ServiceOffering(
        id=world.new_id(),
        serial=disk.serial,
        name=call.params["name"],
        display_text=call.params["displaytext"],
        cpu_number=numbers["cpunumber"],
        cpu_speed=numbers["cpuspeed"],
        memory=numbers["memory"],
        created=world.now(),
        disk_offering=disk,
        offer_ha=call.flag("offerha"),
        customized=customized,
        dynamic_scaling=call.flag("dynamicscalingenabled", True),
        limit_cpu_use=call.flag("limitcpuuse"),
        volatile=call.flag("isvolatile"),
        host_tags=call.text("hosttags") or "",
        extra=_extra(call),
    )
    world.service_offerings[offering.id] = offering
    return {"serviceoffering": service_offering_answer(offering)}


def _disk_offering(call: Call) -> DiskOffering:
    existing = call.entity("diskofferingid", call.world.disk_offerings)
    if existing is not None:
        return existing
    storage_type = call.text("storagetype") or "shared"
    if storage_type not in ("shared", "local"):
        raise invalid(f"Invalid storage type {storage_type} specified; valid types are: 'local' and 'shared'")
    return DiskOffering(
        id=call.world.new_id(),
        serial=call.world.serial("disk_offering"),
        name=call.params["name"],
        display_text=call.params["displaytext"],
        created=call.world.now(),
        storage_tags=call.listed("tags"),
        storage_type=storage_type,
        disk_size=call.integer("rootdisksize") or 0,
        compute_only=True,
    )


def _extra(call: Call) -> dict[str, Any]:
    extra: dict[str, Any] = {"gpudisplay": False}
    extra |= {shown: call.text(sent) for sent, shown in _ECHOED.items() if call.text(sent)}
    extra |= {shown: call.integer(sent) for sent, shown in _ECHOED_NUMBERS.items() if call.text(sent)}
    if details := call.details("serviceofferingdetails"):
        extra["serviceofferingdetails"] = details
    return extra | _where(call)


def _where(call: Call) -> dict[str, Any]:
    """The zones and domains that an offering is limited to."""
    world, found = call.world, dict[str, Any]()
    for sent, among, every in (("zoneid", world.zones, "all"), ("domainid", world.domains, "public")):
        ids = call.listed(sent)
        if not ids or ids == [every]:
            continue
        if any(one not in among for one in ids):
            raise invalid(f"invalid {sent.removesuffix('id')} has been specified")
        found |= {sent: ",".join(ids), sent.removesuffix("id"): ",".join(among[one].name for one in ids)}
    return found


def _active(call: Call) -> ServiceOffering:
    active = {offering.id: offering for offering in call.world.service_offerings.values() if offering.state == "Active"}
    return call.need("id", active)


@command("updateServiceOffering", rights="root", required=("id",))
def update_service_offering(call: Call) -> dict[str, Any]:
    """Name, display text, host tags and storage tags; new storage tags have to be on every pool in use."""
    offering = _active(call)
    where = _where(call)
    tags = call.listed("storagetags")
    if tags and tags != offering.storage_tags:
        _refuse_tags_that_pools_lack(call, offering, tags)
        offering.disk_offering.storage_tags = tags
    offering.name = call.text("name") or offering.name
    offering.display_text = call.text("displaytext") or offering.display_text
    offering.host_tags = call.text("hosttags") or offering.host_tags
    offering.extra |= where
    return {"serviceoffering": service_offering_answer(offering)}


def _refuse_tags_that_pools_lack(call: Call, offering: ServiceOffering, tags: list[str]) -> None:
    disk = offering.disk_offering
    pools = {v.pool for v in call.world.volumes.values() if v.vm and v.vm.root_disk_offering is disk and v.pool}
    lacking = sorted(pool.name for pool in pools if not set(tags) <= set(pool.tags))
    if lacking:
        raise invalid(
            f"There are active volumes using offering [{disk.serial}], and the pools [{', '.join(lacking)}] "
            "don't have the new tags"
        )


@command("deleteServiceOffering", rights="root", required=("id",))
def delete_service_offering(call: Call) -> dict[str, Any]:
    """Deletes softly: VMs go on using the offering, lists leave it out."""
    _active(call).state = "Inactive"
    return {"success": True}
