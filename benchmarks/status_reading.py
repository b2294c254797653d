"""status of many active pins, against what Terraform needs to see the same: plan -refresh-only."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.cloud import Cloud, Share, serving
from benchmarks.figures import Section, Table, at_least, seconds, table
from benchmarks.machines import deploy
from benchmarks.measure import BenchmarkError, Median, Run, measured, median
from benchmarks.profiling import profiled
from benchmarks.sets import NAME, Shape, declare, lock, write_stack
from benchmarks.state import write_state
from benchmarks.surroundings import CLOUDSTACK_PINS, PYTHON
from benchmarks.terraform import initialise, terraform
from cloudstack_pins.pin_set import load

SHAPE, QUICK_SHAPE = Shape(templates=500, pools=10), Shape(templates=2, pools=2)
AT_ONCE = 64
ARGUMENTS = (
    *("-m", "cloudstack_pins", "status", NAME),
    *("--json", "status.json", "--html", "status.html", "--prometheus", "status.prom"),
)

STATUS = "cloudstack-pins status"
REFRESH = "terraform plan -refresh-only"
HOW = (
    "All pins are active: created through the API and activated by `cloudstack-pins activate`, with instant copies. "
    "`status` writes its table, JSON, page and metrics. Terraform's state is not that of an apply: one pin is applied "
    "for real, and its entry in the state is repeated for each of the other pins with that pin's own ids and names; "
    "the measured refresh finds no difference between this state and the VMs, or the benchmark fails. Calls are "
    "counted by the emulator."
)


def run(*, quick: bool = False) -> Section:
    """Measure."""
    shape = QUICK_SHAPE if quick else SHAPE
    with tempfile.TemporaryDirectory(prefix="status-") as name:
        folder = Path(name)
        with serving(folder, shape) as cloud:
            stack = _active_set(folder, shape, cloud)
            found = {
                STATUS: _counted(cloud, lambda: _status(stack, cloud), 1 if quick else 5),
                REFRESH: _counted(cloud, lambda: _refreshed(folder, cloud), 1 if quick else 5),
            }
            profile = _profile(stack, cloud, shape)
    return _section(shape, found, profile)


Found = tuple[Median, Counter[str], Share]


def _active_set(folder: Path, shape: Shape, cloud: Cloud) -> Path:
    stack = declare(folder, shape)
    lock(stack, cloud.environment)
    write_stack(stack, folder)
    initialise(folder, cloud.environment)
    first, *others = load(stack).pins
    terraform(folder, cloud.environment, "apply", "-input=false", "-auto-approve", f"-target={first.address}")
    deploy(cloud, others)
    activate = [*CLOUDSTACK_PINS, "activate", "cdk.tf.json", "--max-parallel", str(AT_ONCE)]
    measured(activate, cwd=folder, environment=cloud.environment)
    with cloud.session() as session:
        write_state(folder / "terraform.tfstate", first, others, session)
    return stack


def _counted(cloud: Cloud, step: Callable[[], Run], rounds: int) -> Found:
    runs = []
    for _ in range(rounds):
        before = cloud.calls().total()
        with cloud.share() as share:
            runs.append(step())
        calls = cloud.calls(before)
    return median(runs), calls, share[0]


def _status(stack: Path, cloud: Cloud) -> Run:
    return measured([PYTHON, *ARGUMENTS], cwd=stack.parent, environment=cloud.environment)


def _profile(stack: Path, cloud: Cloud, shape: Shape) -> Table:
    return profiled(f"{STATUS}, {shape.pins} pins", ARGUMENTS, cwd=stack.parent, environment=cloud.environment)


def _refreshed(folder: Path, cloud: Cloud) -> Run:
    run = terraform(folder, cloud.environment, "plan", "-refresh-only", "-input=false")
    if "has changed" in run.output or "has been deleted" in run.output:
        raise BenchmarkError(f"the made state does not fit the VMs:\n{run.output[:4000]}")
    return run


def _section(shape: Shape, found: dict[str, Found], profile: Table) -> Section:
    medians = {what: each for what, (each, _, _) in found.items()}
    totals = {what: calls.total() for what, (_, calls, _) in found.items()}
    extra = [
        ("API calls", {what: str(total) for what, total in totals.items()}),
        ("calls a pin", {what: f"{total / shape.pins:.3f}" for what, total in totals.items()}),
        ("emulator's CPU", {what: seconds(share.cpu_seconds) for what, (_, _, share) in found.items()}),
    ]
    commands = sorted({command for _, calls, _ in found.values() for command in calls})
    calls = Table(
        title="API calls by command",
        columns=("command", *found),
        rows=tuple((command, *(str(counted[command]) for _, counted, _ in found.values())) for command in commands),
    )
    what = f"calls of {REFRESH} for each of {STATUS}, {shape.pins} pins"
    return Section(
        name="status",
        title="Status",
        how=HOW,
        tables=(table(f"{shape.pins} pins on {shape.pools} pools", "command", medians, extra), calls, profile),
        goals=(at_least(what, totals[REFRESH] / totals[STATUS], 20),),
        notes=(f"It takes {medians[STATUS].seconds / medians[REFRESH].seconds:.2f} of the time of the refresh.",),
    )
