"""Each benchmark at its tiniest size: that it runs, and that its figures become a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.__main__ import MODULES, main
from benchmarks.figures import Goal, Section, Table, at_least, at_most


@pytest.mark.terraform
@pytest.mark.parametrize("name", MODULES)
def test_benchmark_measures_something_and_writes_it_down(name: str, tmp_path: Path) -> None:
    assert main([name, "--quick", "--out", str(tmp_path)]) == 0

    (section,) = report.kept(MODULES, tmp_path / "results")
    assert section.name == name
    assert all(len(row) == len(table.columns) for table in section.tables for row in table.rows)
    assert section.machine["CPU"]
    page = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert f"## {section.title}\n" in page
    assert str(tmp_path) not in page


def section(name: str, **changes: object) -> Section:
    fields: dict[str, object] = {
        "name": name,
        "title": name.title(),
        "how": "By hand.",
        "tables": (Table(title="One", columns=("what", "figure"), rows=(("a|b", "1"),)),),
        "goals": (at_most("time", 0.5, 1.0),),
        "notes": ("A note.",),
        "machine": {"CPU": "abacus"},
        "date": "2026-01-01",
        "load": "0.1, 0.1",
    }
    return Section(**{**fields, **changes})  # type: ignore[arg-type]


def test_figures_survive_being_kept(tmp_path: Path) -> None:
    report.keep(section("synthesis"), tmp_path)

    assert report.kept(["review", "synthesis"], tmp_path) == [section("synthesis")]


def test_page_shows_every_goal_first_and_escapes_cells() -> None:
    text = report.page([section("review", goals=(at_least("calls", 3.0, 20.0),)), section("synthesis")])

    assert "| calls | at least 20 x | 3.0 x | **no** |" in text
    assert "| time | at most 1 x | 0.50 x | yes |" in text
    assert text.index("## Goals") < text.index("## Machine") < text.index("## Review") < text.index("## Synthesis")
    assert "| a\\|b | 1 |" in text
    assert text.count("abacus") == 1


@pytest.mark.parametrize(
    ("goal", "met"),
    [
        pytest.param(at_most("x", 1.0, 1.0), True, id="at most, met by equality"),
        pytest.param(at_most("x", 1.01, 1.0), False, id="at most, missed"),
        pytest.param(at_least("x", 20.0, 20.0), True, id="at least, met by equality"),
        pytest.param(at_least("x", 19.9, 20.0), False, id="at least, missed"),
    ],
)
def test_goal_is_met_at_its_limit(goal: Goal, met: bool) -> None:
    assert goal.met is met
