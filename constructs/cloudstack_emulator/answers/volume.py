"""The volume object of listVolumes."""

from __future__ import annotations

from typing import Any

from ..clock import stamp
from ..entities import Volume


def volume_answer(volume: Volume, *, full: bool = True) -> dict[str, Any]:
    """The volume; without ``full`` (a User's view) nothing tells where it lies."""
    domain = volume.account.domain
    answer: dict[str, Any] = {"id": volume.id, "name": volume.name}
    answer |= {"zoneid": volume.zone.id, "zonename": volume.zone.name, "type": volume.type}
    if volume.vm is not None:
        answer |= {"deviceid": 0, "virtualmachineid": volume.vm.id}
    if volume.template is not None:
        answer |= {
            "templateid": volume.template.id,
            "templatename": volume.template.name,
            "templatedisplaytext": volume.template.display_text,
        }
    if volume.vm is not None:
        answer |= {
            "vmname": volume.vm.name,
            "vmdisplayname": volume.vm.display_name,
            "vmstate": volume.vm.state,
            "vmtype": "User",
        }
    answer |= {
        "provisioningtype": "thin",
        "size": volume.size,
        "created": stamp(volume.created),
        "state": volume.state,
        "account": volume.account.name,
        "domainid": domain.id,
        "domain": domain.name,
        "domainpath": domain.path,
    }
    return answer | _storage(volume, full) | _rest(volume, full)


def _storage(volume: Volume, full: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    if full:
        local = volume.vm is not None and volume.vm.root_disk_offering.storage_type == "local"
        answer["storagetype"] = "local" if local else "shared"
    if volume.pool is not None:
        answer |= {"diskkbsread": 0, "diskkbswrite": 0, "diskioread": 0, "diskiowrite": 0}
    if full:
        answer["hypervisor"] = volume.pool.hypervisor if volume.pool else "None"
        if volume.pool is not None:
            answer["storage"] = volume.pool.name
    if volume.attached is not None:
        answer["attached"] = stamp(volume.attached)
    return answer


def _rest(volume: Volume, full: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {"destroyed": volume.state == "Destroy"}
    if volume.vm is not None:
        offering = volume.vm.service_offering
        answer |= {
            "serviceofferingid": str(offering.serial),
            "serviceofferingname": offering.name,
            "serviceofferingdisplaytext": offering.display_text,
        }
    answer["isextractable"] = True
    if full:
        answer["displayvolume"] = True
        if volume.pool is not None:
            answer |= {"path": volume.path, "storageid": volume.pool.id}
    answer |= {"quiescevm": False, "supportsstoragesnapshot": False, "deleteprotection": False}
    if full and volume.pool is not None and volume.pool.cluster is not None:
        answer |= {"clusterid": volume.pool.cluster.id, "clustername": volume.pool.cluster.name}
        answer |= {"podid": volume.zone.pod_id, "podname": volume.zone.pod_name}
    return answer | {"tags": [], "hasannotations": False}
