"""One look at all the sets, written in every form that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cloudstack_pins.cloudstack import Session
from cloudstack_pins.files import replace_text
from cloudstack_pins.status.report import Report
from cloudstack_pins.status.sources import Source


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """The files to write after each successful look, each whole or not at all; ``-`` for JSON prints it."""

    json: Path | None = None
    html: Path | None = None
    prometheus: Path | None = None

    @property
    def prints_json(self) -> bool:
        """Whether JSON goes to standard output."""
        return self.json == Path("-")

    def write(self, report: Report) -> None:
        """Write the files. Raises OutputError where one can't be written."""
        if self.json is not None and not self.prints_json:
            replace_text(self.json, self.json_text(report))
        if self.html is not None:
            from cloudstack_pins.status import page

            replace_text(self.html, page.text(report))
        if self.prometheus is not None:
            from cloudstack_pins.status import metrics

            replace_text(self.prometheus, metrics.text(report))

    def json_text(self, report: Report) -> str:
        """Return the report as JSON."""
        from cloudstack_pins.status import data

        return data.text(report)


class Look:
    """Calling it looks at every set once, writes the files and returns the report."""

    def __init__(
        self, session: Session, sources: Sequence[Source], outputs: Outputs, *, schedules: bool = False
    ) -> None:
        self._session = session
        self._sources = sources
        self._outputs = outputs
        self._schedules = schedules

    def __call__(self) -> Report:
        """Look now. Raises CloudStackError, OutputError."""
        at = datetime.fromtimestamp(self._session.clock.now(), UTC)
        sets = tuple(source.report(self._session, schedules=self._schedules) for source in self._sources)
        report = Report(at=at, sets=sets)
        self._outputs.write(report)
        return report
