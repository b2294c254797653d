"""Where a cell plays: a fresh virtual environment with the wheel, and a folder without this repository's sources."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolchain.matrix.cells import Cell

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("hypothesis", "jsonschema", "pytest", "pytest-timeout", "pyyaml")
SECONDS = 5400.0
_COPIED = ("tests", "stacks", "toolchain", "main.py", "pyproject.toml", "requirements-dev.txt", "README.md")
_FOREIGN = ("TF_", "CLOUDSTACK_", "CDKTF_", "PYTHON", "VIRTUAL_ENV", "FORCE_COLOR")


def snapshot(folder: Path) -> Path:
    """Copy what cells need besides the wheel, which was built a moment ago, and return where it is."""
    project = folder / "project"
    project.mkdir()
    for name in _COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, project)
    return project


class CellFailed(Exception):
    """A step of a cell failed; the text says which, and where its output is."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """The folders of one cell, and its commands, whose output goes into a log; ``source`` is the snapshot."""

    cell: Cell
    folder: Path
    source: Path

    @property
    def project(self) -> Path:
        """The copy of tests and sets, without ``constructs``: what is imported is the wheel."""
        return self.folder / "project"

    @property
    def bin(self) -> Path:
        """The commands of the virtual environment."""
        return self.folder / "venv" / "bin"

    @property
    def log(self) -> Path:
        """What all commands printed."""
        return self.folder / "log.txt"

    def furnish(self, interpreter: Path, wheel: Path) -> None:
        """Make the virtual environment with the wheel and its dependencies, and copy the tests.

        Raises CellFailed.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.source, self.project)
        python = str(self.bin / "python")
        self.uv("virtual environment", "venv", "--python", str(interpreter), str(self.bin.parent))
        locked = self.folder / "dependencies.txt"
        self.uv("resolution", *_resolution(self.cell), "--python", python, "--output-file", str(locked))
        tools = self.folder / "tools.txt"
        pinned = (self.source / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
        wanted_tools = [line for line in pinned if re.match(rf"({'|'.join(TOOLS)})==", line)]
        tools.write_text("\n".join(wanted_tools) + "\n", encoding="utf-8")
        wanted = [f"{wheel}[{self.cell.engine}]", "-r", str(locked), "-r", str(tools)]
        self.uv("installation", "pip", "install", "--python", python, *wanted)

    def uv(self, step: str, *arguments: str) -> str:
        """Run uv, which installs no Python of its own."""
        quiet = {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}
        return self.run(step, sys.executable, "-m", "uv", *arguments, cwd=self.source, settings=quiet)

    def python(self, step: str, *arguments: str, settings: Mapping[str, str] | None = None) -> str:
        """Run the cell's Python in its project; the folder it runs in is not on ``sys.path``."""
        return self.run(step, str(self.bin / "python"), "-P", *arguments, cwd=self.project, settings=settings or {})

    def run(self, step: str, *command: str, cwd: Path, settings: Mapping[str, str]) -> str:
        """Run a command, and return what it printed.

        Raises CellFailed where it ends badly or takes too long.
        """
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n")
            log.flush()
            begin = log.tell()
            try:
                status = subprocess.run(
                    command,
                    cwd=cwd,
                    env={**self._environment(), **settings},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    check=False,
                    timeout=SECONDS,
                ).returncode
            except subprocess.TimeoutExpired:
                raise CellFailed(f"{step}: no end after {SECONDS:.0f} s; see {self.log}") from None
        printed = self.log.read_bytes()[begin:].decode("utf-8", "replace")
        if status != 0:
            last = next((line for line in reversed(printed.splitlines()) if line.strip()), "")
            raise CellFailed(f"{step}: {last.strip()[:200]}; see {self.log}")
        return printed

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        return {
            **kept,
            "PATH": os.pathsep.join((str(self.bin), kept.get("PATH", os.defpath))),
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
            "NO_COLOR": "1",
            "PYTHONUNBUFFERED": "1",
        }


def _resolution(cell: Cell) -> tuple[str, ...]:
    strategy = {"oldest": "lowest-direct", "newest": "highest"}[cell.dependencies]
    return ("pip", "compile", "--quiet", "pyproject.toml", "--extra", cell.engine, "--resolution", strategy)
