from __future__ import annotations

from pathlib import Path

import pytest

from toolchain.prerequisites import missing

GOOD = {
    "node": "echo v22.11.0",
    "npm": "echo 10.0.0",
    "terraform": 'echo \'{"terraform_version": "1.11.4"}\'',
    "make": "echo GNU Make",
    "go": "echo go version go1.26.8 linux/amd64",
}


def machine(folder: Path, **changed: str | None) -> dict[str, str]:
    """An environment whose PATH holds these programs and nothing else."""
    for name, line in (GOOD | changed).items():
        if line is not None:
            (folder / name).write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
            (folder / name).chmod(0o755)
    return {"PATH": str(folder)}


def found(environ: dict[str, str], *, python: tuple[int, ...] = (3, 11), registry: bool = False) -> list[str]:
    return missing(python, environ, lambda: registry, False)


def test_a_fit_machine_lacks_nothing(tmp_path: Path) -> None:
    assert found(machine(tmp_path)) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"node": None}, "Node is missing; install Node 22 or 20", id="no Node"),
        pytest.param({"node": "echo v18.20.1"}, "Node is 18.20", id="old Node"),
        pytest.param({"node": "echo v24.1.0"}, "Node is 24.1", id="Node too new for the cdktf command"),
        pytest.param({"node": "exit 1"}, "Node is missing", id="broken Node"),
        pytest.param({"npm": None}, "npm is missing", id="no npm"),
        pytest.param({"terraform": None}, "Terraform is missing; install 1.5 or newer", id="no Terraform"),
        pytest.param({"terraform": 'echo \'{"terraform_version": "1.4.7"}\''}, "Terraform is 1.4", id="old Terraform"),
        pytest.param({"terraform": "echo {}"}, "Terraform is missing", id="no answer of Terraform"),
        pytest.param({"make": None}, "make is missing", id="no make"),
        pytest.param({"go": None}, "install Go 1.23 or newer", id="no Go"),
        pytest.param({"go": "echo go version go1.19.1 linux/amd64"}, "Go is 1.19", id="old Go"),
    ],
)
def test_what_is_missing_is_named_with_what_to_do(tmp_path: Path, changed: dict[str, str | None], said: str) -> None:
    (problem,) = found(machine(tmp_path, **changed))
    assert said in problem
    assert "install" in problem


def test_an_old_python_is_named_too(tmp_path: Path) -> None:
    (problem,) = found(machine(tmp_path), python=(3, 9))
    assert problem == "Python is 3.9; install 3.11 or newer and run `make setup PYTHON=python3.11`"


def test_go_is_only_needed_where_the_registry_is_out_of_reach(tmp_path: Path) -> None:
    assert found(machine(tmp_path, go=None), registry=True) == []


def test_everything_missing_is_named_at_once(tmp_path: Path) -> None:
    assert len(found({"PATH": str(tmp_path)}, python=(3, 8))) == 6
