"""Notices that the activation should end: a signal, the death of the parent, or a closed output pipe.

Terraform kills the shell of its local-exec when it is interrupted and ends; this process, the shell's child, lives on
without anyone who knows of it. Where Terraform itself is killed, the shell stays but nobody reads the pipe any more.
Either way: start nothing more, put things back, end.
"""

from __future__ import annotations

import os
import select
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
WATCH_SECONDS = 0.25
PATIENT_SIGNALS = 2
"""So many signals ask for an orderly end; the next one ends the process."""


@contextmanager
def ending_on_signals(stop: threading.Event, *, parent: int | None = None) -> Iterator[None]:
    """Set ``stop`` at a signal, at the death of process ``parent`` (default: the present parent), at a closed pipe.

    Where SIGHUP is ignored, as under nohup, the process is meant to outlive its parent, whose death then says nothing.
    For the main thread; the handlers of before are put back afterwards.
    """
    is_detached = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    numbers = SIGNALS if is_detached else (*SIGNALS, signal.SIGHUP)
    before = {number: signal.signal(number, _handler(stop)) for number in numbers}
    watched = None if is_detached else parent or os.getppid()
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(stop, done, _signs_of_an_end(watched)), name="parent", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        for number, handler in before.items():
            signal.signal(number, handler)


def _handler(stop: threading.Event) -> Callable[[int, FrameType | None], None]:
    received = 0

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal received
        received += 1
        stop.set()
        if received > PATIENT_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    return handle


def _watch(stop: threading.Event, done: threading.Event, is_over: Callable[[], bool]) -> None:
    while not done.wait(WATCH_SECONDS):
        if is_over():
            stop.set()
            return


def _signs_of_an_end(parent: int | None) -> Callable[[], bool]:
    pipes = [descriptor for descriptor in (1, 2) if _is_pipe(descriptor)]

    def is_over() -> bool:
        return parent not in (None, os.getppid()) or any(is_closed(descriptor) for descriptor in pipes)

    return is_over


def _is_pipe(descriptor: int) -> bool:
    with suppress(OSError):
        return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    return False


def is_closed(descriptor: int) -> bool:
    """Whether nobody reads the other end of a pipe any more."""
    poll = select.poll()
    # Errors are always reported; asking for nothing else keeps a writable pipe silent.
    poll.register(descriptor, 0)
    return any(event & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, event in poll.poll(0))


def silence_closed_pipes() -> None:
    """Send to nowhere what is still written to a pipe that nobody reads, so that no error hides the outcome."""
    for descriptor in (1, 2):
        if _is_pipe(descriptor) and is_closed(descriptor):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, descriptor)
            os.close(nowhere)
