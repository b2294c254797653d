"""A Terraform state of many pins, made of the entry of one that was applied for real."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import BenchmarkError
from cloudstack_pins.addresses import INSTANCE_TYPE
from cloudstack_pins.cloudstack import Session
from cloudstack_pins.model import TAG_SET, Pin


def write_state(path: Path, first: Pin, others: Sequence[Pin], session: Session) -> None:
    """Add ``others`` to the state at ``path``, which holds ``first``; their VMs are found by their tags."""
    state = json.loads(path.read_text(encoding="utf-8"))
    entry = next(one for one in state["resources"] if one["type"] == INSTANCE_TYPE and one["name"] == first.key)
    rows = session.list(
        "listVirtualMachines", "virtualmachine", tags={TAG_SET: first.set_name}, listall=True, details="all"
    )
    found = {_tags_of(row): row for row in rows}
    model = found[tuple(sorted(first.tags.items()))]
    state["resources"] += [_entry(entry, first, model, pin, found[tuple(sorted(pin.tags.items()))]) for pin in others]
    state["serial"] += 1
    path.write_text(json.dumps(state, indent=2), encoding="utf-8")


def _entry(entry: dict[str, Any], first: Pin, model: dict[str, Any], pin: Pin, row: dict[str, Any]) -> dict[str, Any]:
    """Return the entry of ``pin``, whose VM is ``row``, as that of ``first``, whose VM is ``model``, would be."""
    copied = copy.deepcopy(entry)
    copied["name"] = pin.key
    attributes = copied["instances"][0]["attributes"]
    exchanged = {
        model["id"]: row["id"],
        model["name"]: row["name"],
        first.display_name: pin.display_name,
        first.template.id: pin.template.id,
    }
    for name, value in attributes.items():
        if isinstance(value, str) and value in exchanged:
            attributes[name] = exchanged[value]
    if attributes["id"] != row["id"]:
        raise BenchmarkError("the state of a pin does not name its VM as it used to; look at benchmarks/state.py")
    attributes["tags"] = pin.tags
    return copied


def _tags_of(row: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((tag["key"], tag["value"]) for tag in row["tags"]))
