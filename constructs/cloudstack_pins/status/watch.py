"""Look again and again: redraws on a terminal and lives through failures that pass."""

from __future__ import annotations

import logging
from collections.abc import Callable

from rich.console import Console
from rich.text import Text

from cloudstack_pins.cloudstack import Clock
from cloudstack_pins.cloudstack.jobs import PASSING
from cloudstack_pins.plain import plain
from cloudstack_pins.status.report import Report
from cloudstack_pins.status.table import show

_LOG = logging.getLogger(__name__)


def watch(
    look: Callable[[], Report], console: Console, *, clock: Clock, seconds: float, looks: int | None = None
) -> int:
    """Show ``look()`` every ``seconds`` until Ctrl-C (or ``looks`` times) and return the last exit status.

    On a terminal the report is redrawn in place; elsewhere each is printed below the last. A failed look leaves the
    last report standing and is said below it; what does not pass by itself (wrong keys, rights) is raised. 1 if no look
    ever succeeded.
    """
    last: Report | None = None
    failures, number = 0, 0
    try:
        while looks is None or number < looks:
            number += 1
            try:
                last, failures, trouble = look(), 0, None
            except PASSING as error:
                failures += 1
                trouble = f"the last {failures} looks failed: {error}" if failures > 1 else f"a look failed: {error}"
            _draw(console, last, trouble)
            if looks is None or number < looks:
                clock.sleep(seconds)
    except KeyboardInterrupt:
        # The way out of a watch is Ctrl-C: no error.
        _LOG.debug("interrupted after %s looks", number)
    return 1 if last is None else last.exit_status


def _draw(console: Console, last: Report | None, trouble: str | None) -> None:
    # Cleared and printed whole, not drawn on an alternate screen: a long report can be scrolled and stays at the end.
    if console.is_terminal:
        console.clear()
    if last is not None:
        show(last, console)
    if trouble is not None:
        console.print(Text(plain(trouble), style="bold red"))
