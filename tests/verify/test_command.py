"""The command and its process: yes, JSON, signals, and being killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import jsonschema
import pytest

from cloudstack_pins import cli
from cloudstack_pins.verify.removal import display_name
from cloudstack_pins.verify.result import schema
from tests.suggest.stage import Stage

PATIENCE = 60.0


def throw_away(stage: Stage) -> list[str]:
    with stage.emulator.world.lock:
        vms = list(stage.emulator.world.vms.values())
        return [vm.state for vm in vms if vm.display_name == display_name("sandbox")]


def until(holds: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


@contextmanager
def verifying(stage: Stage) -> Iterator[subprocess.Popen[str]]:
    """A process that is waiting for the copy of the template without a pin."""
    stage.emulator.world.copy_seconds = 300.0
    command = [sys.executable, "-m", "cloudstack_pins", "verify", str(stage.folder), "--yes"]
    environment = os.environ | stage.emulator.environment()
    environment["PYTHONPATH"] = str(Path(__file__).parents[2] / "constructs")
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            until(lambda: throw_away(stage) == ["Starting"] or process.poll() is not None)
            yield process
        finally:
            process.kill()


def test_without_yes_nothing_is_asked_of_cloudstack(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    before = len(stage.emulator.requests)
    assert cli.main(["verify", str(stage.folder)]) == 1
    assert "say --yes" in capsys.readouterr().err
    assert len(stage.emulator.requests) == before


def test_the_result_is_said_and_written_as_json(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "verify.json"
    assert cli.main(["verify", str(stage.folder), "--yes", "--json", str(path)]) == 0
    said = capsys.readouterr()
    assert "Debian 12 (x86_64) (2.0 GiB, pinned) on PS" in said.out
    assert said.err.count("removed it") == 2
    assert cli.main(["verify", str(stage.folder), "--yes", "--json", "-"]) == 0
    printed = capsys.readouterr().out
    for document in (json.loads(path.read_text("utf-8")), json.loads(printed)):
        jsonschema.validate(document, schema(), cls=jsonschema.Draft202012Validator)
    assert throw_away(stage) == []


def test_a_failing_start_ends_with_1_and_leaves_nothing(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.emulator.fail("startVirtualMachine")
    assert cli.main(["verify", str(stage.folder), "--yes"]) == 1
    assert "startVirtualMachine" in capsys.readouterr().err
    assert throw_away(stage) == []


@pytest.mark.parametrize("timeout", ["nan", "inf", "0", "-1"])
def test_a_timeout_is_a_number(timeout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", str(tmp_path), "--yes", "--timeout", timeout]) == 1
    assert "--timeout" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_signal_during_a_copy_ends_at_once_and_the_vm_goes_when_it_can(stage: Stage, number: int) -> None:
    with verifying(stage) as process:
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE)

    assert process.returncode == 130
    assert "is still copying for the throw-away VM" in said
    assert "cloudstack-pins: interrupted" in said
    assert "Traceback" not in said
    # The copy takes 300 seconds; nobody waited for it.
    assert throw_away(stage) == ["Starting"]
    stage.emulator.advance(400)
    assert throw_away(stage) == []


def test_what_a_killed_process_left_is_removed_by_the_next_run(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    with verifying(stage) as process:
        process.kill()
        process.communicate(timeout=PATIENCE)
    stage.emulator.advance(400)
    assert throw_away(stage) == ["Running"]
    stage.emulator.world.copy_seconds = 0.0

    assert cli.main(["verify", str(stage.folder), "--yes"]) == 0

    assert "an earlier run left the throw-away VM" in capsys.readouterr().err
    assert throw_away(stage) == []
