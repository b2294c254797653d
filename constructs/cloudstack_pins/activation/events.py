"""What an activation says while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cloudstack_pins.plain import plain
from cloudstack_pins.roster import RosterPin

EventKind = Literal[
    "read",
    "lease-wait",
    "lease",
    "preference",
    "reclaim",
    "start",
    "placed",
    "watch",
    "stop",
    "restore",
    "hand-over",
    "active",
    "retry",
    "failed",
    "skipped",
    "warning",
    "interrupted",
]


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened: ``text`` is a sentence for people, safe for a terminal.

    ``active`` of ``total`` pins are active at that moment; ``pin`` is None for what concerns all of them. ``at`` is
    in seconds since the epoch.
    """

    kind: EventKind
    text: str
    at: float
    pin: RosterPin | None = None
    active: int = 0
    total: int = 0


Listener = Callable[[Event], None]


def label(pin: RosterPin) -> str:
    """Return how messages call a pin: template, storage tag and pool."""
    where = pin.storage_tag if pin.pool is None else f"{pin.storage_tag}/{pin.pool}"
    return plain(f"{pin.template} on {where}")
