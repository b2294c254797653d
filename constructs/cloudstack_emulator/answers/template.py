"""The template object."""

from __future__ import annotations

from typing import Any

from ..clock import stamp
from ..entities import Template
from ..world import World
from .virtual_machine import tag_answers


def template_answer(world: World, template: Template, *, full: bool = True) -> dict[str, Any]:
    """The template in its zone; ``full`` is the view of a root admin."""
    domain = template.account.domain
    answer: dict[str, Any] = {
        "id": template.id,
        "name": template.name,
        "displaytext": template.display_text,
        "ispublic": template.public,
        "created": stamp(template.created),
        "isready": template.ready,
        "passwordenabled": template.password_enabled,
        "format": template.format,
        "isfeatured": template.featured,
        "crossZones": template.cross_zones,
        "ostypeid": template.os_type_id,
        "ostypename": template.os_type_name,
        "account": template.account.name,
        "zoneid": template.zone.id,
        "zonename": template.zone.name,
    }
    if full:
        answer["status"] = "Download Complete" if template.ready else "Storage Agent or Storage VM disconnected"
    if template.ready:
        answer |= {"size": template.size, "physicalsize": template.size}
    answer |= {
        "templatetype": template.type,
        "hypervisor": template.hypervisor,
        "domain": domain.name,
        "domainpath": domain.path,
        "domainid": domain.id,
        "isextractable": template.extractable,
        "details": dict(template.details),
        "downloaddetails": _downloads(world, template, full),
        "arch": template.arch,
        "bits": 0,
        "sshkeyenabled": False,
        "isdynamicallyscalable": False,
        "directdownload": template.direct_download,
        "deployasis": template.deploy_as_is,
        "forcks": False,
        "requireshvm": template.requires_hvm,
    }
    if full:
        answer["url"] = template.url
    tags = tag_answers(world.tags_of("Template", template.id).values())
    return answer | {"tags": tags, "hasannotations": False}


def _downloads(world: World, template: Template, full: bool) -> list[dict[str, str]]:
    """Where CloudStack says that the template is.

    Since 4.19.1 it builds the map of primary pools from the ids of image stores: a pool's row appears only where its
    database id is that of an image store that holds the template.
    """
    stores = list(world.image_stores.values()) if template.ready else []
    rows = [_download(store.name, store.id, "Image", full) for store in stores]
    serials = {store.serial for store in stores}
    for pool in world.pools.values():
        copy = world.copies.get((template.id, pool.id))
        shown = not world.downloaddetails_defect or pool.serial in serials
        if copy is not None and copy.state == "Ready" and shown:
            rows.append(_download(pool.name, pool.id, "Primary", full))
    return rows


def _download(name: str, store_id: str, role: str, full: bool) -> dict[str, str]:
    row = {"downloadState": "DOWNLOADED", "datastore": name}
    if full:
        row["datastoreRole"] = role
    row["downloadPercent"] = "100"
    return row | {"datastoreId": store_id} if full else row
