"""A command as a process of its own, whose output is read while it runs."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

DEADLINE_SECONDS = 240.0
"""Far beyond what anything here takes; only a hang meets it."""
LOOK_SECONDS = 0.05
PROVIDER = "terraform-provider-"
"""In the command line of Terraform's provider, which has no end of its own where Terraform is killed."""


class Running:
    """One process in a group of its own, of which nothing may be left alive when the ``with`` block is left."""

    def __init__(self, command: Sequence[str], *, cwd: Path, environment: Mapping[str, str]) -> None:
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._closed = False
        self._process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        left = self._living()
        self.kill()
        assert kind is not None or not left, f"still alive: {left}"

    def kill(self) -> None:
        """End whatever is left of the group."""
        self.signal(signal.SIGKILL, group=True)
        self._process.wait(timeout=DEADLINE_SECONDS)
        self._reader.join(timeout=DEADLINE_SECONDS)
        self._wait_until(lambda left: not left)

    @property
    def output(self) -> str:
        """What it has said so far, on both of its outputs."""
        with self._changed:
            return "".join(self._lines)

    def signal(self, number: signal.Signals, *, group: bool = False) -> None:
        """Send a signal to the process, or to all of its group; one that is gone already gets none."""
        try:
            if group:
                os.killpg(self._process.pid, number)
            else:
                self._process.send_signal(number)
        except ProcessLookupError:
            return

    def says(self, pattern: str) -> bool:
        """Wait until a line fits, or until nobody writes any more; whether one did."""
        found = re.compile(pattern)
        deadline = time.monotonic() + DEADLINE_SECONDS
        with self._changed:
            while not any(found.search(line) for line in self._lines):
                if self._closed:
                    return False
                assert self._changed.wait(deadline - time.monotonic()), f"it never said {pattern!r}"
        return True

    def end(self) -> int:
        """Wait for the process and for all of its group, its orphans too; its exit status.

        Terraform's provider alone is not waited for; ``leaves_provider`` tells whether it lives on.
        """
        code = self._process.wait(timeout=DEADLINE_SECONDS)
        self._reader.join(timeout=DEADLINE_SECONDS)
        assert not self._reader.is_alive(), f"something still writes after the end:\n{self.output}"
        self._wait_until(lambda left: all(PROVIDER in command for command in left))
        return code

    @property
    def leaves_provider(self) -> bool:
        """Whether Terraform's provider has outlived Terraform."""
        return any(PROVIDER in command for command in self._living())

    def _living(self) -> list[str]:
        """The command lines of the group's processes that have not ended."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                state, _, group = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:3]
                if int(group) == self._process.pid and state not in ("Z", "X"):
                    found.append((folder / "cmdline").read_text(errors="replace").replace("\0", " "))
        return found

    def _wait_until(self, is_over: Callable[[list[str]], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not is_over(left := self._living()):
            assert time.monotonic() < deadline, f"still alive: {left}"
            time.sleep(LOOK_SECONDS)

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        with stream:
            for line in stream:
                with self._changed:
                    self._lines.append(line)
                    self._changed.notify_all()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
