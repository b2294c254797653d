"""A command as a process of its own, whose output is read while it runs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

DEADLINE_SECONDS = 240.0
"""Far beyond what anything here takes; only a hang meets it."""


class Running:
    """One process in a group of its own; leaving the ``with`` block ends whatever is left of that group."""

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

    def __exit__(self, *_: object) -> None:
        self.signal(signal.SIGKILL, group=True)
        self._process.wait(timeout=DEADLINE_SECONDS)
        self._reader.join(timeout=DEADLINE_SECONDS)

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
        """Wait for the process and for all that write to its output; its exit status."""
        code = self._process.wait(timeout=DEADLINE_SECONDS)
        self._reader.join(timeout=DEADLINE_SECONDS)
        assert not self._reader.is_alive(), f"something still writes after the end:\n{self.output}"
        return code

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
