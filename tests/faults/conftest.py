"""Gathers the outcomes of cells of the matrix, and writes them into its page."""

from __future__ import annotations

import pytest

from tests.faults.page import MARKS, PATH, read, text

_outcomes: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note how a cell ended; in a run of several processes this one hears of all of them."""
    for name, value in report.user_properties:
        if name == "fault-cell" and report.when == "call":
            key, _, outcome = str(value).rpartition(" ")
            _outcomes[key] = outcome


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the page after a run of the matrix; cells that were not played keep their marks."""
    if hasattr(session.config, "workerinput") or session.config.getoption("markexpr") != "matrix" or not _outcomes:
        return
    names = {mark: name for name, mark in MARKS.items()}
    kept = {key: names[mark] for key, mark in read(PATH.read_text(encoding="utf-8")).items() if mark in names}
    PATH.write_text(text(kept | _outcomes), encoding="utf-8")
