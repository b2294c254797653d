"""Where our own time goes: cProfile of one more run, as a table of functions."""

from __future__ import annotations

import pstats
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from benchmarks.figures import Table, seconds
from benchmarks.measure import measured
from benchmarks.surroundings import PYTHON, ROOT

SHOWN = 10


def profiled(
    what: str,
    arguments: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    accepted: Collection[int] = (0,),
) -> Table:
    """Run Python with ``arguments`` under cProfile; return the functions with the most time of their own.

    Only the main thread is seen, and everything takes longer: the shares are what means something.
    """
    file = cwd / "profile.out"
    command = [PYTHON, "-m", "cProfile", "-o", str(file), *arguments]
    measured(command, cwd=cwd, environment=environment, accepted=accepted)
    stats = pstats.Stats(str(file))
    total: float = stats.total_tt  # type: ignore[attr-defined]
    entries: list[tuple[float, float, int, str]] = [
        (own, below, calls, _name(*where))
        for where, (_, calls, own, below, _) in stats.stats.items()  # type: ignore[attr-defined]
    ]
    rows = tuple(
        (name, f"{own / total:.0%}", f"{below / total:.0%}", str(calls))
        for own, below, calls, name in sorted(entries, reverse=True)[:SHOWN]
    )
    return Table(
        title=f"Profile of {what} ({seconds(total)} with cProfile, main thread)",
        columns=("function", "own time", "with what it calls", "calls"),
        rows=rows,
    )


def _name(path: str, line: int, function: str) -> str:
    """Return a function's place without that of this checkout or machine."""
    if path == "~":
        return f"`{function}`"
    for root in (str(ROOT / "constructs"), str(ROOT)):
        path = path.removeprefix(f"{root}/")
    return f"`{path.rpartition('site-packages/')[2].rpartition('/lib/')[2]}:{function}`"
