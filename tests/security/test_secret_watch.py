"""The watch over the whole suite does see what it is there for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from cloudstack_emulator import Emulator
from tests.secret_watch import secrets_below, secrets_in


def test_keys_and_signatures_are_seen(emulator: Emulator, tmp_path: Path) -> None:
    text = f"?apiKey={emulator.pins.api_key}&signature=abc%3D"
    (tmp_path / "kept").mkdir()
    path = tmp_path / "kept" / "log.txt"
    path.write_text(f"x {emulator.pins.secret_key}.", encoding="utf-8")

    assert len(secrets_in(text)) == 2
    assert len(secrets_below(tmp_path)) == 1
    path.unlink()


def test_what_only_looks_alike_is_none() -> None:
    assert secrets_in("-" * 86 + " " + "a" * 86 + " signature=REDACTED h1:" + "Ab3" * 20) == []


def test_only_terraform_may_print_its_providers_signed_address() -> None:
    text = "Error: Get http://127.0.0.1:1/client/api?apiKey=x&signature=abc%3D: EOF"

    assert secrets_in(text, by_terraform=True) == []
    assert secrets_in(text) != []


INNER = """
import subprocess, sys

pytest_plugins = ["tests.secret_watch"]
KEY = "'aB3' + 'x' * 83"

def test_process():
    subprocess.run([sys.executable, "-c", f"print({KEY})"], capture_output=True, check=True)

def test_own_output():
    print(eval(KEY))

def test_file(tmp_path):
    (tmp_path / "state").write_text(eval(KEY))

def test_nothing(tmp_path):
    print("aB3")
"""


def test_tests_fail_whose_processes_output_or_files_show_a_key(tmp_path: Path) -> None:
    (tmp_path / "test_inner.py").write_text(INNER, encoding="utf-8")

    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-rA",
            "--show-capture=no",
            f"--basetemp={tmp_path / 'base'}",
            "test_inner.py",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    for path in (tmp_path / "base").rglob("state"):
        path.unlink()

    assert "PASSED test_inner.py::test_nothing" in ran.stdout
    assert "ERROR test_inner.py::test_process" in ran.stdout
    assert "ERROR test_inner.py::test_file" in ran.stdout
    assert "FAILED test_inner.py::test_own_output" in ran.stdout
