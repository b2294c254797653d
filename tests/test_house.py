"""The house stays in order: where things live, how long they are, what they never mention."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LONGEST = 400


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def modules() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py"]


def test_constructs_is_a_source_root_and_no_package() -> None:
    # With an __init__.py it would shadow PyPI's `constructs`, and nothing of cdktf could be imported.
    assert not (ROOT / "constructs" / "__init__.py").exists()


def test_no_module_is_two_rooms_in_one() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_every_module_postpones_its_annotations() -> None:
    late = [
        path.relative_to(ROOT)
        for path in modules()
        if (text := path.read_text(encoding="utf-8")).strip() and "from __future__ import annotations" not in text
    ]
    assert late == []


def test_the_emulator_knows_nothing_of_the_product() -> None:
    for path in (ROOT / "constructs" / "cloudstack_emulator").rglob("*.py"):
        assert not any(name.startswith("cloudstack_pins") for name in imported(path)), path


def test_only_the_cdk_folder_imports_the_engines() -> None:
    for path in (ROOT / "constructs" / "cloudstack_pins").rglob("*.py"):
        if path.parent.name != "cdk":
            found = {name.partition(".")[0] for name in imported(path)}
            assert not found & {"cdktf", "cdktn", "constructs", "jsii"}, path


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_nothing_names_one_machine() -> None:
    # Written in pieces, so that this file does not name them either.
    machine = re.compile(rb"/ro" rb"ot/|/wo" rb"rk/")
    named = {
        str(path.relative_to(ROOT)): found.group().decode()
        for path in tracked()
        if path.suffix not in (".png",) and (found := machine.search(path.read_bytes()))
    }
    assert named == {}


def test_lock_files_pin_exact_versions_and_name_no_registry() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = [
            line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if line and line[0] not in "# "
        ]
        assert lines
        assert [line for line in lines if "==" not in line] == []
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []


@pytest.mark.parametrize("module", ["cloudstack_pins", "cloudstack_pins.cli", "cloudstack_pins.pin_set"])
def test_importing_what_does_not_synthesise_costs_no_engine(module: str) -> None:
    heavy = ("cdktf", "cdktn", "jsii", "starlette")
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
