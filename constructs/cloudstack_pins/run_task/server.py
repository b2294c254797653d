"""uvicorn, ended by SIGINT or SIGTERM with exit status 0 once every result is sent."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

_SWITCH_SECONDS = 0.0005
"""How long a reviewing thread may keep the event loop waiting; Python's default is ten times as long."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def quiet_server(config: uvicorn.Config) -> uvicorn.Server:
    """Return a server whose orderly end is a success, not a death by signal, and that answers while reviews run."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    return _Server(config)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals as uvicorn does, without raising them again after the orderly end."""
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
