"""A plan's text without what differs from run to run: ids of resources, deposed keys, the time."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def stable(plan: Mapping[str, Any], fresh: Sequence[str]) -> str:
    """Return the plan's text with everything that differs from run to run replaced: ``fresh`` ids and what has them."""
    whole = {**plan, "timestamp": "2026-11-28T00:00:00Z"}
    if "relevant_attributes" in whole:
        whole["relevant_attributes"] = sorted(whole["relevant_attributes"], key=json.dumps)
    text = "{\n" + ",\n".join(f"{json.dumps(key)}: {_lines(whole[key])}" for key in sorted(whole)) + "\n}\n"
    for old, new in (*_replacements(plan), *_revisions(plan, fresh)):
        text = text.replace(old, new)
    for number, identity in enumerate(fresh):
        text = text.replace(identity, _uuid("fresh", str(number)))
    return text


def _revisions(plan: Mapping[str, Any], fresh: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the revisions that come from a fresh id."""
    for change in plan.get("resource_changes", ()):
        for side in ("before", "after"):
            values = change["change"][side] or {}
            if change["type"] == "cloudstack_instance" and values.get("template") in fresh:
                new = _uuid(change["address"], "revision").replace("-", "")[:12]
                yield values["tags"]["cloudstack-pins/revision"], new


def _replacements(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    changes = [*plan.get("resource_changes", ()), *plan.get("resource_drift", ())]
    for change in sorted(changes, key=lambda item: (item["address"], str((item["change"]["before"] or {}).get("id")))):
        label = change.get("previous_address", change["address"]), "deposed" if "deposed" in change else ""
        if "deposed" in change:
            yield change["deposed"], _uuid(*label, "key")[:8]
        before = (change["change"]["before"] or {}).get("id")
        if isinstance(before, str) and re.fullmatch(r"[0-9a-f-]{36}", before):
            yield before, _uuid(*label)
        inner = (change["change"]["before"] or {}).get("disk_offering_id")
        if inner:
            yield inner, _uuid(*label, "disk offering")


def _lines(value: Any) -> str:
    """Return a value with one line for each item of a list, so that git shows what changed and stays small."""
    if not isinstance(value, list) or not value:
        return json.dumps(value, sort_keys=True)
    return "[\n" + ",\n".join(json.dumps(item, sort_keys=True) for item in value) + "\n]"


def _uuid(*parts: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))
