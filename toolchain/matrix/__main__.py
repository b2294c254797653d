"""`make test-matrix`: the built wheel on every Python, engine, age of dependencies, with Terraform and OpenTofu.

    python -m toolchain.matrix [--only WORD]... [--keep] [--list]

Each cell has a fresh virtual environment in the user's cache folder, and runs outside this repository. What cannot be
had on this machine is said with its reason. Exit status 1 if a cell failed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from toolchain import terraform_provider, tofu
from toolchain.caches import cache_folder, locked
from toolchain.go_build import ToolchainError
from toolchain.matrix import pythons, steps
from toolchain.matrix.cells import PYTHONS, Cell, Result, all_cells, chosen, differing
from toolchain.matrix.room import CellFailed, Room, snapshot
from toolchain.matrix.table import show
from toolchain.wheel import build_wheel


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the cells one after the other; exit status 1 if one failed."""
    options = _options(arguments)
    found = {version: path for version in PYTHONS if (path := pythons.python(version))}
    every = list(all_cells(max(found, key=PYTHONS.index, default=PYTHONS[-1])))
    cells = chosen(every, options.only)
    if options.list:
        print("\n".join(cell.name for cell in cells))
        return 0
    cache = cache_folder()
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="cloudstack-pins-matrix-") as name:
        try:
            wheel = build_wheel(Path(name))
        except ToolchainError as error:
            print(f"test-matrix: {error}", file=sys.stderr)
            return 1
        source = snapshot(Path(name))
        results = []
        for number, cell in enumerate(cells, 1):
            print(f"test-matrix: {number} of {len(cells)}: {cell.name}", file=sys.stderr, flush=True)
            with locked(cache / "cells" / f"{cell.name}.lock"):
                room = Room(cell=cell, folder=cache / "cells" / cell.name, source=source)
                results.append(_result(room, found.get(cell.python), wheel, cache, keep=options.keep))
    show(results, len(every) - len(cells), console)
    other = differing(results)
    for problem in other:
        print(f"test-matrix: {problem}", file=sys.stderr)
    failed = bool(other) or not results or any(result.outcome == "failed" for result in results)
    return 1 if failed else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m toolchain.matrix")
    parser.add_argument("--only", nargs="*", default=[], metavar="WORD", help="cells that bear all of these words")
    parser.add_argument("--keep", action="store_true", help="keep the folders of cells that passed")
    parser.add_argument("--list", action="store_true", help="name the cells and do nothing")
    return parser.parse_args(arguments)


def _result(room: Room, interpreter: Path | None, wheel: Path, cache: Path, *, keep: bool) -> Result:
    cell = room.cell
    if interpreter is None:
        return Result(cell=cell, outcome="not here", said=pythons.absent(cell.python))
    try:
        program = _program(cell, cache)
        configuration = terraform_provider.provide(cache) if program else cache
    except ToolchainError as error:
        return Result(cell=cell, outcome="not here", said=str(error))
    begin = time.monotonic()
    stack = ""
    try:
        room.furnish(interpreter, wheel)
        steps.imported_from_wheel(room)
        if program:
            said = steps.life(room, program, configuration)
        else:
            stack = steps.stacks(room)
            said = f"{steps.tests(room)}, 2 stacks"
    except CellFailed as error:
        return Result(cell=cell, outcome="failed", said=str(error), seconds=time.monotonic() - begin)
    if not keep:
        shutil.rmtree(room.folder)
    return Result(cell=cell, outcome="passed", said=said, seconds=time.monotonic() - begin, stack=stack)


def _program(cell: Cell, cache: Path) -> Path | None:
    """Return the path of the cell's Terraform; raises ToolchainError where there is none."""
    if not cell.terraform:
        return None
    if cell.terraform == "tofu":
        return tofu.provide(cache)
    found = shutil.which("terraform")
    if found is None:
        raise ToolchainError("there is no terraform on PATH")
    return Path(found)


if __name__ == "__main__":
    sys.exit(main())
