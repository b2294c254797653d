"""``cloudstack-pins review`` as people and pipelines run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cloudstack_emulator import Emulator

PLANS = Path(__file__).parent / "plans"
PATH = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}


def review(
    *arguments: str | Path, cwd: Path, stdin: bytes = b"", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "cloudstack_pins", "review", *map(str, arguments)],
        cwd=cwd,
        input=stdin,
        env={**PATH, **(environment or {})},
        capture_output=True,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        pytest.param([PLANS / "made" / "rotation.json"], 0, "safe to merge", id="acceptable"),
        pytest.param([PLANS / "made" / "lost-outside.json"], 0, "look at 1 warning", id="warnings"),
        pytest.param([PLANS / "made" / "gap.json"], 4, "refused for 1 reason", id="refused"),
        pytest.param(
            [PLANS / "made" / "gap.json", PLANS / "real" / "create.json"], 4, "  fin  pins 2 templates", id="several"
        ),
        pytest.param(["--explain", "gap-in-cache"], 0, "Repair: set lifecycle.create_before_destroy", id="explain"),
    ],
)
def test_exit_status_says_whether_to_merge(arguments: list[str], status: int, says: str, tmp_path: Path) -> None:
    done = review(*arguments, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (status, "")
    assert says in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param([], "no plan is named", id="no plan"),
        pytest.param(["none.json"], "none.json: cannot be read", id="missing plan"),
        pytest.param([__file__], "test_command.py: the document is not an object", id="no JSON"),
        pytest.param(["--explain", "gap"], "'gap' is no finding; known are ", id="unknown finding"),
        pytest.param(
            [PLANS / "real" / "create.json", "--policy", "none.toml"], "none.toml: cannot be read", id="policy"
        ),
        pytest.param([PLANS / "real" / "create.json", "--lock", "none.json"], "none.json: there is no", id="lock"),
        pytest.param([PLANS / "real" / "create.json", "--markdown", "none/x.md"], "could not be written", id="output"),
        pytest.param(
            [PLANS / "real" / "create.json", "--markdown", "-", "--json", "-"], "only one of", id="two forms printed"
        ),
        pytest.param([PLANS / "real" / "create.json", "--live"], "CLOUDSTACK_API_URL", id="live without keys"),
    ],
)
def test_errors_are_one_line_and_status_1(arguments: list[str], says: str, tmp_path: Path) -> None:
    done = review(*arguments, cwd=tmp_path, environment={"HOME": str(tmp_path)})

    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.startswith("cloudstack-pins: ")
    assert len(done.stderr.splitlines()) == 1


def test_forms_are_written_to_files_and_all_of_one_model(tmp_path: Path) -> None:
    options = ["--markdown", "r.md", "--json", "r.json", "--html", "r.html"]

    done = review(PLANS / "made" / "gap.json", *options, cwd=tmp_path)

    verdict = json.loads((tmp_path / "r.json").read_text())["verdict"]
    assert done.returncode == 4
    assert verdict in done.stdout
    assert verdict in (tmp_path / "r.md").read_text()
    assert verdict in (tmp_path / "r.html").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "r.json", "r.md"]


def test_a_plan_may_come_from_a_pipe_and_the_comment_go_into_one(tmp_path: Path) -> None:
    plan = (PLANS / "made" / "rotation.json").read_bytes()

    done = review("-", "--markdown", "-", cwd=tmp_path, stdin=plan)

    assert done.returncode == 0
    assert done.stdout.startswith("### ✅ pins 0 templates")


def test_live_asks_with_the_keys_of_the_environment(emulator: Emulator, tmp_path: Path) -> None:
    done = review(PLANS / "made" / "first-apply.json", "--live", cwd=tmp_path, environment=emulator.environment())

    assert (done.returncode, done.stderr) == (0, "")
    assert "0.2 %" in done.stdout


def test_no_key_is_in_any_output(emulator: Emulator, tmp_path: Path) -> None:
    user = emulator.environment(emulator.user)

    done = review(PLANS / "made" / "first-apply.json", "--live", cwd=tmp_path, environment=user)

    assert done.returncode == 1
    assert "listStoragePools" in done.stderr
    assert user["CLOUDSTACK_API_KEY"] not in done.stderr + done.stdout
    assert user["CLOUDSTACK_SECRET_KEY"] not in done.stderr + done.stdout
