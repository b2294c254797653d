"""What a benchmark found: tables, goals and words, as values that are kept as JSON and written as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.measure import Median


@dataclass(frozen=True, kw_only=True)
class Goal:
    """One figure that was promised: ``reached`` against ``limit``, both in words; lower or higher is in ``what``."""

    what: str
    limit: str
    reached: str
    met: bool


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of text under columns; all but the first column are aligned right."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """All that one benchmark found; ``how`` says what was run, ``notes`` what the figures mean."""

    name: str
    title: str
    how: str
    tables: tuple[Table, ...] = ()
    goals: tuple[Goal, ...] = ()
    notes: tuple[str, ...] = ()
    machine: dict[str, str] = field(default_factory=dict)
    date: str = ""
    load: str = ""

    def document(self) -> dict[str, Any]:
        """Return this as JSON holds it."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Section:
        """Return what ``document`` was made of."""
        return cls(
            **{
                **document,
                "tables": tuple(
                    Table(title=one["title"], columns=tuple(one["columns"]), rows=tuple(map(tuple, one["rows"])))
                    for one in document["tables"]
                ),
                "goals": tuple(Goal(**one) for one in document["goals"]),
                "notes": tuple(document["notes"]),
            }
        )


def at_most(what: str, reached: float, limit: float, unit: str = "x") -> Goal:
    """Return a goal that is met at ``limit`` or below."""
    return Goal(what=what, limit=f"at most {limit:g} {unit}", reached=f"{reached:.2f} {unit}", met=reached <= limit)


def at_least(what: str, reached: float, limit: float, unit: str = "x") -> Goal:
    """Return a goal that is met at ``limit`` or above."""
    return Goal(what=what, limit=f"at least {limit:g} {unit}", reached=f"{reached:.1f} {unit}", met=reached >= limit)


def seconds(value: float) -> str:
    """Return seconds with as many digits as mean something."""
    return f"{value:.2f} s" if value < 10 else f"{value:.1f} s" if value < 100 else f"{value:.0f} s"


def mebibytes(value: int) -> str:
    """Return bytes in MiB."""
    return f"{value / 2**20:.0f} MiB"


COLUMNS = ("median", "spread", "CPU", "peak memory", "runs")


def cells(found: Median) -> tuple[str, ...]:
    """Return a median's cells under ``COLUMNS``."""
    spread = f"{seconds(found.lowest)} to {seconds(found.highest)}" if found.runs > 1 else ""
    return (seconds(found.seconds), spread, seconds(found.cpu_seconds), mebibytes(found.peak_bytes), str(found.runs))


def table(
    title: str, first: str, medians: dict[str, Median], extra: Sequence[tuple[str, dict[str, str]]] = ()
) -> Table:
    """Return a table of medians by name; ``extra`` adds columns of text by the same names."""
    return Table(
        title=title,
        columns=(first, *COLUMNS, *(column for column, _ in extra)),
        rows=tuple(
            (name, *cells(found), *(texts.get(name, "") for _, texts in extra)) for name, found in medians.items()
        ),
    )
