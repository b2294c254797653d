"""The watch over the whole suite does see what it is there for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ACCESS = "kV0_3xZpQ7rT-bW9nJ2mLs8dYfGhC4uEoA6iXqRvB1tPwK"
INNER = """
import logging, os, pty, subprocess, sys, zipfile
import pytest
from cloudstack_emulator import Emulator, Keys
from tests.secret_watch import hear

pytest_plugins = ["tests.secret_watch"]
UNKNOWN = "(''.join(map(chr, (*range(48, 58), *range(65, 91), *range(97, 123)))) * 2)[:86]"
PRINT = [sys.executable, "-c", f"import sys; print({UNKNOWN}); print({UNKNOWN}, file=sys.stderr)"]

def test_process():
    subprocess.run(PRINT, capture_output=True, check=True)

def test_process_of_two_outputs_in_one():
    subprocess.run(PRINT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)

def test_lines_of_a_process():
    with subprocess.Popen(PRINT, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL) as process:
        assert [len(line) for line in process.stdout] == [87]

def test_bytes_of_a_process():
    with subprocess.Popen(PRINT, stderr=subprocess.PIPE, bufsize=0, stdout=subprocess.DEVNULL) as process:
        assert len(process.stderr.read()) == 87

def test_terminal():
    ours, theirs = pty.openpty()
    subprocess.run(PRINT, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.read(ours, 65536)
    os.close(ours)

def test_own_output():
    print(eval(UNKNOWN))

def test_own_output_that_is_read(capsys):
    print(Keys("kV0_3xZpQ7rT-bW9nJ2mLs8dYfGhC4uEoA6iXq", "x").api_key[:30])
    capsys.readouterr()

def test_bytes_that_are_read(capfdbinary):
    os.write(2, eval(UNKNOWN).encode())
    capfdbinary.readouterr()

def test_log():
    logging.getLogger("x").warning("%s", eval(UNKNOWN))

@pytest.fixture
def loud():
    yield
    print(eval(UNKNOWN))

def test_output_of_a_fixture(loud):
    pass

def test_error():
    with pytest.raises(ValueError):
        try:
            raise KeyError(eval(UNKNOWN))
        except KeyError:
            raise ValueError("x")

def test_message():
    hear(eval(UNKNOWN))

def test_file(tmp_path):
    (tmp_path / "state").write_text(eval(UNKNOWN))

def test_key_of_an_emulator(tmp_path):
    with Emulator() as emulator:
        (tmp_path / "state").write_text("_" + emulator.pins.secret_key[40:70])

def test_key_of_an_emulator_of_its_own(tmp_path):
    command = [sys.executable, "-m", "cloudstack_emulator"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        said = [process.stdout.readline() for _ in range(8)]
        process.terminate()
    secret, = [line.split("=")[1] for line in said if "CLOUDSTACK_SECRET_KEY" in line]
    (tmp_path / "state").write_text("_" + secret[40:70])

def test_what_an_emulator_of_its_own_hands_out():
    command = [sys.executable, "-m", "cloudstack_emulator"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert len([process.stdout.readline() for _ in range(8)]) == 8
        process.terminate()

def test_plan(tmp_path):
    with zipfile.ZipFile(tmp_path / "state", "w", zipfile.ZIP_DEFLATED) as plan:
        plan.writestr("tfplan", eval(UNKNOWN))

@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("of_the_module")
    yield folder
    (folder / "state").write_text(eval(UNKNOWN))

@pytest.fixture(scope="module")
def pins():
    with Emulator() as emulator:
        yield emulator.pins

def test_nothing(tmp_path, capsys, pins):
    print("aB3")
    assert capsys.readouterr().out == "aB3\\n"
    assert subprocess.run([sys.executable, "-c", "print('é')"], capture_output=True, text=True).stdout == "é\\n"

def test_access(capsys):
    print(os.environ["CLOUDSTACK_SECRET_KEY"][:40])
    capsys.readouterr()

def test_key_of_the_module(pins, tmp_path):
    (tmp_path / "state").write_text("_" + pins.secret_key[40:70])

def test_file_of_another_folder(tmp_path_factory):
    (tmp_path_factory.mktemp("another") / "state").write_text(eval(UNKNOWN))

def test_file_of_the_module(folder):
    pass
"""
SILENT = {"test_nothing", "test_what_an_emulator_of_its_own_hands_out"}
IN_A_REPORT = {"test_own_output", "test_log"}


def test_tests_fail_whose_processes_output_or_files_show_a_key(tmp_path: Path) -> None:
    (tmp_path / "test_inner.py").write_text(INNER, encoding="utf-8")
    paths = os.pathsep.join((str(ROOT), str(ROOT / "constructs")))

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
        env={**os.environ, "PYTHONPATH": paths, "CLOUDSTACK_SECRET_KEY": ACCESS, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    for path in (tmp_path / "base").rglob("state"):
        path.unlink()

    names = {line.split("(")[0][4:] for line in INNER.splitlines() if line.startswith("def test_")}
    ends = dict(
        line.split(" - ")[0].split(" test_inner.py::")[::-1] for line in ran.stdout.splitlines() if "::" in line
    )
    assert {name for name in names if ends.get(name) == "PASSED"} == SILENT, ran.stdout
    assert {name for name in names if ends.get(name) == "FAILED"} == IN_A_REPORT, ran.stdout
    assert {name for name in names if ends.get(name) == "ERROR"} == names - SILENT - IN_A_REPORT, ran.stdout
