from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cloudstack_pins.cli import COMMANDS


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cloudstack_pins", *arguments], capture_output=True, text=True, cwd=cwd, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["unlock"], "No such command 'unlock'", id="an unknown command"),
        pytest.param(["lock"], "Missing argument", id="a missing argument"),
        pytest.param(["status", "--colour"], "No such option: --colour", id="an unknown option"),
        pytest.param(["run-task", "serve", "--port", "x"], "Invalid value for '--port'", id="a bad value"),
        pytest.param([], "name a command", id="no command"),
    ],
)
def test_wrong_usage_is_one_line_and_status_1(arguments: list[str], says: str) -> None:
    ran = run(*arguments)

    assert ran.returncode == 1
    assert ran.stdout == ""
    assert ran.stderr.startswith("cloudstack-pins: ")
    assert says in ran.stderr
    assert "--help" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(command: str) -> None:
    ran = run(command, "--help")

    assert ran.returncode == 0, ran.stderr
    assert "Usage: cloudstack-pins" in ran.stdout


@pytest.mark.parametrize("command", ["lock", "bootstrap", "status", "suggest", "verify"])
def test_a_missing_set_is_named(command: str, tmp_path: Path) -> None:
    ran = run(command, "stacks/none", cwd=tmp_path)

    assert ran.returncode == 1
    assert "stacks/none" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("command", ["activate", "review"])
def test_a_missing_file_is_named(command: str, tmp_path: Path) -> None:
    ran = run(command, "none.json", cwd=tmp_path)

    assert ran.returncode == 1
    assert "none.json" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_version_can_be_asked() -> None:
    ran = run("--version")

    assert ran.returncode == 0
    assert ran.stdout.startswith("cloudstack-pins 0.")


def test_a_reader_that_goes_away_is_no_error_of_ours() -> None:
    piped = subprocess.run(
        f"{sys.executable} -m cloudstack_pins --help | true", shell=True, capture_output=True, text=True, check=False
    )
    assert piped.stderr == ""
