"""What the matrix is made of: one cell for each combination that people may have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
ENGINES = ("cdktf", "cdktn")
DEPENDENCIES = ("oldest", "newest")
TERRAFORMS = ("terraform", "tofu")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One combination.

    Without ``terraform`` the cell runs tests and synthesises; with it, it takes one set through plan, apply, rotation
    and destroy on the emulator.
    """

    python: str
    engine: str
    dependencies: str
    terraform: str = ""

    @property
    def name(self) -> str:
        """The words that tell the cell from others, which ``--only`` looks for."""
        return "-".join(filter(None, (self.python, self.engine, self.dependencies, self.terraform)))


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a cell ended, and why; ``stack`` is a digest of what it synthesised."""

    cell: Cell
    outcome: Literal["passed", "failed", "not here"]
    said: str
    seconds: float = 0.0
    stack: str = ""


def all_cells(newest_python: str) -> Iterator[Cell]:
    """Yield every cell; Terraform's run on one Python, which makes no difference to them."""
    for python in PYTHONS:
        for engine in ENGINES:
            for dependencies in DEPENDENCIES:
                yield Cell(python=python, engine=engine, dependencies=dependencies)
    for terraform in TERRAFORMS:
        for engine in ENGINES:
            yield Cell(python=newest_python, engine=engine, dependencies="newest", terraform=terraform)


def chosen(cells: Iterable[Cell], only: Iterable[str]) -> list[Cell]:
    """Return the cells that bear every one of the words, such as ``3.12`` or ``oldest``."""
    words = set(only)
    return [cell for cell in cells if words <= set(cell.name.split("-"))]


def differing(results: Iterable[Result]) -> list[str]:
    """Return, in words, which cells synthesised something else than the first: all of them should agree."""
    made = [result for result in results if result.stack]
    return [
        f"{other.cell.name} synthesises another stack than {made[0].cell.name}"
        for other in made[1:]
        if other.stack != made[0].stack
    ]
