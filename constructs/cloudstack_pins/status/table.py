"""Status for a terminal: template x pool, pools, findings with their repairs."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from cloudstack_pins.plain import plain
from cloudstack_pins.status.folding import folded
from cloudstack_pins.status.matrix import MARKS, Column, Matrix, matrix
from cloudstack_pins.status.report import (
    Finding,
    GcReport,
    PinReport,
    PoolReport,
    Report,
    SetReport,
    Severity,
    State,
    gib,
)

_ASCII = dict(zip(State, ("ok", "o", ">", "<>", "@", "!=", "X", "+", "-", "2x"), strict=True))
_STYLES = {State.ACTIVE: "green", State.RUNNING: "yellow", State.WRONG_OWNER: "yellow", State.DESTROYED: "yellow"}
_SEVERITY = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTICE: "cyan"}
_WORD_COLUMN = 17
_MARK_COLUMN = 9


def show(report: Report, console: Console) -> None:
    """Print the whole report."""
    parts = [part for each in report.sets for part in _set(each, console)]
    console.print(Group(*parts, Text(f"seen {report.at:%Y-%m-%d %H:%M:%S} UTC", style="dim")), crop=False)


def _set(report: SetReport, console: Console) -> Iterator[RenderableType]:
    marks = _ASCII if console.options.ascii_only else MARKS
    yield _heading(report)
    shape = matrix(report)
    words = len(shape.columns) * _WORD_COLUMN + _widest(shape) <= console.width
    for columns in _chunks(shape, console.width, _WORD_COLUMN if words else _MARK_COLUMN):
        yield _grid(shape, columns, {} if words else marks)
    if not words:
        used = [state for state in report.counts() if state in marks]
        yield Text("  ".join(f"{marks[state]} {state}" for state in used), style="dim")
    if report.pools:
        yield _pools(report)
    yield _gc(report.gc)
    yield from _findings(report.findings)
    for note in report.notes:
        yield Text(f"note: {plain(note)}", style="dim")
    for unseen in report.unseen:
        yield Text(f"can't be seen with this key: {plain(unseen)}", style="yellow")
    yield Text()


def _heading(report: SetReport) -> Text:
    counts = ", ".join(f"{count} {state}" for state, count in report.counts().items()) or "no pins declared"
    text = Text(plain(report.set_name), style="bold")
    text.append(f"  {counts}; {gib(report.held)} held, owner {plain(report.owner)}", style="not bold")
    if report.copies_missing:
        text.append(f"; {report.copies_missing} copies unprotected", style="bold red")
    return text


def _widest(shape: Matrix) -> int:
    return max((len(plain(template)) for template in shape.templates), default=0) + 4


def _chunks(shape: Matrix, width: int, each: int) -> Iterator[tuple[Column, ...]]:
    """Yield as many columns at a time as a terminal of this width holds."""
    n = max(1, (width - _widest(shape)) // each)
    for start in range(0, len(shape.columns), n):
        yield shape.columns[start : start + n]


def _grid(shape: Matrix, columns: tuple[Column, ...], marks: dict[State, str] | object) -> Table:
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("template", no_wrap=True)
    for column in columns:
        table.add_column(Text(f"{plain(column.storage_tag)}\n{plain(column.pool)}"))
    for template in shape.templates:
        cells = [shape.cells.get((template, column), ()) for column in columns]
        table.add_row(Text(plain(template)), *(_cell(pins, marks) for pins in cells))
    return table


def _cell(pins: tuple[PinReport, ...], marks: object) -> Text:
    text = Text()
    for pin in pins:
        if text:
            text.append("\n")
        word = marks.get(pin.state, "") if isinstance(marks, dict) else ""
        text.append("prev " if pin.previous else "", style="dim")
        text.append(word or str(pin.state), style=_STYLES.get(pin.state, "bold red"))
    return text if pins else Text("·", style="dim")


def _pools(report: SetReport) -> Table:
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for name in ("pool", "state", "pins", "held", "used", "allocated", ""):
        table.add_column(name, justify="right" if name in ("pins", "held") else "left")
    for pool in report.pools:
        table.add_row(
            Text(plain(pool.name)),
            Text(plain(pool.state or "?"), style="" if pool.state in ("Up", None) else "bold red"),
            str(pool.pins),
            gib(pool.held),
            _share(pool.used_share, pool.used_threshold),
            _share(pool.allocated_share, pool.allocated_threshold),
            Text(_remark(pool), style="yellow"),
        )
    return table


def _share(share: float | None, threshold: float | None) -> Text:
    if share is None:
        return Text("?", style="dim")
    full = threshold is not None and share >= threshold
    limit = f", limit {threshold:.0%}" if threshold is not None else ""
    return Text(f"{share:.0%}{limit}", style="bold red" if full else "")


def _remark(pool: PoolReport) -> str:
    if pool.problem is not None:
        return plain(pool.problem)
    return "" if pool.key is not None else "not in the lock"


def _gc(gc: GcReport) -> Text:
    if gc.enabled is False:
        return Text("garbage collection is off")
    if gc.interval is None or gc.next_pass_by is None or gc.second_pass_by is None:
        return Text("garbage collection: can't be seen with this key", style="dim")
    return Text(
        f"garbage collection every {_seconds(gc.interval)}: next pass by {gc.next_pass_by:%Y-%m-%d %H:%M:%S}, "
        f"the one after by {gc.second_pass_by:%Y-%m-%d %H:%M:%S} UTC; an unprotected copy goes in one of them",
        style="dim",
    )


def _seconds(seconds: int) -> str:
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {name}"
    return f"{seconds} s"


def _findings(findings: tuple[Finding, ...]) -> Iterator[RenderableType]:
    first, more = folded(findings)
    for finding in first:
        line = Text(f"{finding.severity}: ", style=_SEVERITY[finding.severity])
        line.append(plain(finding.text), style="not bold default")
        line.append(f"  [{plain(finding.id)}]", style="not bold dim")
        yield line
        for command in finding.repair:
            # Never broken, so that it can be copied; a terminal wraps it by itself.
            style = "dim" if command.startswith("#") else "cyan"
            yield Text(f"    {plain(command)}", style=style, no_wrap=True, overflow="ignore")
    for kind, rest in more:
        yield Text(f"and {len(rest)} more of {kind}: --json and --html show all", style="bold")
