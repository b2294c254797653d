"""Synthesis as a whole program, against an empty cdktf app and three other ways to write the same pins."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import bindings
from benchmarks.figures import Goal, Section, Table, at_most, seconds, table
from benchmarks.measure import BenchmarkError, Median, Run, in_turns, measured
from benchmarks.profiling import profiled
from benchmarks.sets import NAME, Shape, declare, lock, zone_document
from benchmarks.surroundings import PYTHON, ROOT, environment
from cloudstack_emulator import Emulator
from cloudstack_emulator.zone_file import zone
from cloudstack_pins.expansion import pin_fragment
from cloudstack_pins.pin_set import load

SHAPES = (Shape(templates=5, pools=2), Shape(templates=10), Shape(templates=100), Shape(templates=500))
QUICK_SHAPES = (Shape(templates=2, pools=2),)

OURS = "ours: PinSetStack"
CONSTRUCTS = "ours: PinnedTemplate"
EMPTY = "(a) empty cdktf app"
BINDINGS = "(b) generated bindings"
OVERRIDES = "(c) add_override"
DUMP = "(d) plain json.dump"
PROGRAMS = {
    OURS: "pin_set_stack.py",
    CONSTRUCTS: "pinned_templates.py",
    EMPTY: "empty_app.py",
    BINDINGS: "generated_bindings.py",
    OVERRIDES: "overrides.py",
    DUMP: "plain_dump.py",
}

HOW = (
    "Each program is a fresh Python process that imports, builds and writes `cdk.tf.json`; the programs are in "
    "`benchmarks/programs/`. All of them take turns, so that ratios are of one run. Ours reads pins.toml and "
    "pins.lock.json and also writes storage tags, activation and outputs; the others read the finished arguments of "
    "the pins from a JSON file and write nothing but the pins. After each run the pins of all programs are compared: "
    "they have to be equal."
)


def run(*, quick: bool = False) -> Section:
    """Measure."""
    shapes = QUICK_SHAPES if quick else SHAPES
    programs = dict(PROGRAMS)
    if quick and not bindings.are_there():
        del programs[BINDINGS]
    found: dict[int, dict[str, Median]] = {}
    profiles: list[Table] = []
    for shape in shapes:
        with tempfile.TemporaryDirectory(prefix="synthesis-") as name:
            bench = _Bench(Path(name), shape, programs)
            found[shape.pins] = bench.measured(rounds=1 if quick else 5)
            if shape is shapes[-1]:
                profiles = [bench.profile(what) for what in ((OURS,) if quick else (OURS, CONSTRUCTS))]
    return Section(
        name="synthesis",
        title="Synthesis",
        how=HOW,
        tables=(
            _overview(found),
            *(table(f"{pins} pins", "program", medians) for pins, medians in found.items()),
            *profiles,
        ),
        goals=_goals(found),
        notes=_notes(found),
    )


class _Bench:
    """One shape's set in a folder, and the programs that write its pins."""

    def __init__(self, folder: Path, shape: Shape, programs: Mapping[str, str]) -> None:
        self._folder, self._shape, self._programs = folder, shape, programs
        self._stack = declare(folder, shape)
        with Emulator(zone(zone_document(shape))) as emulator:
            lock(self._stack, {**environment(), **emulator.environment()})
        bodies = pin_fragment(load(self._stack).pins)["resource"]["cloudstack_instance"]
        (self._stack / "pins.json").write_text(json.dumps(bodies), encoding="utf-8")
        self._environment = environment()
        if BINDINGS in programs:
            self._environment["PYTHONPATH"] = str(bindings.generate())

    def measured(self, rounds: int) -> dict[str, Median]:
        """Run all programs in turns, and compare what they wrote."""
        if rounds > 1:
            # Once for nothing: what is compiled or cached at a first run is there for all others.
            self._run(EMPTY)
        medians = in_turns({what: partial(self._run, what) for what in self._programs}, rounds)
        _refuse_differences({what: self._out(what) for what in self._programs if what != EMPTY})
        return medians

    def profile(self, what: str) -> Table:
        """Profile one more run of a program."""
        name = f"{what}, {self._shape.pins} pins"
        return profiled(name, self._arguments(what), cwd=self._folder, environment=self._environment)

    def _run(self, what: str) -> Run:
        shutil.rmtree(self._out(what), ignore_errors=True)
        return measured([PYTHON, *self._arguments(what)], cwd=self._folder, environment=self._environment)

    def _arguments(self, what: str) -> list[str]:
        program = ROOT / "benchmarks" / "programs" / self._programs[what]
        return [str(program), str(self._stack), str(self._out(what))]

    def _out(self, what: str) -> Path:
        return self._folder / self._programs[what].removesuffix(".py")


def _refuse_differences(outputs: dict[str, Path]) -> None:
    written = {what: _pins(out / "stacks" / NAME / "cdk.tf.json") for what, out in outputs.items()}
    for what, pins in written.items():
        if pins != written[OURS]:
            raise BenchmarkError(f"{what} writes other pins than {OURS}; they have to be the same to be compared")


def _pins(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8"))["resource"]["cloudstack_instance"]
    return {key: {name: value for name, value in body.items() if name != "//"} for key, body in found.items()}


def _overview(found: dict[int, dict[str, Median]]) -> Table:
    programs = list(next(iter(found.values())))
    return Table(
        title="Median wall time of the whole program",
        columns=("program", *(f"{pins} pins" for pins in found)),
        rows=tuple((what, *(seconds(medians[what].seconds) for medians in found.values())) for what in programs),
    )


def _goals(found: dict[int, dict[str, Median]]) -> tuple[Goal, ...]:
    goals: list[Goal] = []
    for ours in (OURS, CONSTRUCTS):
        for pins, other, limit in ((1000, BINDINGS, 0.5), (5000, BINDINGS, 0.4), (1000, EMPTY, 2.5)):
            if pins in found and other in found[pins]:
                ratio = found[pins][ours].seconds / found[pins][other].seconds
                goals.append(at_most(f"{ours}, {pins} pins, of the time of {other}", ratio, limit))
    if 5000 in found:
        # Linear: each further pin costs the same; the fixed part is that of 10 pins.
        for ours in (OURS, CONSTRUCTS):
            goals.append(
                at_most(f"{ours}, cost of a pin at 5000 against at 1000 (linear: 1)", _growth(found, ours), 1.3)
            )
    return tuple(goals)


def _growth(found: dict[int, dict[str, Median]], what: str) -> float:
    fixed = found[10][what].seconds
    return ((found[5000][what].seconds - fixed) / 4990) / ((found[1000][what].seconds - fixed) / 990)


def _notes(found: dict[int, dict[str, Median]]) -> tuple[str, ...]:
    if 5000 not in found:
        return ()
    base = found[5000][EMPTY].seconds
    each = {what: (medians.seconds - base) / 5 for what, medians in found[5000].items() if what not in (EMPTY, DUMP)}
    crossing = (
        "PinnedTemplate costs more than PinSetStack: in a stack of the user's own, cdktf asks each element for its "
        "body to prepare the synthesis, and the body crosses to Node then. Both kinds of pins are written by Python, "
        "beside what cdktf has written."
    )
    listed = ", ".join(f"{what}: {value:.2f} ms" for what, value in each.items())
    return (f"Milliseconds a pin at 5000 pins, beyond the empty app: {listed}.", crossing)
