"""Templates: list, register, delete, prepare."""

from __future__ import annotations

from typing import Any

from ..additions import add_template
from ..answers.template import template_answer
from ..copying import prepare_copy
from ..deployment import live_template
from ..entities import Template
from ..errors import ApiError, invalid
from ..garbage import evict_unused
from ..jobs import Work
from ..registry import Call, command
from ..zone_spec import TemplateSpec

FILTERS = ("featured", "self", "selfexecutable", "sharedexecutable", "executable", "community", "all")


@command("listTemplates", required=("templatefilter",))
def list_templates(call: Call) -> dict[str, Any]:
    """Templates by filter, id, ids, name and zone, in pages; ``storageid`` is passed over, as it filters nothing."""
    selection = (call.text("templatefilter") or "").lower()
    if selection not in FILTERS:
        raise invalid(f"Please specify a valid templatefilter: {', '.join(FILTERS)}")
    if selection == "all" and not call.is_root:
        raise ApiError(431, "Filter all can be specified by root admin only", cserrorcode=4350)
    world = call.world
    wanted = call.entity("id", world.templates)
    ids = {value.lower() for value in call.listed("ids")}
    zone = call.entity("zoneid", world.zones)
    name, keyword, kind = call.text("name"), call.text("keyword"), call.text("templatetype")
    rows = [
        template
        for template in world.templates.values()
        if not template.removed
        and _passes(call, template, selection)
        and wanted in (None, template)
        and (not ids or template.id in ids)
        and zone in (None, template.zone)
        and name in (None, template.name)
        and (kind is None or kind.upper() == template.type)
        and call.text("hypervisor") in (None, template.hypervisor)
        and (keyword is None or keyword.lower() in template.name.lower())
        and (not call.flag("isready") or template.ready)
    ]
    return call.page("template", rows, lambda template: template_answer(world, template, full=call.is_root))


def _passes(call: Call, template: Template, selection: str) -> bool:
    own = template.account is call.account
    if selection == "all":
        return True
    if template.type == "SYSTEM":
        return False
    if selection in ("self", "selfexecutable"):
        return own
    if selection == "featured":
        return template.featured and template.public
    if selection == "community":
        return template.public and not template.featured
    if selection == "executable":
        return template.ready and (own or template.public or call.is_root)
    return False


@command("registerTemplate", required=("name", "url", "format", "hypervisor"))
def register_template(call: Call) -> dict[str, Any]:
    """Register a template; it is ready after the emulator's copy_seconds."""
    world = call.world
    zone = call.entity("zoneid", world.zones) or next(iter(world.zones.values()))
    spec = TemplateSpec(name=call.params["name"], password_enabled=call.flag("passwordenabled"), details=call.details())
    template = add_template(world, zone, spec, hypervisor=call.params["hypervisor"], account=call.owner())
    template.display_text = call.text("displaytext") or template.name
    template.url, template.format = call.params["url"], call.params["format"]
    template.public, template.featured = call.flag("ispublic"), call.flag("isfeatured") and call.is_root
    template.extractable = call.flag("isextractable")
    template.ready = world.copy_seconds <= 0
    if not template.ready:
        world.scheduler.after(world.copy_seconds, lambda: setattr(template, "ready", True))
    text = f"Successfully completed creating Template. Template ID: {template.id}"
    world.record("TEMPLATE.CREATE", text, user=call.caller, resource=template, resource_type="Template")
    return {"count": 1, "template": [template_answer(world, template, full=call.is_root)]}


@command("deleteTemplate", asynchronous=True, required=("id",))
def delete_template(call: Call) -> dict[str, Any]:
    """Delete a template; copies that no volume uses go at once, the others stay as dead weight."""
    template = live_template(call, "id")
    if template.account is not call.account and not call.is_root:
        raise ApiError(531, f"{call.account.name} does not have permission to operate with resource {template.id}")

    def work() -> Work:
        template.removed = True
        evict_unused(call.world, template)
        text = f"Successfully completed deleting Template. Template ID: {template.id}"
        call.world.record("TEMPLATE.DELETE", text, user=call.caller, resource=template, resource_type="Template")
        return {"success": True}
        yield 0.0

    return call.submit(work(), instance_type="Template", instance_id=template.id)


@command("prepareTemplate", rights="root", required=("zoneid", "templateid"))
def prepare_template(call: Call) -> dict[str, Any]:
    """Answer at once, and copy in the background to one pool or to every Up pool; a pool that is not Up is no error."""
    world = call.world
    zone = call.need("zoneid", world.zones)
    template = live_template(call, "templateid")
    chosen = call.entity("storageid", world.pools)
    for pool in [chosen] if chosen else list(world.pools.values()):
        if pool.state == "Up" and pool.zone is zone:
            prepare_copy(world, template, pool)
    return {"count": 1, "template": [template_answer(world, template)]}
