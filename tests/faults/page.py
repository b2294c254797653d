"""The matrix as a page of the documentation: written by `make faults`, read back by a fast test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.faults.cells import FAULTS, MOMENTS, Cell, Moment, gap

PATH = Path(__file__).parents[2] / "docs" / "faults.md"

THROUGH, TOLD, KILLED, FAILED, NONE, UNKNOWN = "✔", "↻", "†", "✘", "·", "?"
MARKS = {"through": THROUGH, "told": TOLD, "killed": KILLED, "failed": FAILED}

GROUPS = (
    ("Before and beside an apply", ("lock", "bootstrap", "status", "review")),
    ("Terraform's apply and destroy", ("apply", "destroy")),
    ("Activation, step by step", ("activate",)),
)

HEAD = """\
<!-- Written by `make faults`; do not edit. -->

# What faults do to it

Each cell is a test that plays one fault (row) at one moment (column) against the emulator, with real processes: the
`cloudstack-pins` commands, and Terraform with the real provider for apply and destroy. The set has a history: the pins
of an earlier apply protect their copies, a newer registration of the template is locked, and the account prefers a pool
of its own.

| mark | meaning |
|---|---|
| ✔ | the program rode it out: it did its work in spite of the fault |
| ↻ | the program ended with a message that says what happened and what to do; the second run completed |
| † | the program was killed and could say nothing; the second run completed |
| ✘ | something that has to hold did not |
| · | there is no such case |

After each cell the same has to hold (`tests/faults/invariants.py`):

- no VM is left that neither Terraform's state nor `cloudstack-pins status` knows;
- no pin of the earlier apply is lost before its successor is active;
- no VM is started or handed over twice, no network is made twice;
- the account's `preferred.storage.pool` is what it was, or, where it could not be put back, that is said and the next
  run puts it back;
- every file is the old one or the new one, and no temporary file is left (but by SIGKILL);
- the message names what happened and what to do, with no traceback and no key;
- the second run, without the fault, completes.
"""


def text(outcomes: Mapping[str, str]) -> str:
    """Return the page; ``outcomes`` has "through", "told", "killed" or "failed" by a cell's key."""
    tables = [
        _table(title, [moment for moment in MOMENTS if moment.program in programs], outcomes)
        for title, programs in GROUPS
    ]
    return "\n".join([HEAD, *tables, _gaps()])


def read(page: str) -> dict[str, str]:
    """Return the marks of a page's cells by their keys, without those that do not exist."""
    moments = {moment.title: moment for moment in MOMENTS}
    faults = {fault.title: fault for fault in FAULTS}
    found: dict[str, str] = {}
    columns: list[Moment] = []
    for line in page.splitlines():
        parts = [part.strip() for part in line.strip("|").split("|")] if line.startswith("|") else []
        if parts and parts[0] == "fault":
            columns = [moments[title] for title in parts[1:]]
        elif parts and parts[0] in faults:
            for moment, mark in zip(columns, parts[1:], strict=True):
                if mark != NONE:
                    found[Cell(fault=faults[parts[0]], moment=moment).key] = mark
    return found


def _table(title: str, moments: list[Moment], outcomes: Mapping[str, str]) -> str:
    lines = [f"## {title}", "", "| fault | " + " | ".join(moment.title for moment in moments) + " |"]
    lines.append("|---|" + ":-:|" * len(moments))
    for fault in FAULTS:
        marks = [
            NONE
            if gap(fault, moment) is not None
            else MARKS.get(outcomes.get(Cell(fault=fault, moment=moment).key, ""), UNKNOWN)
            for moment in moments
        ]
        if set(marks) != {NONE}:
            lines.append(f"| {fault.title} | {' | '.join(marks)} |")
    return "\n".join([*lines, ""])


def _gaps() -> str:
    reasons = sorted({reason for moment in MOMENTS for fault in FAULTS if (reason := gap(fault, moment)) is not None})
    return f"Cells marked · do not exist: {'; '.join(reasons)}.\n"
