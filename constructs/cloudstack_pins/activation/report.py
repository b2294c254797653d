"""The outcome of an activation: one line a pin, as values, as a document and as words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from cloudstack_pins.plain import plain

State = Literal["active", "failed", "skipped"]

GIB = 1024**3
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class PinOutcome:
    """What became of one pin.

    ``reason`` says in a sentence why it is not active, ``said`` holds CloudStack's own words, ``known`` what we know
    about the cause (pool, thresholds, hosts, template). ``pool`` is the declared pool's key (None: CloudStack
    chooses), ``pool_name`` the name of the pool where the copy is kept, or should be. ``seconds`` is the time from
    the pin's turn to its end, 0 for one that needed nothing. ``attempts`` counts the starts that were sent.
    """

    address: str
    template: str
    template_name: str
    storage_tag: str
    pool: str | None
    pool_name: str | None
    state: State
    reason: str = ""
    said: str = ""
    known: tuple[str, ...] = ()
    vm_id: str | None = None
    seconds: float = 0.0
    attempts: int = 0


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """A VM of the set that the stack no longer declares: an old revision or a removed pin.

    ``size`` is what it holds of its pool's allocated capacity, in bytes (template and ROOT); None where not known.
    """

    vm_id: str
    template: str
    storage_tag: str
    pool: str | None
    removed: bool
    size: int | None


@dataclass(frozen=True, kw_only=True)
class Report:
    """The result of one activation; ``pins`` are sorted by address.

    ``waiting`` are the VMs that this apply would have removed and that stay because a pin failed. ``problems`` are what
    went wrong beside the pins, such as a preference that could not be put back.
    """

    set_name: str
    pins: tuple[PinOutcome, ...]
    waiting: tuple[Leftover, ...] = ()
    problems: tuple[str, ...] = ()
    interrupted: bool = False

    @property
    def counts(self) -> dict[State, int]:
        """How many pins ended in each state."""
        counted = Counter(pin.state for pin in self.pins)
        return {"active": counted["active"], "failed": counted["failed"], "skipped": counted["skipped"]}

    @property
    def failed(self) -> tuple[PinOutcome, ...]:
        """The pins that failed."""
        return tuple(pin for pin in self.pins if pin.state == "failed")

    @property
    def is_ok(self) -> bool:
        """Whether an apply may go on: nothing failed and nothing was cut short."""
        return not self.failed and not self.interrupted and not self.problems

    def document(self) -> dict[str, Any]:
        """Return the report as JSON data."""
        return {
            "format": FORMAT,
            "set": self.set_name,
            "ok": self.is_ok,
            "interrupted": self.interrupted,
            "counts": dict(self.counts),
            "pins": [{**asdict(pin), "known": list(pin.known), "seconds": round(pin.seconds, 1)} for pin in self.pins],
            "waiting": [asdict(leftover) for leftover in self.waiting],
            "problems": list(self.problems),
        }

    def summary(self) -> str:
        """Return the verdict in a sentence or two, safe for a terminal."""
        total = len(self.pins)
        counts = self.counts
        parts = [f"{counts['active']} of {total} pins active"]
        parts += [f"{counts[state]} {state}" for state in ("failed", "skipped") if counts[state]]
        text = ", ".join(parts)
        if self.interrupted:
            text += "; interrupted: run `terraform apply` again, it continues from here"
        elif self.failed:
            text += "; repair the causes above and apply again"
        return "; ".join([text, *self.problems]) + waiting_text(self.waiting)


def waiting_text(waiting: Iterable[Leftover]) -> str:
    """Return which removals and old pins wait for a second apply, and what they hold; empty for none."""
    items = tuple(waiting)
    if not items:
        return ""
    removed = [item for item in items if item.removed]
    old = [item for item in items if not item.removed]
    kinds = [f"{_counted(len(group), noun)} ({_named(group)})" for group, noun in _groups(removed, old) if group]
    known = [item.size for item in items if item.size is not None]
    held = f", which hold {sum(known) / GIB:.1f} GiB" if known else ""
    return f"; {' and '.join(kinds)} wait for a second apply{held}"


def _groups(removed: list[Leftover], old: list[Leftover]) -> tuple[tuple[list[Leftover], str], ...]:
    return (removed, "removed pin"), (old, "old pin")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _named(items: list[Leftover], limit: int = 5) -> str:
    names = sorted({plain(f"{item.template} on {item.storage_tag}/{item.pool or 'any pool'}") for item in items})
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more} more" if more > 0 else "")
