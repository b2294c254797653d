"""What the measurement says; ``verify.schema.json`` beside this module says the form of its JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import resources
from typing import Any

from cloudstack_pins.json_text import json_text
from cloudstack_pins.plain import plain
from cloudstack_pins.verify.trial import Measured

FORMAT = 1
GIB = 1024**3


def words(pinned: Measured, unpinned: Measured) -> list[str]:
    """Return the result in sentences."""
    saved = unpinned.seconds - pinned.seconds
    lines = [_line(pinned), _line(unpinned)]
    if saved > 0:
        lines.append(f"the pin saved {saved:.1f} s, {saved / unpinned.seconds:.0%} of the first start")
    else:
        lines.append(
            f"the pin saved nothing here ({-saved:.1f} s slower); the copy of {plain(unpinned.subject.name)} may have "
            "been on the pool already, or copies are fast; name another template with --against"
        )
    if pinned.subject.size != unpinned.subject.size:
        lines.append("the two templates differ in size, so the time saved is an estimate for either")
    return lines


def document(set_name: str, pinned: Measured, unpinned: Measured) -> dict[str, Any]:
    """Return the result as plain values."""
    return {
        "format": FORMAT,
        "set": set_name,
        "pinned": asdict(pinned),
        "unpinned": asdict(unpinned),
        "seconds_saved": round(unpinned.seconds - pinned.seconds, 3),
    }


def text(set_name: str, pinned: Measured, unpinned: Measured) -> str:
    """Return the result as JSON text, ending in a line break."""
    return json_text(document(set_name, pinned, unpinned))


def schema() -> dict[str, Any]:
    """Return the JSON schema of ``document``."""
    found: dict[str, Any] = json.loads(resources.files(__package__).joinpath("verify.schema.json").read_text("utf-8"))
    return found


def _line(measured: Measured) -> str:
    subject = measured.subject
    size = "size unknown" if subject.size is None else f"{subject.size / GIB:.1f} GiB"
    kind = "pinned" if subject.pinned else "not pinned"
    return f"{plain(subject.name)} ({size}, {kind}) on {plain(measured.pool_name)}: started in {measured.seconds:.1f} s"
