"""The end of an activation for people: a table of all pins and a paragraph for each that failed."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from cloudstack_pins.activation.report import PinOutcome, Report
from cloudstack_pins.plain import plain

_STYLES = {"active": "green", "failed": "red", "skipped": "yellow"}


def table_of(report: Report, console: Console) -> RenderableType:
    """Return the report as it is printed at the end."""
    table = Table(title=Text(f"pin set {plain(report.set_name)}"), title_justify="left", box=None, pad_edge=False)
    for heading in ("template", "storage tag", "pool", "state"):
        table.add_column(heading, overflow="fold")
    table.add_column("seconds", justify="right")
    for pin in report.pins:
        table.add_row(
            Text(plain(pin.template)),
            Text(plain(pin.storage_tag)),
            Text(plain(pin.pool_name or "any")),
            Text(pin.state, style=_STYLES[pin.state]),
            Text(f"{pin.seconds:.0f}" if pin.seconds else ""),
        )
    parts: list[RenderableType] = [table]
    parts += [_paragraph(pin) for pin in report.pins if pin.state != "active"]
    return Group(*parts)


def _paragraph(pin: PinOutcome) -> Text:
    where = f"{pin.storage_tag}/{pin.pool_name}" if pin.pool_name else pin.storage_tag
    lines = [f"{pin.state}: template {pin.template} ({pin.template_name}) on {where}, {pin.address}", f"  {pin.reason}"]
    if pin.said:
        lines.append(f"  CloudStack said: {pin.said}")
    lines += [f"  known: {fact}" for fact in pin.known]
    return Text("\n".join(plain(line) for line in lines), style="" if pin.state == "skipped" else "red")
