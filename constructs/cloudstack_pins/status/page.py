"""Status as one self-contained HTML page: no network, and no script needed to read it."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from cloudstack_pins.plain import plain
from cloudstack_pins.status.folding import folded
from cloudstack_pins.status.matrix import MARKS, MEANINGS, Column, Matrix, matrix
from cloudstack_pins.status.report import Finding, PinReport, PoolReport, Report, SetReport, State, gib

_COMPACT_FROM = 9
"""With this many columns cells show signs, with the words for screen readers and as tooltips."""

_TONES = {State.ACTIVE: "good", State.RUNNING: "fair", State.WRONG_OWNER: "fair"}


def text(report: Report) -> str:
    """Return the page. Everything that comes from outside is escaped and shown without control characters."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"plain": plain, "gib": gib, "percent": _percent, "moment": _moment, "every": _every}
    environment.tests |= {"command": _is_command}
    script = _file("page.js")
    template = environment.from_string(_file("page.html.j2"))
    return template.render(
        report=report,
        views=[_View(number, each) for number, each in enumerate(report.sets, start=1)],
        style=Markup(_file("page.css")),
        script=Markup(script),
        # The page trusts this one script and nothing else, whatever a template's name holds.
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        marks=MARKS,
        meanings=MEANINGS,
        tone=_tone,
    )


class _View:
    """What the template needs of one set besides its report."""

    def __init__(self, number: int, report: SetReport) -> None:
        self.id = f"set-{number}"
        self.report = report
        self.matrix: Matrix = matrix(report)
        self.compact = len(self.matrix.columns) >= _COMPACT_FROM
        self.states = list(report.counts())
        self._by_pin = {finding.about: finding for finding in report.findings if finding.kind.startswith("pin-")}
        self.first_findings, self.more_findings = folded(report.findings)
        self._numbers = {finding.id: number for number, finding in enumerate(report.findings, start=1)}

    @property
    def tag_groups(self) -> list[tuple[str, int]]:
        """Storage tags with their number of columns, for the first row of the header."""
        groups: dict[str, int] = {}
        for column in self.matrix.columns:
            groups[column.storage_tag] = groups.get(column.storage_tag, 0) + 1
        return list(groups.items())

    def anchor(self, finding: Finding) -> str:
        """Return the finding's place on the page."""
        return f"{self.id}-finding-{self._numbers[finding.id]}"

    def finding_of(self, pin: PinReport) -> Finding | None:
        """Return what was found about a pin."""
        return self._by_pin.get(pin.key)

    def row_is_good(self, template: str) -> bool:
        """Return whether all of a template's pins are active."""
        return all(pin.state is State.ACTIVE for cell in self.matrix.row(template) for pin in cell)

    def cell(self, template: str, column: Column) -> tuple[PinReport, ...]:
        """Return the pins of one cell."""
        return self.matrix.cells.get((template, column), ())

    def bars(self, pool: PoolReport) -> list[tuple[str, float | None, float | None]]:
        """Return what of a pool is drawn: name, share, threshold."""
        return [
            ("used", pool.used_share, pool.used_threshold),
            ("allocated", pool.allocated_share, pool.allocated_threshold),
        ]


def _tone(pin: PinReport) -> str:
    if pin.state is State.DESTROYED or pin.state is State.DUPLICATE:
        return "fair" if pin.protects else "poor"
    return _TONES.get(pin.state, "poor")


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 or share == 0 else "<1%"


def _moment(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _every(seconds: int) -> str:
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds % size == 0 and seconds >= size:
            n = seconds // size
            return f"{n} {name}{'s' * (n != 1)}"
    return f"{seconds} seconds"


def _is_command(line: str) -> bool:
    return not line.startswith("#")
