"""The VM object of listVirtualMachines and of job results."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..clock import stamp
from ..entities import Nic, ResourceTag, VirtualMachine
from ..leases import lease_answer
from ..world import World

#: What the job of a destroy with expunge gives: the VM is gone, and only its empty lists are left.
EXPUNGED: dict[str, Any] = {"securitygroup": [], "nic": [], "affinitygroup": [], "deleteprotection": False, "tags": []}

READ_ONLY_DETAILS = (
    "dataDiskController, rootDiskController, backupValidationCommandTimeout, backupValidationScreenshotWait, "
    "backupValidationBootTimeout"
)


def vm_answer(world: World, vm: VirtualMachine, *, full: bool = True) -> dict[str, Any]:
    """The VM; ``full`` is the view of a root admin, who alone learns the host and the hypervisor's name."""
    domain = vm.account.domain
    answer: dict[str, Any] = {
        "id": vm.id,
        "name": vm.name,
        "displayname": vm.display_name,
        "account": vm.account.name,
        "userid": vm.user.id,
        "username": vm.user.name,
        "domainid": domain.id,
        "domain": domain.name,
        "domainpath": domain.path,
        "created": stamp(vm.created),
    }
    if vm.last_updated is not None:
        answer["lastupdated"] = stamp(vm.last_updated)
    answer["state"] = vm.state
    answer["haenable"] = vm.service_offering.offer_ha
    if vm.group is not None:
        answer["group"] = vm.group
    answer |= {"zoneid": vm.zone.id, "zonename": vm.zone.name}
    if vm.host is not None:
        if full:
            answer |= {"hostid": vm.host.id, "hostname": vm.host.name}
        answer["hostcontrolstate"] = "Enabled"
    return answer | _template(vm) | _offering(vm) | _devices(vm) | _tail(world, vm, full)


def tag_answers(tags: Iterable[ResourceTag]) -> list[dict[str, Any]]:
    """The ``tags`` of a resource."""
    return [
        {
            "key": tag.key,
            "value": tag.value,
            "resourcetype": tag.resource_type,
            "resourceid": tag.resource_id,
            "account": tag.account.name,
            "domainid": tag.account.domain.id,
            "domain": tag.account.domain.name,
        }
        for tag in sorted(tags, key=lambda tag: tag.key)
    ]


def _template(vm: VirtualMachine) -> dict[str, Any]:
    template = vm.template
    return {
        "templateid": template.id,
        "templatename": template.name,
        "templatetype": template.type,
        "templateformat": template.format,
        "templatedisplaytext": template.display_text,
        "passwordenabled": template.password_enabled,
        "isos": [],
        "isomaxcount": 1,
    }


def _offering(vm: VirtualMachine) -> dict[str, Any]:
    offering = vm.service_offering
    sizes = {"cpunumber": offering.cpu_number, "cpuspeed": offering.cpu_speed, "memory": offering.memory}
    return {"serviceofferingid": offering.id, "serviceofferingname": offering.name} | {
        name: int(vm.details.get(name, 1)) if value is None else value for name, value in sizes.items()
    }


def _devices(vm: VirtualMachine) -> dict[str, Any]:
    answer: dict[str, Any] = {"guestosid": vm.template.os_type_id}
    answer |= {"rootdeviceid": 0, "rootdevicetype": "ROOT", "securitygroup": [], "nic": [_nic(nic) for nic in vm.nics]}
    answer["hypervisor"] = vm.template.hypervisor
    if vm.nics and vm.nics[0].ip_address is not None:
        answer["ipaddress"] = vm.nics[0].ip_address
    return answer


def _nic(nic: Nic) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": nic.id, "networkid": nic.network.id, "networkname": nic.network.name}
    if nic.ip_address is not None:
        answer |= {"netmask": "255.255.255.0", "gateway": "10.1.1.1", "ipaddress": nic.ip_address}
    if nic.vlan is not None:
        answer |= {"isolationuri": f"vlan://{nic.vlan}", "broadcasturi": f"vlan://{nic.vlan}"}
    return answer | {
        "traffictype": "Guest",
        "type": nic.network.type,
        "isdefault": nic.default,
        "macaddress": nic.mac_address,
        "secondaryip": [],
        "extradhcpoption": [],
        "deviceid": str(nic.device_id),
        "enabled": True,
    }


def _tail(world: World, vm: VirtualMachine, full: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {"instancename": vm.instance_name} if full else {}
    answer["details"] = dict(vm.details)
    if not full:
        answer["readonlydetails"] = READ_ONLY_DETAILS
    answer["affinitygroup"] = []
    if full:
        answer["displayvm"] = vm.display
    answer |= {"isdynamicallyscalable": False, "deleteprotection": vm.delete_protection}
    answer |= {"ostypeid": vm.template.os_type_id, "osdisplayname": vm.template.os_type_name}
    if vm.boot_type is not None:
        # CloudStack reports the mode in lower case, whatever case the template's detail has.
        answer |= {"bootmode": (vm.boot_mode or "legacy").lower(), "boottype": vm.boot_type}
    if vm.root is not None and vm.root.pool is not None:
        answer["pooltype"] = vm.root.pool.type
    answer |= lease_answer(world, vm)
    answer |= {"receivedbytes": 0, "sentbytes": 0}
    if full:
        answer["arch"] = vm.template.arch
    answer["tags"] = tag_answers(world.tags_of("UserVm", vm.id).values())
    return answer | {"hasannotations": False}
