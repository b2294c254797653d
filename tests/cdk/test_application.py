"""The application as people run it: main.py, the cdktf command line, cdktn."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.terraform_cli import Terraform

ROOT = Path(__file__).parents[2]
CDKTN = ROOT / ".venv-cdktn" / "bin" / "python"
CDKTF_COMMAND = ROOT / "node_modules" / ".bin" / "cdktf"
LONELY = """
import runpy, sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise RuntimeError(f"{event} {arguments}")
sys.addaudithook(refuse)
sys.argv = ["main.py"]
runpy.run_path("main.py", run_name="__main__")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the application needs."""
    project = tmp_path / "project"
    project.mkdir()
    for name in ("main.py", "cdktf.json"):
        shutil.copy(ROOT / name, project)
    shutil.copytree(ROOT / "constructs", project / "constructs", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "stacks", project / "stacks")
    return project


def environment(python: Path = Path(sys.executable)) -> dict[str, str]:
    """No credentials, no settings of this machine; ``python3`` is the one given."""
    kept = {name: value for name, value in os.environ.items() if name in ("HOME", "PATH", "TMPDIR", "LANG")}
    return kept | {
        "PATH": os.pathsep.join((str(python.parent), kept["PATH"])),
        "CHECKPOINT_DISABLE": "1",
        "CI": "true",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def run(project: Path, *command: str, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=project, env=environ or environment(), capture_output=True, text=True, check=False, timeout=200
    )


def stack_of(project: Path) -> Path:
    return project / "cdktf.out" / "stacks" / "sandbox" / "cdk.tf.json"


def without_version(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    document["//"]["metadata"].pop("version")
    return document


def test_two_runs_give_the_same_bytes_without_network_and_credentials(project: Path) -> None:
    first = run(project, sys.executable, "-c", LONELY)
    assert (first.returncode, first.stderr) == (0, "")
    written = stack_of(project).read_bytes()
    shutil.rmtree(project / "cdktf.out")
    again = run(project, sys.executable, "main.py", environ=environment() | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"})
    assert (again.returncode, again.stderr) == (0, "")
    assert stack_of(project).read_bytes() == written
    assert str(project).encode() not in written


def test_cdktn_writes_what_cdktf_writes(project: Path) -> None:
    if not CDKTN.exists():
        pytest.skip("cdktn is not installed; run `make setup-cdktn`")
    assert run(project, sys.executable, "main.py").returncode == 0
    by_cdktf = without_version(stack_of(project))
    shutil.rmtree(project / "cdktf.out")
    ran = run(project, str(CDKTN), "main.py", environ=environment(CDKTN))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert without_version(stack_of(project)) == by_cdktf


def test_the_constructs_work_in_a_cdktn_application(project: Path) -> None:
    if not CDKTN.exists():
        pytest.skip("cdktn is not installed; run `make setup-cdktn`")
    shutil.copy(Path(__file__).parent / "data" / "own_stack.py", project / "own_stack.py")
    ran = run(project, str(CDKTN), "own_stack.py", environ=environment(CDKTN) | {"PYTHONPATH": "constructs"})
    assert (ran.returncode, ran.stderr) == (0, "")
    document = json.loads((project / "cdktf.out" / "stacks" / "own" / "cdk.tf.json").read_text(encoding="utf-8"))
    assert document["resource"]["cloudstack_instance"]["debian-12_gold_PS0"]["group"] == "pins"


def test_the_cdktf_command_line_synthesises_a_stack_that_terraform_validates(
    project: Path, terraform_settings: dict[str, str]
) -> None:
    if not CDKTF_COMMAND.exists():
        pytest.skip("the cdktf command line is not installed; run `make setup`")
    ran = run(project, str(CDKTF_COMMAND), "synth")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    terraform = Terraform(stack_of(project).parent, terraform_settings)
    terraform.validate().checked()


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        pytest.param("stacks/sandbox/pins.toml", 'zone = "a"\n', "network", id="incomplete declaration"),
        pytest.param("stacks/sandbox/pins.lock.json", None, "cloudstack-pins lock", id="no lock"),
        pytest.param("stacks/sandbox/pins.lock.json", "{", "pins.lock.json", id="half a lock"),
        pytest.param("constructs/__init__.py", "", "hides the package 'constructs'", id="constructs as a package"),
        pytest.param("stacks/sandbox/pins.toml", None, "there is no set", id="no set"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(project: Path, file: str, text: str | None, said: str) -> None:
    if text is None:
        (project / file).unlink()
    else:
        (project / file).write_text(text, encoding="utf-8")
    ran = run(project, sys.executable, "main.py")
    assert ran.returncode == 1
    assert ran.stderr.startswith("main.py: ")
    assert said in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert "Traceback" not in ran.stderr
    assert not stack_of(project).exists()
