"""Templates x pools: the shape that the table and the page share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from cloudstack_pins.status.report import PinReport, SetReport, State, natural

ANY = "any pool"
MARKS: Mapping[State, str] = {
    State.ACTIVE: "✓",
    State.NOT_ACTIVATED: "○",
    State.RUNNING: "▶",
    State.WRONG_POOL: "↔",
    State.WRONG_OWNER: "⚑",
    State.WRONG_TEMPLATE: "≠",
    State.ERROR: "✗",
    State.DESTROYED: "†",
    State.MISSING: "∅",
    State.DUPLICATE: "‖",
}
"""One sign a state, always shown beside the word or a legend: colour and sign are never the only carrier."""

MEANINGS: Mapping[State, str] = {
    State.ACTIVE: "ROOT Ready on its pool, Stopped, owned as declared: the copy stays",
    State.NOT_ACTIVATED: "ROOT Allocated: nothing was copied",
    State.RUNNING: "started by somebody: the copy stays, but it takes a host's CPU and memory",
    State.WRONG_POOL: "protects a copy elsewhere, not here",
    State.WRONG_OWNER: "the copy stays, but the VM is in another account's hands",
    State.WRONG_TEMPLATE: "protects another template",
    State.ERROR: "the VM never came to be",
    State.DESTROYED: "waits for its expunge; until then it may still protect",
    State.MISSING: "no VM bears its tags",
    State.DUPLICATE: "several VMs bear its tags",
}


@dataclass(frozen=True, kw_only=True)
class Column:
    """A storage tag on one of its pools, or on any."""

    storage_tag: str
    pool: str

    @property
    def label(self) -> str:
        """Tag and pool on one line."""
        return f"{self.storage_tag} / {self.pool}"


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """``cells`` maps a template's key and a column to its pins: the declared one first, then a previous one."""

    columns: tuple[Column, ...]
    templates: tuple[str, ...]
    cells: Mapping[tuple[str, Column], tuple[PinReport, ...]]

    def row(self, template: str) -> tuple[tuple[PinReport, ...], ...]:
        """Return a template's cells, one for each column, empty where it is not pinned."""
        return tuple(self.cells.get((template, column), ()) for column in self.columns)


def matrix(report: SetReport) -> Matrix:
    """Arrange a set's pins, templates and pools in the order of their names."""
    cells: dict[tuple[str, Column], list[PinReport]] = defaultdict(list)
    for pin in sorted(report.pins, key=lambda pin: (pin.previous, pin.key)):
        cells[pin.template, Column(storage_tag=pin.storage_tag, pool=pin.pool or ANY)].append(pin)
    return Matrix(
        columns=tuple(
            sorted({column for _, column in cells}, key=lambda column: (column.storage_tag, natural(column.pool)))
        ),
        templates=tuple(sorted({template for template, _ in cells}, key=natural)),
        cells={place: tuple(pins) for place, pins in cells.items()},
    )
