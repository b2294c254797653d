"""Every fault at every moment, with real processes; what has to hold is in invariants.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.faults.cells import CELLS, FAULTS, MOMENTS, Cell
from tests.faults.completeness import is_done
from tests.faults.history import set_up
from tests.faults.invariants import UNTOLD, hold_after_fault, hold_at_end
from tests.faults.messages import is_terraforms
from tests.faults.page import MARKS, PATH, read
from tests.faults.strikes import Strike

SAMPLE = frozenset(
    {
        "full:lock",
        "sigterm:lock-file",
        "dropped:network",
        "503:permission",
        "job-vanishes:deploy",
        "malformed:tag",
        "orphan:apply",
        "reset:destroy",
        "two-hosts:look",
        "429:lease",
        "slow:prefer",
        "maintenance:start",
        "job-fails:copy",
        "job-hangs:stop",
        "sigint:hand-over",
        "clock:put-back",
        "restart:take-back",
        "two:release",
        "refused:verify",
        "read-only:report",
        "sigkill:report-file",
        "502:status",
        "key:review",
    }
)
"""What `make test` plays: each fault and each moment, once."""


def play(cell: Cell, folder: Path, terraform_settings: Mapping[str, str]) -> str:
    """Play one cell; how the program ended."""
    with set_up(cell.moment, folder, terraform_settings) as scene:
        strike = Strike(cell, scene)
        strike.arm()
        with scene.run(cell.moment, prefix=strike.prefix) as program:
            strike.accompany(program)
            code, output = program.end(), program.output
            scene.settle(program)
        others = [(other.end(), other.output) for other in scene.others]
        strike.lift()
        assert strike.struck, f"the moment never came\n{output}"
        scene.recover()
        hold_after_fault(scene, cell, code, output)
        for other_code, other_output in others:
            told = cell.fault.needs == "activation" and "cloudstack-pins: " in other_output
            assert other_code == 0 or told, other_output
        scene.end_maintenance()
        with scene.run(cell.moment) as program:
            end = program.end()
            scene.settle(program)
            hold_at_end(scene, cell, end, program.output)
    return outcome(cell, code, output)


def outcome(cell: Cell, code: int, output: str) -> str:
    """How a program ended, as the page marks it."""
    if cell.fault.key in UNTOLD:
        return "killed"
    if is_done(cell.moment, code):
        return "through"
    return "terraform" if is_terraforms(cell, output) else "told"


def cells(chosen: Callable[[Cell], bool]) -> list[object]:
    return [pytest.param(cell, id=cell.key) for cell in CELLS if chosen(cell)]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("cell", cells(lambda cell: cell.key in SAMPLE))
def test_nothing_is_lost_and_the_second_run_completes(
    cell: Cell, tmp_path: Path, terraform_settings: dict[str, str]
) -> None:
    marks = read(PATH.read_text(encoding="utf-8"))

    assert MARKS[play(cell, tmp_path, terraform_settings)] == marks[cell.key], "run `make faults`"


@pytest.mark.matrix
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("cell", cells(lambda cell: True))
def test_whole_matrix(
    cell: Cell,
    tmp_path: Path,
    terraform_settings: dict[str, str],
    record_property: Callable[[str, object], None],
) -> None:
    record_property("fault-cell", f"{cell.key} failed")
    record_property("fault-cell", f"{cell.key} {play(cell, tmp_path, terraform_settings)}")


def test_the_sample_has_each_fault_and_each_moment() -> None:
    played = [cell for cell in CELLS if cell.key in SAMPLE]

    assert {cell.key for cell in played} == SAMPLE
    assert {cell.fault.key for cell in played} == {fault.key for fault in FAULTS}
    assert {cell.moment.key for cell in played} == {moment.key for moment in MOMENTS}
