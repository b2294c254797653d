"""What the matrix is made of. The matrix itself is `make test-matrix`."""

from __future__ import annotations

import io
import sys
import tomllib
from pathlib import Path

import pytest
from rich.console import Console

from toolchain.go_build import ToolchainError
from toolchain.matrix import steps
from toolchain.matrix.cells import DEPENDENCIES, ENGINES, PYTHONS, Cell, Result, all_cells, chosen, differing
from toolchain.matrix.pythons import python
from toolchain.matrix.room import TOOLS, CellFailed, Room
from toolchain.matrix.table import show
from toolchain.tofu import binary_in, provide

ROOT = Path(__file__).parents[2]
OLD = Cell(python="3.11", engine="cdktf", dependencies="oldest")


def a_python(path: Path, answer: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_cells_are_every_combination_and_each_terraform_with_each_engine() -> None:
    cells = list(all_cells("3.13"))
    assert len({cell.name for cell in cells}) == len(cells)
    assert len(cells) == len(PYTHONS) * len(ENGINES) * len(DEPENDENCIES) + 2 * len(ENGINES)
    assert {cell.python for cell in cells if cell.terraform} == {"3.13"}


def test_the_cells_cover_what_the_package_says_it_allows() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={PYTHONS[0]}"
    assert set(project["optional-dependencies"]) == set(ENGINES)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        pytest.param(["3.12", "cdktn"], ["3.12-cdktn-oldest", "3.12-cdktn-newest"], id="two words"),
        pytest.param(["tofu"], ["3.13-cdktf-newest-tofu", "3.13-cdktn-newest-tofu"], id="one word"),
        pytest.param(["3.1"], [], id="part of a word"),
    ],
)
def test_words_choose_cells(words: list[str], names: list[str]) -> None:
    assert [cell.name for cell in chosen(all_cells("3.13"), words)] == names


def test_a_python_on_the_path_is_found_first_then_pyenvs_newest(tmp_path: Path) -> None:
    on_path = a_python(tmp_path / "bin" / "python3.12", "echo 3.12")
    a_python(tmp_path / "versions" / "3.12.1" / "bin" / "python", "echo 3.12")
    newest = a_python(tmp_path / "versions" / "3.12.4" / "bin" / "python", "echo 3.12")
    environ = {"PATH": str(tmp_path / "bin"), "PYENV_ROOT": str(tmp_path)}
    assert python("3.12", environ) == on_path
    # As a shim of pyenv answers for a version that is not switched on.
    a_python(on_path, "echo 'command not found' >&2; exit 127")
    assert python("3.12", environ) == newest


@pytest.mark.parametrize("answer", ["echo 3.11", "exit 1", "echo"])
def test_a_python_that_is_another_is_none(tmp_path: Path, answer: str) -> None:
    a_python(tmp_path / "python3.14", answer)
    assert python("3.14", {"PATH": str(tmp_path), "HOME": str(tmp_path)}) is None


def test_a_cell_that_fails_names_the_step_and_its_log(tmp_path: Path) -> None:
    room = Room(cell=OLD, folder=tmp_path, source=ROOT)
    code = "print('half a thing'); raise SystemExit('no such thing')"
    with pytest.raises(CellFailed, match=r"^stack: no such thing; see .*log\.txt$"):
        room.run("stack", sys.executable, "-c", code, cwd=tmp_path, settings={})
    assert "half a thing" in room.log.read_text(encoding="utf-8")


def test_commands_of_a_cell_see_nothing_of_this_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "CLOUDSTACK_API_KEY", "TF_CLI_ARGS", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "elsewhere")
    printed = Room(cell=OLD, folder=tmp_path, source=ROOT).run(
        "environment", sys.executable, "-c", "import os; print(*os.environ.items())", cwd=tmp_path, settings={}
    )
    assert "elsewhere" not in printed


def test_the_tests_of_a_cell_are_there() -> None:
    assert [name for name in (*steps.TESTS, *steps.LEFT_OUT) if not (ROOT / name).exists()] == []
    pinned = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    assert [name for name in TOOLS if f"\n{name}==" not in pinned] == []


def test_cells_that_synthesise_another_stack_are_named() -> None:
    results = [
        Result(cell=cell, outcome="passed", said="", stack=stack)
        for cell, stack in zip(all_cells("3.13"), ("a", "a", "b", ""), strict=False)
    ]
    assert differing(results) == ["3.11-cdktn-oldest synthesises another stack than 3.11-cdktf-oldest"]


def test_the_table_has_a_row_for_what_is_not_here_too() -> None:
    out = io.StringIO()
    results = [
        Result(cell=OLD, outcome="passed", said="5 tests, 2 stacks", seconds=90),
        Result(cell=Cell(python="3.14", engine="cdktn", dependencies="newest"), outcome="not here", said="no [python]"),
    ]
    show(results, 3, Console(file=out, width=160))
    assert "no [python]" in out.getvalue()
    assert "1 passed, 0 failed, 1 not here, 3 left out by --only" in out.getvalue()


def test_opentofu_is_taken_from_the_path_before_it_is_built(tmp_path: Path) -> None:
    there = a_python(tmp_path / "bin" / "tofu", "exit 0")
    assert provide(tmp_path / "cache", {"PATH": str(tmp_path / "bin")}) == there
    assert not (tmp_path / "cache").exists()


def test_opentofu_is_built_once(tmp_path: Path) -> None:
    go = a_python(tmp_path / "bin" / "go", 'while [ "$1" != -o ]; do shift; done; echo "$$" > "$2"')
    environ = {"PATH": f"{go.parent}:/usr/bin:/bin"}
    first = provide(tmp_path / "cache", environ)
    built = first.read_text(encoding="utf-8")
    assert first == binary_in(tmp_path / "cache")
    assert provide(tmp_path / "cache", environ).read_text(encoding="utf-8") == built


def test_without_opentofu_and_go_the_repair_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match=r"neither an OpenTofu on PATH .* install Go 1\.24\.6 or newer"):
        provide(tmp_path / "cache", {"PATH": str(tmp_path)})
