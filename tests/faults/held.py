"""Runs `cloudstack-pins` as the command line that follows names it, and holds it before it puts a file in place."""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType
from typing import Any

from cloudstack_pins.cli import main

replace = os.replace


def held(src: Any, dst: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
    """Wait until a signal has come and its handler has returned, then replace."""
    come: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        handler = signal.getsignal(number)
        assert callable(handler)

        def handle(number: int, frame: FrameType | None, handler: Any = handler) -> None:
            come.append(number)
            handler(number, frame)

        signal.signal(number, handle)
    sys.stderr.write(f"putting {dst} in place\n")
    sys.stderr.flush()
    while not come:
        time.sleep(0.01)
    replace(src, dst, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)


if __name__ == "__main__":
    os.replace = held
    python_and_module = 3
    sys.exit(main(sys.argv[1 + python_and_module :]))
