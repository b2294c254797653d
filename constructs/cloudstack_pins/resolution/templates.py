"""Which registration of a template a declaration means: the newest that is ready, or the one of an id."""

from __future__ import annotations

from datetime import UTC, datetime

from cloudstack_pins.declaration import TemplateEntry
from cloudstack_pins.fields import shown
from cloudstack_pins.resolution.findings import Findings
from cloudstack_pins.resolution.observed import Observed, SeenTemplate

_NEVER = datetime(1, 1, 1, tzinfo=UTC)


def choose_template(entry: TemplateEntry, observed: Observed, findings: Findings) -> SeenTemplate | None:
    """Return the registration, or None with the reason among the findings."""
    if entry.template_id is not None:
        return _by_id(entry, entry.template_id, observed, findings)
    key, name = f"templates.{entry.key}.template", entry.name or entry.key
    found = sorted((t for t in observed.templates if t.name == name), key=_age, reverse=True)
    if not found:
        repair = "write its name as CloudStack has it, or register it in this zone"
        findings.unknown(key, "template in this zone named", name, (t.name for t in observed.templates), repair)
        return None
    ready = [template for template in found if template.ready]
    if not ready:
        each = ", ".join(_described(template) for template in found)
        findings.refuse(key, f"{shown(name)} is not ready in this zone: {each}; wait for its download, or repair it")
        return None
    if len(found) > 1:
        others = ", ".join(_described(template) for template in found if template is not ready[0])
        findings.warn(
            key,
            f"{len(found)} templates are named {shown(name)}; took {_described(ready[0])}, not {others};"
            " give template_id to stay with one",
        )
    return ready[0]


def _by_id(entry: TemplateEntry, template_id: str, observed: Observed, findings: Findings) -> SeenTemplate | None:
    key = f"templates.{entry.key}.template_id"
    found = next((template for template in observed.templates if template.id == template_id), None)
    if found is None:
        findings.refuse(
            key, f"there is no template {shown(template_id)} in this zone; register it there or name another"
        )
    elif not found.ready:
        findings.refuse(key, f"{_described(found)} is not ready in this zone; wait for its download, or repair it")
        return None
    return found


def _age(template: SeenTemplate) -> tuple[datetime, str]:
    return (template.created or _NEVER, template.id)


def _described(template: SeenTemplate) -> str:
    state = "" if template.ready else f" (not ready: {ascii(template.status)[1:-1]})"
    return f"{template.id} registered {template.registered or 'at an unknown date'}{state}"
