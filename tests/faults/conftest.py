"""Gathers the outcomes of the whole matrix, and writes its page once each cell has been played."""

from __future__ import annotations

import pytest

from tests.faults.cells import CELLS
from tests.faults.page import PATH, text

_outcomes: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note how a cell ended; in a run of several processes this one hears of all of them."""
    for name, value in report.user_properties:
        if name == "fault-cell" and report.when == "call":
            key, _, outcome = str(value).rpartition(" ")
            _outcomes[key] = outcome


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the page, after a run of all cells only."""
    if hasattr(session.config, "workerinput") or set(_outcomes) != {cell.key for cell in CELLS}:
        return
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(text(_outcomes), encoding="utf-8")
