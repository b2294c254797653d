"""The watch over the whole suite does see what it is there for."""

from __future__ import annotations

import html
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from string import ascii_letters, digits
from urllib.parse import quote

import pytest
from rich.console import Console
from rich.panel import Panel

from cloudstack_pins.review.escaping import code, shortened
from tests.secret_search import forget, know_for_now, known_for_now, secrets_below, secrets_in

ROOT = Path(__file__).parents[2]
KEY = "".join(("kV0_3xZpQ7rT-bW9nJ2mLs", "8dYfGhC4uEoA6iXqRvB1tPwK", "5zMySgN_aHjD7eUcOl0FxI3", "rZkT9bVq2WnJp-8mL"))
"""In pieces, so that this file may be shown."""
ADDRESS = "http://127.0.0.1:1/client/api?apiKey=x&signature=abc%3D"


@pytest.fixture
def _known() -> Iterator[None]:
    mark = known_for_now()
    know_for_now(KEY)
    yield
    forget(mark)


def folded(text: str) -> str:
    file = io.StringIO()
    Console(file=file, width=80).print(text)
    return file.getvalue()


def framed(text: str) -> str:
    file = io.StringIO()
    Console(file=file, width=60, force_terminal=True).print(Panel(f"[bold]{text}[/]"))
    return file.getvalue()


@pytest.mark.usefixtures("_known")
@pytest.mark.parametrize(
    "disguise",
    [
        pytest.param(str, id="as it is"),
        pytest.param(folded, id="folded at 80 columns"),
        pytest.param(framed, id="coloured, in a frame"),
        pytest.param(lambda key: shortened(f"{'name ' * 30}{key}{' name' * 30}{key[:40]}"), id="cut in the middle"),
        pytest.param(lambda key: code(f"|{key}"), id="as HTML's entities"),
        pytest.param(lambda key: key[30:54], id="24 characters of it"),
        pytest.param(lambda key: f"prefix_{key}", id="after an underscore"),
        pytest.param(lambda key: "".join(f"%{ord(each):02x}" for each in key), id="percent-encoded"),
        pytest.param(lambda key: json.dumps({"a": key}).replace("-", "\\u002d"), id="escaped in JSON"),
        pytest.param(lambda key: "".join(f"\x1b[1m{each}\x1b[0m" for each in key), id="coloured within"),
        pytest.param(lambda key: f"terraform_data.pin_activation (local-exec): {key}", id="by an activation"),
    ],
)
def test_a_known_key_is_seen_in_every_disguise(disguise: Callable[[str], str]) -> None:
    assert secrets_in(disguise(KEY)) != []
    assert secrets_in(disguise(KEY), by_terraform=True) != []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(ADDRESS, id="address"),
        pytest.param("?apikey=abc", id="apikey"),
        pytest.param(quote(quote("&apiKey=abc", safe=""), safe=""), id="percent-encoded twice"),
        pytest.param("SIGNATURE%3Dabc", id="percent-encoded"),
        pytest.param('{"signature": "c2ln"}', id="JSON"),
        pytest.param('"{\\"apikey\\":\\"c2ln\\"}"', id="JSON in JSON"),
        pytest.param(html.escape("?x=1&signature=abc"), id="HTML"),
        pytest.param("?x=1&signa\n    ture=abc", id="folded"),
        pytest.param(f"x {(digits + ascii_letters)[::-1]}{digits * 2}abcd.", id="unknown key"),
    ],
)
def test_a_signature_and_an_unknown_key_are_seen(text: str) -> None:
    assert secrets_in(text) != []


@pytest.mark.usefixtures("_known")
def test_what_only_looks_alike_is_none() -> None:
    alike = (
        "-" * 86 + " " + "a" * 86 + " signature=REDACTED apiKey%3DREDACTED h1:" + "Ab3" * 20,
        '{"signature": "REDACTED", "apikey": null}',
        "the signature: wrong; signatureversion=3; set CLOUDSTACK_API_KEY=...",
        "one_0_0_2J_2J_of_a_name_that_is_as_long_as_a_key_is_and_has_letters_of_all_kinds_in_it",
        KEY[30:41],
    )

    assert [secrets_in(text) for text in alike] == [[]] * len(alike)


@pytest.mark.usefixtures("_known")
def test_only_terraforms_provider_may_print_its_signed_address() -> None:
    address = ADDRESS.replace("=x", f"={KEY}")
    text = f'│ Error: Get "{address}": read tcp: connection reset by peer'

    assert secrets_in(text, by_terraform=True) == []
    assert secrets_in(text) != []
    assert secrets_in(f"terraform_data.pin_activation (local-exec): {text}", by_terraform=True) != []
    assert secrets_in(f"Output: cloudstack-pins: {address} cannot be reached", by_terraform=True) != []


@pytest.mark.usefixtures("_known")
def test_files_and_members_of_plans_are_searched_once_changed(tmp_path: Path) -> None:
    (tmp_path / ".terraform" / "providers").mkdir(parents=True)
    (tmp_path / ".terraform" / "providers" / "its-own").write_text(KEY, encoding="utf-8")
    plan = tmp_path / "plan.bin"
    with zipfile.ZipFile(plan, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tfplan", b"\x08\x03\xda\x56" + KEY.encode() + b"\xff\x00")
        archive.writestr("tfstate", json.dumps({"outputs": {"x": KEY}}))
        archive.writestr("tfconfig/modules.json", "[]")
    backend = tmp_path / ".terraform" / "terraform.tfstate"
    backend.write_text(f"x {KEY}.", encoding="utf-8")
    broken = tmp_path / "broken.bin"
    broken.write_bytes(b"PK\x03\x04" + KEY.encode())
    seen: dict[Path, tuple[int, int]] = {}

    found = names(secrets_below(tmp_path, seen))
    again = names(secrets_below(tmp_path, seen))
    backend.write_text(f"x {KEY}..", encoding="utf-8")
    changed = names(secrets_below(tmp_path, seen))
    for path in (plan, backend, broken):
        path.unlink()
    (tmp_path / ".terraform" / "providers" / "its-own").unlink()

    assert found == {str(backend), str(broken), f"{plan}:tfplan", f"{plan}:tfstate"}
    assert (again, changed) == (set(), {str(backend)})


def names(found: list[str]) -> set[str]:
    return {where.partition(": ")[0] for where in found}


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
        env={**os.environ, "PYTHONPATH": paths, "CLOUDSTACK_SECRET_KEY": KEY, "PYTHONUTF8": "1"},
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
