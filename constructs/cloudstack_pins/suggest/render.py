"""Suggestions, for a terminal and as data; ``suggest.schema.json`` beside this module says the form of the data."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cloudstack_pins.json_text import json_text
from cloudstack_pins.plain import plain
from cloudstack_pins.suggest.history import History, day_of
from cloudstack_pins.suggest.judge import MIB, Suggestion, Terms, counts, limits

FORMAT = 1
_STYLE = {"add": "green", "keep": "", "drop": "yellow", "leave": "dim"}
_HINDERED_SHOWN = 5
_NARROW = 76


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
    return json_text(document(report))


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
        console.print(_table(rows, narrow=console.width < _NARROW))
    for line in (*_reasons(report), *_uncertainty(report), *_left(report)):
        _say(console, line)


def _say(console: Console, line: str) -> None:
    console.print(Text(plain(line)), soft_wrap=not console.is_terminal)


def _table(rows: Sequence[Suggestion], *, narrow: bool) -> Table:
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("advice", no_wrap=True)
    table.add_column("template", overflow="fold")
    table.add_column("tag", overflow="fold")
    for name in ("deploys", "saves") if narrow else ("deploys", "accounts", "cold", "GiB", "saves"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        doubtful = row.advice == "keep" and not row.earned
        table.add_row(
            Text("keep (?)" if doubtful else row.advice, style=_STYLE[row.advice]),
            Text(plain(row.template)),
            Text(plain(row.storage_tag)),
            str(row.deploys),
            *([] if narrow else [str(row.accounts), f"{row.cold_share:.0%}", _or_unknown(row.gib, "{:.1f}".format)]),
            _or_unknown(row.seconds_saved, _span),
        )
    return table


def _reasons(report: Report) -> list[str]:
    """Return why the advice is what it is: what earns a pin, and what it says of those that do not."""
    lines = [f"a pin is earned by {limits(report.terms)}"]
    if report.history.doubt is None:
        return lines
    if any(one.advice == "keep" and not one.earned for one in report.suggestions):
        lines.append(f"keep (?): used less than that, which proves little: {report.history.doubt}")
    else:
        lines.append(f"few deploys would prove little: {report.history.doubt}")
    return lines


def _uncertainty(report: Report) -> list[str]:
    history = report.history
    speed = f"{report.terms.copy_rate / MIB:.3g} MiB/s"
    how = "measured at the first starts of this set's pins" if report.measured else "not measured"
    said = [*history.notes, *report.notes]
    lines = [note for note in said if note != history.doubt]
    lines.append(f"copy speed {speed} ({how}; --copy-rate says yours)")
    lines.append("the pool of a past deploy is not recorded: the share of cold deploys assumes a random choice of pool")
    if report.unassigned:
        lines.append(
            f"deploys with offerings that carry no storage tag, or are gone, speak for no tag: {report.unassigned}"
        )
    return lines


def _left(report: Report) -> list[str]:
    left = [one for one in report.suggestions if one.advice == "leave"]
    hindered = [one for one in left if one.earned]
    lines = [f"{one.template} on {one.storage_tag}: {one.reason}" for one in hindered[:_HINDERED_SHOWN]]
    if len(hindered) > len(lines):
        lines.append(f"and {len(hindered) - len(lines)} more that earned a pin and cannot have it")
    if left:
        lines.append(f"pairs of template and storage tag that get no pin: {len(left)} (--json names them)")
    return lines


def _or_unknown(value: float | None, words: Callable[[float], str]) -> str:
    return "unknown" if value is None else words(value)


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
