"""Suggestions, for a terminal and as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cloudstack_pins.plain import plain
from cloudstack_pins.suggest.judge import MIB, History, Suggestion, Terms, counts

FORMAT = 1
_STYLE = {"add": "green", "keep": "", "drop": "yellow", "leave": "dim"}


def document(
    set_name: str, history: History, suggestions: Sequence[Suggestion], terms: Terms, *, measured: bool, unassigned: int
) -> dict[str, Any]:
    """Return everything as JSON data."""
    return {
        "format": FORMAT,
        "set": set_name,
        "source": history.source,
        "since": _date(history.since),
        "until": _date(history.until),
        "notes": list(history.notes),
        "unknown_deploys": history.unknown,
        "deploys_without_storage_tag": unassigned,
        "copy_rate_mib_per_second": round(terms.copy_rate / MIB, 1),
        "copy_rate": "measured" if measured else "assumed",
        "suggestions": [asdict(suggestion) for suggestion in suggestions],
    }


def show(
    console: Console,
    history: History,
    suggestions: Sequence[Suggestion],
    terms: Terms,
    *,
    measured: bool,
    unassigned: int,
) -> None:
    """Print the suggestions as a table, with how sure they are."""
    counted = counts(suggestions)
    head = f"{counted['add']} to add, {counted['keep']} to keep, {counted['drop']} to drop"
    console.print(Text(f"{head}, by {history.source} from {_date(history.since)} to {_date(history.until)}"))
    rows = [suggestion for suggestion in suggestions if suggestion.advice != "leave"]
    if rows:
        console.print(_table(rows))
    for line in _uncertainty(history, terms, measured=measured, unassigned=unassigned):
        console.print(Text(line))
    if counted["leave"]:
        console.print(Text(f"{counted['leave']} more pairs of template and storage tag are not worth a pin (--json)"))


def _table(rows: Sequence[Suggestion]) -> Table:
    table = Table(show_edge=False, pad_edge=False)
    for name in ("advice", "template", "storage tag"):
        table.add_column(name)
    for name in ("deploys", "accounts", "cold", "GiB", "saves"):
        table.add_column(name, justify="right")
    table.add_column("why")
    for row in rows:
        table.add_row(
            Text(row.advice, style=_STYLE[row.advice]),
            Text(plain(row.template)),
            Text(plain(row.storage_tag)),
            Text(str(row.deploys)),
            Text(str(row.accounts)),
            Text(f"{row.cold_share:.0%}"),
            Text("unknown" if row.gib is None else f"{row.gib:.1f}"),
            Text("unknown" if row.seconds_saved is None else _span(row.seconds_saved)),
            Text(plain(row.reason)),
        )
    return table


def _uncertainty(history: History, terms: Terms, *, measured: bool, unassigned: int) -> list[str]:
    speed = f"{terms.copy_rate / MIB:.0f} MiB/s"
    how = "measured at the first starts of this set's pins" if measured else "assumed; say yours with --copy-rate"
    lines = [*map(plain, history.notes), f"copy speed {speed} ({how})"]
    lines.append("the pool of a past deploy is not recorded: the share of cold deploys assumes a random choice of pool")
    if unassigned:
        lines.append(f"{unassigned} deploys with offerings that carry no storage tag, or are gone, speak for no tag")
    return lines


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
