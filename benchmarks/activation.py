"""Activation of pins whose copies take time, against the bound that copies and max-parallel set."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cloud import Share, serving
from benchmarks.figures import Goal, Section, Table, at_most, seconds, table
from benchmarks.machines import deploy
from benchmarks.measure import Median, Run, measured, median
from benchmarks.sets import Shape, declare, lock, write_stack
from benchmarks.surroundings import CLOUDSTACK_PINS
from cloudstack_pins.pin_set import load


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A set, the seconds of one copy, and how often it is run."""

    shape: Shape
    copy_seconds: float
    rounds: int

    @property
    def name(self) -> str:
        """It in words."""
        shape = self.shape
        return f"{shape.pins} pins on {shape.pools} pools, max-parallel {shape.max_parallel}"

    @property
    def bound(self) -> float:
        """The least time: copies go on ``max_parallel`` at a time, each pin needs one of its own."""
        return math.ceil(self.shape.pins / self.shape.max_parallel) * self.copy_seconds


LAYOUTS = (
    Layout(shape=Shape(templates=20, pools=10, max_parallel=10), copy_seconds=5, rounds=5),
    Layout(shape=Shape(templates=20, pools=10, max_parallel=8), copy_seconds=5, rounds=5),
    Layout(shape=Shape(templates=29, pools=7, max_parallel=16), copy_seconds=5, rounds=5),
)
QUICK_LAYOUTS = (Layout(shape=Shape(templates=1, pools=2, max_parallel=2), copy_seconds=0.1, rounds=1),)

HOW = (
    "`cloudstack-pins activate cdk.tf.json` as a fresh process, on VMs that were created and never started. Each copy "
    "takes 5 s in the emulator, any number of them at a time; every pin needs one. The bound is that of somebody who "
    "knows all beforehand: pins / max-parallel, rounded up, times 5 s. It leaves out the start of the process, the "
    "lease, stopping and handing over to the owner. 10 divides the 20 pins of each pool, 8 and 16 do not divide the "
    "20 and 29 of the others."
)


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    median: Median
    calls: Counter[str]
    share: Share


def run(*, quick: bool = False) -> Section:
    """Measure."""
    layouts = QUICK_LAYOUTS if quick else LAYOUTS
    found = {layout: _measured(layout) for layout in layouts}
    return Section(
        name="activation",
        title="Activation",
        how=HOW,
        tables=(_times(found), _calls(found)),
        goals=tuple(_goal(layout, outcome) for layout, outcome in found.items()),
    )


def _measured(layout: Layout) -> _Outcome:
    runs: list[Run] = []
    calls: Counter[str] = Counter()
    share = Share(cpu_seconds=0, seconds=0)
    for _ in range(layout.rounds):
        with tempfile.TemporaryDirectory(prefix="activation-") as name:
            run, calls, share = _once(Path(name), layout)
        runs.append(run)
    return _Outcome(median=median(runs), calls=calls, share=share)


def _once(folder: Path, layout: Layout) -> tuple[Run, Counter[str], Share]:
    with serving(folder, layout.shape, copy_seconds=layout.copy_seconds) as cloud:
        stack = declare(folder, layout.shape)
        lock(stack, cloud.environment)
        write_stack(stack, folder)
        deploy(cloud, load(stack).pins)
        before = cloud.calls().total()
        with cloud.share() as share:
            run = measured([*CLOUDSTACK_PINS, "activate", "cdk.tf.json"], cwd=folder, environment=cloud.environment)
        return run, cloud.calls(before), share[0]


def _times(found: dict[Layout, _Outcome]) -> Table:
    medians = {layout.name: outcome.median for layout, outcome in found.items()}
    bounds = {layout.name: seconds(layout.bound) for layout in found}
    ratios = {layout.name: f"{outcome.median.seconds / layout.bound:.2f}" for layout, outcome in found.items()}
    busy = {layout.name: f"{outcome.share.busy:.0%}" for layout, outcome in found.items()}
    extra = [("bound", bounds), ("of the bound", ratios), ("emulator busy", busy)]
    return table("Wall time of an activation", "set", medians, extra)


def _calls(found: dict[Layout, _Outcome]) -> Table:
    commands = sorted({command for outcome in found.values() for command in outcome.calls})
    rows = [
        (command, *(f"{outcome.calls[command] / layout.shape.pins:.2f}" for layout, outcome in found.items()))
        for command in commands
    ]
    total = ("all", *(f"{outcome.calls.total() / layout.shape.pins:.2f}" for layout, outcome in found.items()))
    lists = (
        "lists alone",
        *(
            f"{sum(n for name, n in outcome.calls.items() if name.startswith('list')) / layout.shape.pins:.2f}"
            for layout, outcome in found.items()
        ),
    )
    return Table(
        title="API calls a pin, by command (of one run)",
        columns=("command", *(layout.name for layout in found)),
        rows=(*rows, lists, total),
    )


def _goal(layout: Layout, outcome: _Outcome) -> Goal:
    return at_most(f"activation of {layout.name}, of the bound", outcome.median.seconds / layout.bound, 1.2)
