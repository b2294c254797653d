"""RESULTS.md: all that was measured, in one order, made of the JSON files in ``results/`` and of nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.figures import Goal, Section, Table

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
PAGE = HERE / "RESULTS.md"

_BEGIN = """\
# Results

Made by `make bench`; do not edit. `make bench BENCH="synthesis review"` measures some anew, the others stay as they
were. What is measured and how is said with each; a row is the median of fresh processes, and peak memory is the sum of
the peaks of all processes of a command.
"""


def keep(section: Section, folder: Path = RESULTS) -> None:
    """Write a section's JSON file."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(section.document(), indent=2, ensure_ascii=False) + "\n"
    (folder / f"{section.name}.json").write_text(text, encoding="utf-8")


def kept(names: Iterable[str], folder: Path = RESULTS) -> list[Section]:
    """Return the sections that are there, in the order of ``names``."""
    paths = [folder / f"{name}.json" for name in names]
    return [Section.from_document(json.loads(path.read_text(encoding="utf-8"))) for path in paths if path.is_file()]


def page(sections: list[Section]) -> str:
    """Return RESULTS.md."""
    parts = [_BEGIN, *_goals(sections), *_machines(sections)]
    for section in sections:
        parts += _section(section)
    return "\n".join(parts)


def _goals(sections: list[Section]) -> Iterator[str]:
    goals: list[Goal] = [goal for section in sections for goal in section.goals]
    if goals:
        yield "## Goals\n"
        rows = tuple((goal.what, goal.limit, goal.reached, "yes" if goal.met else "**no**") for goal in goals)
        yield _table(Table(title="", columns=("goal", "limit", "reached", "met"), rows=rows))


def _machines(sections: list[Section]) -> Iterator[str]:
    seen: list[dict[str, str]] = []
    for section in sections:
        if section.machine not in seen:
            seen.append(section.machine)
            of = ", ".join(one.title.lower() for one in sections if one.machine == section.machine)
            yield f"## Machine\n\nOf {of}.\n"
            yield _table(Table(title="", columns=("what", "which"), rows=tuple(section.machine.items())), left=True)


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.title}\n\n{section.how}\n"
    for table in section.tables:
        if table.title:
            yield f"### {table.title}\n"
        yield _table(table)
    for note in section.notes:
        yield f"{note}\n"
    yield f"Measured on {section.date}; load before it (1 and 5 minutes): {section.load}.\n"


def _table(table: Table, *, left: bool = False) -> str:
    rule = ["---"] + ["---" if left else "---:"] * (len(table.columns) - 1)
    lines = [table.columns, tuple(rule), *table.rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"
