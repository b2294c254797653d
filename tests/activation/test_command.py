"""The command as a process of its own: what it prints, how it ends, and what it leaves when it is interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import cloudstack_pins
from cloudstack_emulator import Emulator
from cloudstack_pins.expansion import expand
from cloudstack_pins.model import PinSet
from cloudstack_pins.roster import from_stack
from tests.activation.stage import Stage, roster_of

DEADLINE_SECONDS = 90
"""Far beyond what anything here takes; only a hang meets it."""


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Real time, for real processes; jobs and copies end at once unless a test slows them down."""
    with Emulator() as emulator:
        yield emulator


def write_stack(pin_set: PinSet, folder: Path) -> Path:
    path = folder / "cdk.tf.json"
    path.write_text(json.dumps(expand(pin_set)), encoding="utf-8")
    return path


def environment(stage: Stage) -> dict[str, str]:
    sources = str(Path(cloudstack_pins.__file__).parents[1])
    return {**os.environ, **stage.emulator.environment(), "PYTHONPATH": sources, "NO_COLOR": "1"}


def command(path: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "cloudstack_pins", "activate", str(path), *options]


def run(stage: Stage, path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(path, *options),
        env=environment(stage),
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_SECONDS,
    )


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def starts(stage: Stage) -> int:
    return sum(event.kind == "vm-starting" for event in stage.emulator.trace)


@pytest.fixture
def slow(stage: Stage) -> Stage:
    """Copies that go on until the test moves the clock."""
    with stage.emulator.world.lock:
        stage.emulator.world.copy_seconds = 100_000.0
    return stage


def under_way(stage: Stage) -> bool:
    return stage.preference() != "" and any(event.kind == "copy-began" for event in stage.emulator.trace)


def finish_copies(stage: Stage) -> None:
    with stage.emulator.world.lock:
        stage.emulator.world.copy_seconds = 0.0
    stage.emulator.advance(100_001)


def test_the_roster_of_a_stack_is_what_these_tests_activate(stage: Stage, tmp_path: Path) -> None:
    pin_set = stage.pin_set()

    assert from_stack(write_stack(pin_set, tmp_path)) == roster_of(pin_set)


def test_it_prints_a_line_an_event_and_a_table_and_writes_the_same_as_json(stage: Stage, tmp_path: Path) -> None:
    pin_set = stage.pin_set()
    stage.deploy(pin_set)
    path = write_stack(pin_set, tmp_path)

    first = run(stage, path, "--json", str(tmp_path / "outcome.json"))
    second = run(stage, path, "--json", "-")

    assert (first.returncode, first.stderr) == (0, "")
    assert "debian-12 on gold/PS0: active on PS0" in first.stdout
    assert "4 of 4 pins active" in first.stdout
    outcome: dict[str, Any] = json.loads((tmp_path / "outcome.json").read_text(encoding="utf-8"))
    assert outcome["counts"] == {"active": 4, "failed": 0, "skipped": 0}
    assert second.returncode == 0
    assert json.loads(second.stdout)["counts"] == outcome["counts"]
    assert stage.emulator.pins.secret_key not in first.stdout + first.stderr + second.stderr


def test_a_failed_pin_exits_1_with_the_reason_on_both_ends(stage: Stage, tmp_path: Path) -> None:
    pin_set = stage.pin_set(tags=("gold",))
    stage.deploy(pin_set)
    stage.emulator.fail("startVirtualMachine", count=100, text="Agent\x1b[2J says no")

    done = run(stage, write_stack(pin_set, tmp_path))

    assert done.returncode == 1
    assert done.stderr.startswith("cloudstack-pins: 0 of 2 pins active, 2 failed")
    assert "CloudStack said: 530 Agent\\x1b[2J says no" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param(["--timeout", "soon"], "'soon' is no time", id="timeout"),
        pytest.param(["--max-parallel", "0"], "--max-parallel", id="max-parallel"),
        pytest.param(["--only", "nothing"], "pins no template nothing", id="template"),
    ],
)
def test_usage_errors_exit_1(stage: Stage, tmp_path: Path, options: list[str], words: str) -> None:
    done = run(stage, write_stack(stage.pin_set(), tmp_path), *options)

    assert done.returncode == 1
    assert words in done.stderr


def test_a_plan_is_known_by_what_it_holds(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"format_version": "1.2", "planned_values": {}}), encoding="utf-8")

    done = run(stage, path)

    assert done.returncode == 1
    assert "the plan has no planned output 'roster'" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_puts_the_preference_back_and_the_next_run_completes(
    slow: Stage, tmp_path: Path, number: signal.Signals
) -> None:
    pin_set = slow.pin_set()
    slow.deploy(pin_set)
    path = write_stack(pin_set, tmp_path)

    with subprocess.Popen(
        command(path, "--max-parallel", "1"),
        env=environment(slow),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        until(lambda: under_way(slow))
        process.send_signal(number)
        _, errors = process.communicate(timeout=DEADLINE_SECONDS)

    assert process.returncode == 1
    assert "interrupted" in errors
    assert_given_back_and_completed(slow, path)


def test_the_death_of_the_parent_puts_the_preference_back(slow: Stage, tmp_path: Path) -> None:
    pin_set = slow.pin_set()
    slow.deploy(pin_set)
    path = write_stack(pin_set, tmp_path)
    line = f"{sys.executable} -m cloudstack_pins activate {path} --max-parallel 1 || exit 1"

    with subprocess.Popen(
        ["/bin/sh", "-c", line], env=environment(slow), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as shell:
        until(lambda: under_way(slow))
        shell.kill()
        # The pipe ends when the orphan does.
        output, _ = shell.communicate(timeout=DEADLINE_SECONDS)

    assert "nothing more is started" in output
    assert_given_back_and_completed(slow, path)


def test_a_pipe_that_nobody_reads_any_more_puts_the_preference_back(slow: Stage, tmp_path: Path) -> None:
    pin_set = slow.pin_set()
    slow.deploy(pin_set)
    path = write_stack(pin_set, tmp_path)

    with subprocess.Popen(
        command(path, "--max-parallel", "1"), env=environment(slow), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        until(lambda: under_way(slow))
        assert process.stdout is not None
        process.stdout.close()
        process.wait(timeout=DEADLINE_SECONDS)

    assert process.returncode == 1
    assert_given_back_and_completed(slow, path)


def test_after_a_kill_the_next_run_takes_the_lease_over_and_completes(slow: Stage, tmp_path: Path) -> None:
    pin_set = slow.pin_set()
    slow.deploy(pin_set)
    before = slow.pools("silver")[0].id
    slow.prefer(before)
    path = write_stack(pin_set, tmp_path)

    with subprocess.Popen(
        command(path), env=environment(slow), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        until(lambda: slow.preference() != before and starts(slow) > 0)
        process.kill()
        process.wait(timeout=DEADLINE_SECONDS)
    finish_copies(slow)

    done = run(slow, path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "took the lease of" in done.stdout
    assert slow.preference() == before
    assert slow.network_tags() == {}


def assert_given_back_and_completed(stage: Stage, path: Path) -> None:
    assert stage.preference() == ""
    assert stage.network_tags() == {}
    assert starts(stage) == 1
    finish_copies(stage)
    done = run(stage, path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert stage.preference() == ""
