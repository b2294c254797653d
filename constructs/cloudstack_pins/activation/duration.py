"""Durations as people write them."""

from __future__ import annotations

import re

_PARTS = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")


def seconds_of(text: str) -> int:
    """Return the seconds of ``2h``, ``90m``, ``1h30m``, ``45s`` or ``45``; ValueError for anything else or 0."""
    found = _PARTS.fullmatch(text.strip().lower())
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0, 0)
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if total <= 0:
        raise ValueError(text)
    return total
