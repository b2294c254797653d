"""What has to happen on the stage before a recorded request gets its recorded answer.

A cast prepares the emulator and returns the parameters that replace the recorded ids, and the keys of who asks
(None: root admin). A request without a cast is sent as it was recorded.
"""

from __future__ import annotations

from collections.abc import Callable

from cloudstack_emulator import Keys
from tests.emulator.stage import Stage

Cast = tuple[dict[str, str], Keys | None]
CASTS: dict[str, Callable[[Stage], Cast]] = {}


def before(*labels: str) -> Callable[[Callable[[Stage], Cast]], Callable[[Stage], Cast]]:
    """Register a cast for recorded requests, written "command-index"."""

    def register(cast: Callable[[Stage], Cast]) -> Callable[[Stage], Cast]:
        for label in labels:
            assert label not in CASTS, label
            CASTS[label] = cast
        return cast

    return register
