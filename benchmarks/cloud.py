"""An emulated CloudStack as a process of its own, so that its CPU time is told apart from that of what it serves."""

from __future__ import annotations

import json
import shlex
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from benchmarks.measure import cpu_seconds_of
from benchmarks.sets import Shape, zone_document
from benchmarks.surroundings import PYTHON, environment
from cloudstack_pins.cloudstack import Access, Session

LAST_LINE = "CLOUDSTACK_EMULATOR_USER_SECRET_KEY"


@dataclass(frozen=True, kw_only=True)
class Share:
    """How busy the emulator was while something else was measured."""

    cpu_seconds: float
    seconds: float

    @property
    def busy(self) -> float:
        """The part of the time, 0 to 1; one thread at a time runs in it, so that at 1 it would be what is measured."""
        return self.cpu_seconds / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """The running emulator; ``environment`` is that of commands which use it with the key of account pins."""

    pid: int
    environment: dict[str, str]
    control: str

    def session(self) -> Session:
        """Return a session of account pins; to be closed."""
        return Session(Access.from_environment(self.environment))

    def calls(self, since: int = 0) -> Counter[str]:
        """Return how often each command was called after the first ``since`` calls of all."""
        with urllib.request.urlopen(f"{self.control}/requests", timeout=120) as answer:
            requests: list[dict[str, Any]] = json.load(answer)["result"]
        return Counter(request["command"] for request in requests[since:])

    @contextmanager
    def share(self) -> Iterator[list[Share]]:
        """Measure how busy the emulator is during the block; the list holds the answer afterwards."""
        found: list[Share] = []
        cpu, began = cpu_seconds_of(self.pid), time.perf_counter()
        yield found
        found.append(Share(cpu_seconds=cpu_seconds_of(self.pid) - cpu, seconds=time.perf_counter() - began))


@contextmanager
def serving(folder: Path, shape: Shape, *, copy_seconds: float = 0.0) -> Iterator[Cloud]:
    """Start an emulator with a zone of this shape and with instant jobs; it ends with the block."""
    zone = folder / "zone.toml"
    zone.write_text(tomlkit.dumps(zone_document(shape)), encoding="utf-8")
    command = [PYTHON, "-m", "cloudstack_emulator", "--zone", str(zone), "--copy-seconds", str(copy_seconds)]
    surroundings = environment()
    with subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, text=True) as process:
        try:
            told = _told(process)
            yield Cloud(
                pid=process.pid, environment={**surroundings, **told}, control=told["CLOUDSTACK_EMULATOR_CONTROL"]
            )
        finally:
            process.terminate()


def _told(process: subprocess.Popen[str]) -> dict[str, str]:
    """Return the variables that the emulator says once it serves."""
    told: dict[str, str] = {}
    assert process.stdout is not None
    while LAST_LINE not in told:
        name, _, value = process.stdout.readline().removeprefix("export ").rstrip().partition("=")
        told[name] = "".join(shlex.split(value))
        if process.poll() is not None:
            raise RuntimeError("the emulator ended at once; its reason is above")
    return told
