"""The table at the end of the matrix."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from toolchain.matrix.cells import Result

_STYLES = {"passed": "green", "failed": "bold red", "not here": "yellow"}


def show(results: Sequence[Result], left_out: int, console: Console) -> None:
    """Print a row for each cell, and how many of each outcome there were."""
    table = Table(
        "Python",
        "engine",
        "dependencies",
        "Terraform",
        "outcome",
        "min",
        "what was seen",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for result in results:
        cell = result.cell
        table.add_row(
            cell.python,
            cell.engine,
            cell.dependencies,
            cell.terraform or "·",
            Text(result.outcome, style=_STYLES[result.outcome]),
            f"{result.seconds / 60:.1f}" if result.seconds else "·",
            Text(result.said),
        )
    console.print(table)
    counts = [(name, sum(result.outcome == name for result in results)) for name in _STYLES]
    said = ", ".join(f"{count} {name}" for name, count in counts)
    console.print(Text(said + (f", {left_out} left out by --only" if left_out else "")))
