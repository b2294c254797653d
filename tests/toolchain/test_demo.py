"""The demo as people start it. It needs the cdktf command line, as `make setup` installs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.skipif(
        not (ROOT / "node_modules" / ".bin" / "cdktf").exists(), reason="no cdktf command line; run `make setup`"
    ),
]


def demo(folder: Path) -> subprocess.Popen[str]:
    """Start the demo in a process group of its own, with ``folder`` for its temporary files."""
    folder.mkdir()
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "toolchain.demo"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder), "COLUMNS": "120", "PYTHONPATH": str(ROOT / "constructs")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def example_set() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (ROOT / "stacks" / "sandbox").iterdir() if path.is_file()}


def processes_in(folder: Path) -> list[str]:
    """Return the commands that run in ``folder`` or name it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            where = str((entry / "cwd").readlink())
        except OSError:
            continue
        if str(folder) in command or where.startswith(str(folder)):
            found.append(command)
    return found


def test_the_demo_keeps_what_it_promises_and_leaves_nothing(tmp_path: Path) -> None:
    before = example_set()
    with demo(tmp_path / "temporary") as process:
        said, _ = process.communicate(timeout=280)
    assert process.returncode == 0, said
    for promised in (
        "6 of 6 pins active",
        "No changes.",
        "collected",
        "every new pin was active before the first old one went",
        "export CLOUDSTACK_API_URL=",
    ):
        assert promised in said, said
    assert "Traceback" not in said
    assert list((tmp_path / "temporary").glob("cloudstack-pins-demo-*")) == []
    assert example_set() == before


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, id="Ctrl-C"), pytest.param(signal.SIGTERM, id="TERM")])
def test_an_interrupted_demo_stops_what_it_started(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "temporary"
    with demo(folder) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "terraform apply" in line:
                process.send_signal(number)
                break
        rest, _ = process.communicate(timeout=120)
    assert process.returncode == 130, "".join(said) + rest
    assert "everything that the demo started is stopped" in rest
    assert "Traceback" not in rest
    assert list(folder.glob("cloudstack-pins-demo-*")) == []
    assert processes_in(folder) == []
