"""Shows an activation while it runs: a live view on a terminal, one line an event elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TimeElapsedColumn,
)
from rich.table import Column
from rich.text import Text

from cloudstack_pins.activation.events import Event, Listener

_ENDS = frozenset({"active", "failed", "skipped", "retry"})
_LOUD = {"failed": "red", "warning": "yellow", "lease-wait": "yellow", "retry": "yellow", "interrupted": "yellow"}


@contextmanager
def shown(console: Console) -> Iterator[Listener]:
    """Yield the listener that shows events on ``console`` while the block runs."""
    if console.is_terminal:
        with _Live(console) as live:
            yield live
    else:
        yield _Lines(console)


class _Lines:
    """One line an event; silent once nobody reads any more."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._is_open = True

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if not self._is_open:
            return
        try:
            self._console.file.write(f"{_clock(event)} [{event.active}/{event.total}] {event.text}\n")
            self._console.file.flush()
        except (OSError, ValueError):
            self._is_open = False


class _Live:
    """A bar for all pins, a line for each that is on its way, and what went wrong above them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            _Description(),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._all = self._progress.add_task("pins active", total=None)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> _Live:
        """Begin to draw."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop drawing; the table that follows says it all."""
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        self._progress.update(self._all, completed=event.active, total=event.total or None)
        style = _LOUD.get(event.kind)
        if style is not None:
            self._console.print(Text(f"{_clock(event)} {event.text}", style=style))
        if event.pin is None:
            return
        address = event.pin.address
        if event.kind in _ENDS:
            task = self._tasks.pop(address, None)
            if task is not None:
                self._progress.remove_task(task)
        elif address in self._tasks:
            self._progress.update(self._tasks[address], description=event.text)
        else:
            self._tasks[address] = self._progress.add_task(event.text, total=None)


class _Description(ProgressColumn):
    """The description as plain text: names come from outside and are no markup."""

    def __init__(self) -> None:
        super().__init__(table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"))

    def render(self, task: Task) -> Text:
        """Return the description."""
        return Text(task.description)


def _clock(event: Event) -> str:
    return time.strftime("%H:%M:%S", time.localtime(event.at))
