"""The loopback control endpoint: what a test in another process, or a demo, may do to the emulator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .http_server import HttpReply, HttpRequest

if TYPE_CHECKING:
    from .emulator import Emulator


class Control:
    """Answers ``/control/...``: POST advance, fail, restart, register-template; GET state, copies, trace, requests."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def answer(self, request: HttpRequest) -> HttpReply:
        """The reply to one request; parameters come as a JSON object or as a query."""
        return _reply({"error": "not yet"}, 404)


def _reply(document: Any, status: int = 200) -> HttpReply:
    return HttpReply(status=status, body=json.dumps(document).encode())
