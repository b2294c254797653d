"""Suggestions, for a terminal and as data; ``suggest.schema.json`` beside this module says the form of the data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cloudstack_pins.plain import plain
from cloudstack_pins.suggest.history import History, day_of
from cloudstack_pins.suggest.judge import MIB, Suggestion, Terms, counts

FORMAT = 1
_STYLE = {"add": "green", "keep": "", "drop": "yellow", "leave": "dim"}
_UNDECLARED_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that was found about one set; ``measured`` says whether the copy speed was, ``unassigned`` counts deploys
    that speak for no storage tag.
    """

    set_name: str
    history: History
    suggestions: Sequence[Suggestion]
    terms: Terms
    measured: bool
    unassigned: int
    notes: tuple[str, ...] = ()


def document(report: Report) -> dict[str, Any]:
    """Return everything as plain values; dates are UTC, null means unknown."""
    history = report.history
    return {
        "format": FORMAT,
        "set": report.set_name,
        "source": history.source,
        "since": day_of(history.since),
        "until": day_of(history.until),
        "doubt": history.doubt,
        "notes": [*history.notes, *report.notes],
        "unknown_deploys": history.unknown,
        "deploys_without_storage_tag": report.unassigned,
        "copy_rate_mib_per_second": round(report.terms.copy_rate / MIB, 3),
        "copy_rate": "measured" if report.measured else "assumed",
        "suggestions": [asdict(suggestion) for suggestion in report.suggestions],
    }


def text(report: Report) -> str:
    """Return the report as JSON text, ending in a line break."""
    return json.dumps(document(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def schema() -> dict[str, Any]:
    """Return the JSON schema of ``document``."""
    found: dict[str, Any] = json.loads(resources.files(__package__).joinpath("suggest.schema.json").read_text("utf-8"))
    return found


def show(console: Console, report: Report) -> None:
    """Print the suggestions as a table, with how sure they are."""
    counted, history = counts(report.suggestions), report.history
    head = f"{counted['add']} to add, {counted['keep']} to keep, {counted['drop']} to drop"
    _say(console, f"{head}, by {history.source} from {day_of(history.since)} to {day_of(history.until)}")
    rows = [suggestion for suggestion in report.suggestions if suggestion.advice != "leave"]
    if rows:
        console.print(_table(rows))
    for line in (*_uncertainty(report), *_left(report)):
        _say(console, line)


def _say(console: Console, line: str) -> None:
    console.print(Text(plain(line)), soft_wrap=not console.is_terminal)


def _table(rows: Sequence[Suggestion]) -> Table:
    table = Table(show_edge=False, pad_edge=False)
    for name in ("advice", "template", "storage tag"):
        table.add_column(name)
    for name in ("deploys", "accounts", "cold", "GiB", "saves"):
        table.add_column(name, justify="right")
    table.add_column("why", ratio=1)
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


def _uncertainty(report: Report) -> list[str]:
    speed = f"{report.terms.copy_rate / MIB:.3g} MiB/s"
    how = "measured at the first starts of this set's pins" if report.measured else "not measured"
    lines = [*report.history.notes, *report.notes, f"copy speed {speed} ({how}; --copy-rate says yours)"]
    lines.append("the pool of a past deploy is not recorded: the share of cold deploys assumes a random choice of pool")
    if report.unassigned:
        lines.append(
            f"{report.unassigned} deploys with offerings that carry no storage tag, or are gone, speak for no tag"
        )
    return lines


def _left(report: Report) -> list[str]:
    left = [one for one in report.suggestions if one.advice == "leave"]
    lines = []
    hindered = [one for one in left if ", but " in one.reason]
    lines += [f"{one.template} on {one.storage_tag}: {one.reason}" for one in hindered[:_UNDECLARED_SHOWN]]
    if left:
        lines.append(f"{len(left)} pairs of template and storage tag get no pin (--json names all)")
    return lines


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
