"""`python -m benchmarks [NAME ...]`: measure, keep the figures, and write RESULTS.md. `--quick` only tries it out."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import report
from benchmarks.figures import Section
from benchmarks.machine import load, machine
from benchmarks.measure import BenchmarkError

MODULES = {
    "synthesis": "synthesis",
    "terraform": "terraform_runs",
    "activation": "activation",
    "status": "status_reading",
    "review": "review_reading",
    "run-task": "run_task_load",
}
BUSY = 2.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for; exit status 1 where something could not be measured."""
    options = _parser().parse_args(arguments)
    if not options.quick and (now := float(load().partition(",")[0])) > BUSY:
        print(f"benchmarks: the machine is busy (load {now}); figures will be worse than they are", file=sys.stderr)
    failed = False
    for name in options.names or MODULES:
        try:
            report.keep(measured(name, quick=options.quick), options.out / "results")
        except BenchmarkError as error:
            print(f"benchmarks: {name}: {error}", file=sys.stderr)
            failed = True
    page = options.out / "RESULTS.md"
    page.write_text(report.page(report.kept(MODULES, options.out / "results")), encoding="utf-8")
    print(f"benchmarks: wrote {page}", file=sys.stderr)
    return 1 if failed else 0


def measured(name: str, *, quick: bool) -> Section:
    """Run one benchmark and return what it found, with the machine's name on it."""
    before, began = load(), time.monotonic()
    print(f"benchmarks: {name} ...", file=sys.stderr)
    section: Section = importlib.import_module(f"benchmarks.{MODULES[name]}").run(quick=quick)
    print(f"benchmarks: {name} took {time.monotonic() - began:.0f} s", file=sys.stderr)
    return replace(section, machine=machine(), date=f"{datetime.now(UTC).date()}", load=before)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*MODULES, []], help=f"of {', '.join(MODULES)}")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one run: says nothing but that it works")
    parser.add_argument("--out", type=Path, default=report.HERE, help="where results go; default: benchmarks/")
    return parser


if __name__ == "__main__":
    sys.exit(main())
