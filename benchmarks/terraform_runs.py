"""terraform plan, apply and destroy with the real provider, and how much of the time is the emulator's."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.cloud import Cloud, Share, serving
from benchmarks.figures import Section, seconds, table
from benchmarks.measure import BenchmarkError, Median, Run, median
from benchmarks.sets import Shape, declare, lock, write_stack
from benchmarks.terraform import initialise, plan, terraform

PLANNED, APPLIED = Shape(templates=100), Shape(templates=20)
QUICK = Shape(templates=1, pools=2)
RUNS = 5

HOW = (
    "The real Terraform and the real provider against the emulator, a process of its own with instant jobs and "
    "instant copies. `plan` is the first plan of a set; `apply` creates the pins and activates them, for the "
    "local-exec of the stack runs `cloudstack-pins activate`; `plan, nothing to do` is the plan after it; `destroy` "
    "expunges all. The emulator runs one thread at a time: at 100 % busy it would be what is measured."
)
REAL_SERVER = (
    "On a real CloudStack (4.23, simulator hypervisor) 200 pins took 35 s to apply, 4.8 s to plan and 210 s to "
    "destroy, where the server's own work is most of it."
)


def run(*, quick: bool = False) -> Section:
    """Measure."""
    with tempfile.TemporaryDirectory(prefix="terraform-") as name:
        planned = _planned(Path(name) / "planned", QUICK if quick else PLANNED, rounds=1 if quick else RUNS)
        applied = _applied(Path(name) / "applied", QUICK if quick else APPLIED, rounds=1 if quick else RUNS)
    found = planned | applied
    medians = {what: each for what, (each, _) in found.items()}
    shares = {what: share for what, (_, share) in found.items()}
    busy = {what: f"{share.busy:.0%} of the time" for what, share in shares.items()}
    cpu = {what: seconds(share.cpu_seconds) for what, share in shares.items()}
    return Section(
        name="terraform",
        title="Terraform with the provider",
        how=HOW,
        tables=(
            table("Plan, apply, destroy", "command", medians, [("emulator's CPU, a run", cpu), ("it is busy", busy)]),
        ),
        notes=(_bottleneck(shares), REAL_SERVER),
    )


Found = dict[str, tuple[Median, Share]]


def _planned(folder: Path, shape: Shape, rounds: int) -> Found:
    with _prepared(folder, shape) as cloud:
        return {f"plan of {shape.pins}": _share_of(cloud, rounds, lambda: plan(folder, cloud.environment))}


def _applied(folder: Path, shape: Shape, rounds: int) -> Found:
    runs: dict[str, list[tuple[Run, Share]]] = {}
    with _prepared(folder, shape) as cloud:
        steps: dict[str, Callable[[], Run]] = {
            f"apply of {shape.pins}": lambda: _changed(folder, cloud, "apply"),
            f"plan of {shape.pins}, nothing to do": lambda: _clean(folder, cloud),
            f"destroy of {shape.pins}": lambda: _changed(folder, cloud, "destroy"),
        }
        for _ in range(rounds):
            for what, step in steps.items():
                runs.setdefault(what, []).append(_one(cloud, step))
    return {what: _middle(each) for what, each in runs.items()}


@contextmanager
def _prepared(folder: Path, shape: Shape) -> Iterator[Cloud]:
    """Make a locked set in an initialised folder, with the emulator that it is locked for."""
    folder.mkdir()
    with serving(folder, shape) as cloud:
        stack = declare(folder, shape)
        lock(stack, cloud.environment)
        write_stack(stack, folder)
        initialise(folder, cloud.environment)
        yield cloud


def _share_of(cloud: Cloud, rounds: int, step: Callable[[], Run]) -> tuple[Median, Share]:
    return _middle([_one(cloud, step) for _ in range(rounds)])


def _one(cloud: Cloud, step: Callable[[], Run]) -> tuple[Run, Share]:
    with cloud.share() as found:
        run = step()
    return run, found[0]


def _middle(runs: list[tuple[Run, Share]]) -> tuple[Median, Share]:
    shares = [share for _, share in runs]
    whole = Share(
        cpu_seconds=sum(share.cpu_seconds for share in shares) / len(shares),
        seconds=sum(share.seconds for share in shares) / len(shares),
    )
    return median([run for run, _ in runs]), whole


def _changed(folder: Path, cloud: Cloud, command: str) -> Run:
    return terraform(folder, cloud.environment, command, "-input=false", "-auto-approve")


def _clean(folder: Path, cloud: Cloud) -> Run:
    run = plan(folder, cloud.environment, "-detailed-exitcode")
    if "No changes." not in run.output:
        raise BenchmarkError(f"the plan after an apply is not clean:\n{run.output[-4000:]}")
    return run


def _bottleneck(shares: dict[str, Share]) -> str:
    what, share = max(shares.items(), key=lambda item: item[1].busy)
    verdict = "so it is not what is measured" if share.busy < 0.5 else "so a part of these times is its own"
    return f"The emulator was busiest in `{what}`: {share.busy:.0%} of the time, {verdict}."
