"""The wheel holds what the product needs and no more, and works where nothing else of this repository is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest

from toolchain.wheel import build_wheel

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "constructs"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
INFO = f"cloudstack_pins-{PROJECT['version']}.dist-info"
PLAN = ROOT / "tests" / "review" / "plans" / "made" / "rotation.json"
COMMAND = "import sys; from cloudstack_pins.cli import main; sys.exit(main())"
SYNTHESIS = """
import cdktf
from cloudstack_pins import PinSetStack
app = cdktf.App()
PinSetStack(app, "sandbox", folder="stacks/sandbox")
app.synth()
"""

pytestmark = pytest.mark.xdist_group("wheel")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def unpacked(wheel: Path) -> Path:
    folder = wheel.parent / "unpacked"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder)
    return folder


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder that holds one set and nothing of this repository's code."""
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    return tmp_path


def run(folder: Path, unpacked: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program that finds the wheel's content and installed packages, but not the folder it runs in."""
    kept = {name: value for name, value in os.environ.items() if name in ("HOME", "PATH", "TMPDIR", "LANG")}
    quiet = {"PYTHONPATH": str(unpacked), "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20"}
    return subprocess.run(
        [sys.executable, "-P", "-c", code, *arguments],
        cwd=folder,
        env=kept | quiet,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def metadata(unpacked: Path) -> Message:
    return Parser().parsestr((unpacked / INFO / "METADATA").read_text(encoding="utf-8"))


def test_the_wheel_holds_every_file_of_both_packages_and_nothing_else(unpacked: Path) -> None:
    found = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    expected = {
        str(path.relative_to(SOURCES))
        for package in ("cloudstack_pins", "cloudstack_emulator")
        for path in (SOURCES / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in found if not name.startswith(INFO)} == expected
    kinds = {Path(name).suffix for name in expected}
    assert {".py", ".typed", ".j2", ".json", ".css", ".js"} <= kinds


def test_the_wheel_offers_two_packages_and_hides_no_other(unpacked: Path) -> None:
    # A top-level `constructs` would overwrite the package that cdktf is made of.
    assert sorted(path.name for path in unpacked.iterdir()) == ["cloudstack_emulator", "cloudstack_pins", INFO]
    assert {path.parent.name for path in unpacked.rglob("py.typed")} == {"cloudstack_emulator", "cloudstack_pins"}


def test_the_metadata_say_what_pyproject_says(unpacked: Path) -> None:
    said = metadata(unpacked)
    assert (said["Name"], said["Version"]) == (PROJECT["name"], PROJECT["version"])
    assert (said["License-Expression"], said["Requires-Python"]) == ("Apache-2.0", PROJECT["requires-python"])
    assert said["Description-Content-Type"] == "text/markdown"
    assert sorted(said.get_all("Provides-Extra", [])) == ["cdktf", "cdktn"]
    required = said.get_all("Requires-Dist", [])
    assert [line for line in required if "extra ==" not in line] == PROJECT["dependencies"]


def test_the_entry_points_lead_to_functions(bare: Path, unpacked: Path) -> None:
    lines = (unpacked / INFO / "entry_points.txt").read_text(encoding="utf-8").splitlines()
    points = dict(line.split(" = ") for line in lines if " = " in line)
    assert points == PROJECT["scripts"]
    for point in points.values():
        module, name = point.split(":")
        ran = run(bare, unpacked, f"from {module} import {name}; assert callable({name})")
        assert ran.returncode == 0, ran.stderr


def test_the_command_runs_from_the_wheel(bare: Path, unpacked: Path) -> None:
    ran = run(bare, unpacked, "import cloudstack_pins; print(cloudstack_pins.__file__)")
    assert ran.stdout.strip() == str(unpacked / "cloudstack_pins" / "__init__.py")
    ran = run(bare, unpacked, COMMAND, "--version")
    assert (ran.returncode, ran.stdout) == (0, f"cloudstack-pins {PROJECT['version']}\n"), ran.stderr


def test_a_stack_outside_the_repository_synthesises_from_the_wheel(bare: Path, unpacked: Path) -> None:
    ran = run(bare, unpacked, SYNTHESIS)
    assert (ran.returncode, ran.stderr) == (0, "")
    document = json.loads((bare / "cdktf.out" / "stacks" / "sandbox" / "cdk.tf.json").read_text(encoding="utf-8"))
    assert "debian-12_gold_PS0" in document["resource"]["cloudstack_instance"]


def test_a_plan_is_reviewed_in_every_form_from_the_wheel(bare: Path, unpacked: Path) -> None:
    plan = shutil.copy(PLAN, bare / "plan.json")
    forms = {"--json": "{", "--markdown": "#", "--html": "<!doctype html>"}
    options = [text for form in forms for text in (form, f"review.{form[2:]}")]
    ran = run(bare, unpacked, COMMAND, "review", str(plan), *options)
    assert ran.returncode in (0, 4), ran.stderr
    for form, begin in forms.items():
        text = (bare / f"review.{form[2:]}").read_text(encoding="utf-8")
        assert begin in text[:200].lower(), text[:200]
