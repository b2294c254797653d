"""review of a plan of many creates, against `terraform show -json` printing that plan."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.cloud import serving
from benchmarks.figures import Section, Table, at_most, mebibytes, seconds, table
from benchmarks.measure import Median, Run, in_turns, measured
from benchmarks.profiling import profiled
from benchmarks.sets import Shape, declare, lock, write_stack
from benchmarks.surroundings import PYTHON, environment
from benchmarks.terraform import PLAN, initialise, plan, terraform

SHAPE, QUICK_SHAPE = Shape(templates=1000, pools=10), Shape(templates=2, pools=2)

REVIEW = "cloudstack-pins review"
SHOW = "terraform show -json"
HOW = (
    "The plan is a real one, of creates only, made by Terraform and the provider. `terraform show -json` prints it to "
    "a file; `cloudstack-pins review` reads that file and writes the comment, the JSON and the page."
)
REFUSED = 4
ARGUMENTS = (
    *("-m", "cloudstack_pins", "review", "plan.json"),
    *("--markdown", "review.md", "--json", "review.json", "--html", "review.html"),
)


def run(*, quick: bool = False) -> Section:
    """Measure."""
    shape = QUICK_SHAPE if quick else SHAPE
    with tempfile.TemporaryDirectory(prefix="review-") as name:
        folder = Path(name)
        planned = _planned(folder, shape)
        found = in_turns({SHOW: lambda: _shown(folder), REVIEW: lambda: _reviewed(folder)}, 1 if quick else 5)
        profile = _profile(folder, shape)
        size = (folder / "plan.json").stat().st_size
    return _section(shape, planned, found, size, profile)


def _planned(folder: Path, shape: Shape) -> Run:
    with serving(folder, shape) as cloud:
        stack = declare(folder, shape)
        lock(stack, cloud.environment)
        write_stack(stack, folder)
        initialise(folder, cloud.environment)
        return plan(folder, cloud.environment)


def _shown(folder: Path) -> Run:
    run = terraform(folder, environment(), "show", "-json", PLAN)
    (folder / "plan.json").write_text(run.output, encoding="utf-8")
    return run


def _reviewed(folder: Path) -> Run:
    return measured([PYTHON, *ARGUMENTS], cwd=folder, environment=environment(), accepted=(0, REFUSED))


def _profile(folder: Path, shape: Shape) -> Table:
    what = f"{REVIEW}, {shape.pins} pins"
    return profiled(what, ARGUMENTS, cwd=folder, environment=environment(), accepted=(0, REFUSED))


def _section(shape: Shape, planned: Run, found: dict[str, Median], size: int, profile: Table) -> Section:
    ratio = found[REVIEW].seconds / found[SHOW].seconds
    made = Table(
        title="The plan",
        columns=("pins", "terraform plan", "its peak memory", "size of its JSON"),
        rows=((str(shape.pins), seconds(planned.seconds), mebibytes(planned.peak_bytes), mebibytes(size)),),
    )
    return Section(
        name="review",
        title="Review",
        how=HOW,
        tables=(table(f"A plan of {shape.pins} creates", "command", found), made, profile),
        goals=(at_most(f"{REVIEW} of {shape.pins} pins, of the time of {SHOW}", ratio, 1.0),),
    )
