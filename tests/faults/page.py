"""The matrix as a page of the documentation: written by `make faults`, read back by a fast test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.faults.cells import CELLS, FAULTS, MAY_LOSE, MOMENTS, Cell, Moment, gap

PATH = Path(__file__).parents[2] / "docs" / "faults.md"

THROUGH, TOLD, TERRAFORM, KILLED, FAILED, NONE, UNKNOWN = "✔", "↻", "↻ᵀ", "†", "✘", "·", "?"
MARKS = {"through": THROUGH, "told": TOLD, "terraform": TERRAFORM, "killed": KILLED, "failed": FAILED}

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
| ✔ | the program rode it out: its work was done in spite of the fault, as complete as after a second run |
| ↻ | the program ended with a message that says what happened and what to do; the second run completed |
| ↻ᵀ | Terraform or its provider ended in words of their own, which are not ours to mend; the second run completed |
| † | the program was killed and could say nothing; the second run completed |
| ✘ | something that has to hold did not |
| · | there is no such case |

After each cell the same has to hold (`tests/faults/invariants.py`):

- what a killed Terraform leaves running is waited for: the activation ends by itself and puts back what it moved;
- no VM is left that neither Terraform's state nor `cloudstack-pins status` knows;
- no pin of the earlier apply is lost before its successor is active;
- no VM is started, stopped, restored, handed over or destroyed twice; no pin, network, permission or tag is made twice;
- the account's `preferred.storage.pool` is what it was, after every interruption too; it may be left only where the
  activation itself was killed or CloudStack stays out of reach, and then that is said, and the lease on the network
  makes the next run put it back;
- every file is the old one or the new one, and no temporary file is left (but by SIGKILL);
- the message says of this fault what happened and what to do, with no traceback and no key;
- the second run, without the fault, completes.

The end of a maintenance starts the VMs that it had stopped, pins too; the next activation stops them, as the second run
does here.
"""

LOST = """\
## VMs that Terraform's provider loses

Where the provider does not see the end of a deploy, the VM is there and Terraform does not know it; the next apply
makes another. `cloudstack-pins status` lists the first with the command that removes it. It may be so after:

"""


def text(outcomes: Mapping[str, str]) -> str:
    """Return the page; ``outcomes`` has "through", "told", "killed" or "failed" by a cell's key."""
    tables = [
        _table(title, [moment for moment in MOMENTS if moment.program in programs], outcomes)
        for title, programs in GROUPS
    ]
    return "\n".join([HEAD, *tables, _gaps(), _lost()])


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


def _lost() -> str:
    """Name the cells that may leave a pin made twice, and who tells of it."""
    named = [
        f"{fault.title} ({'; '.join(moments)})"
        for fault in FAULTS
        if (moments := [cell.moment.title for cell in CELLS if cell.key in MAY_LOSE and cell.fault is fault])
    ]
    return LOST + "".join(f"- {name}\n" for name in named)


def _gaps() -> str:
    reasons = sorted({reason for moment in MOMENTS for fault in FAULTS if (reason := gap(fault, moment)) is not None})
    return f"Cells marked · do not exist: {'; '.join(reasons)}.\n"
