"""The loopback control endpoint: what a test in another process, or a demo, may do to the emulator."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .http_server import HttpReply, HttpRequest

if TYPE_CHECKING:
    from .emulator import Emulator


class Control:
    """Answers ``/control/NAME``; parameters come as a JSON object or as a query.

    POST advance (seconds), fail (as Emulator.fail), clear-faults, restart, register-template (name and fields),
    add-pool, remove-pool, start-usage-server; GET state, copies (template, pool), trace, requests.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._actions: dict[tuple[str, str], Callable[[dict[str, Any]], Any]] = {
            ("POST", "advance"): self._advance,
            ("POST", "fail"): self._fail,
            ("POST", "clear-faults"): self._clear,
            ("POST", "restart"): lambda _: emulator.restart(),
            ("POST", "register-template"): lambda given: {"id": emulator.register_template(**given)},
            ("POST", "add-pool"): lambda given: {"id": emulator.add_pool(**given)},
            ("POST", "remove-pool"): lambda given: emulator.remove_pool(**given),
            ("POST", "start-usage-server"): lambda _: emulator.start_usage_server(),
            ("GET", "state"): self._state,
            ("GET", "copies"): lambda given: [asdict(copy) for copy in emulator.copies(**given)],
            ("GET", "trace"): lambda _: [asdict(event) for event in emulator.trace],
            ("GET", "requests"): lambda _: [asdict(request) for request in emulator.requests],
        }

    def answer(self, request: HttpRequest) -> HttpReply:
        """The reply to one request."""
        name = request.path.removeprefix("/control").strip("/")
        action = self._actions.get((request.method, name))
        if action is None:
            known = ", ".join(f"{method} {path}" for method, path in self._actions)
            return _reply({"error": f"{request.method} {name!r} is unknown; known are {known}"}, 404)
        try:
            return _reply({"result": action(_given(request))})
        except (TypeError, ValueError) as error:
            return _reply({"error": str(error)}, 400)

    def _advance(self, given: dict[str, Any]) -> dict[str, float]:
        self._emulator.advance(float(given["seconds"]))
        return {"now": self._emulator.world.now()}

    def _fail(self, given: dict[str, Any]) -> None:
        numbers: dict[str, Callable[[Any], Any]] = {"count": int, "code": int, "after": int, "seconds": float}
        self._emulator.fail(**{key: numbers.get(key, lambda value: value)(value) for key, value in given.items()})

    def _clear(self, given: dict[str, Any]) -> None:
        with self._emulator.world.lock:
            self._emulator.world.faults.clear()

    def _state(self, given: dict[str, Any]) -> dict[str, Any]:
        world = self._emulator.world
        with world.lock:
            return {
                "now": world.now(),
                "vms": dict(Counter(vm.state for vm in world.vms.values())),
                "pools": {pool.name: pool.state for pool in world.pools.values()},
                "copies": len(world.copies),
                "pending_jobs": sum(1 for job in world.jobs if job.status == 0),
            }


def _given(request: HttpRequest) -> dict[str, Any]:
    given: dict[str, Any] = dict(request.parameters)
    if request.body and request.headers.get("content-type", "").startswith("application/json"):
        document = json.loads(request.body)
        if not isinstance(document, dict):
            raise ValueError("the body has to be a JSON object")
        given |= document
    return given


def _reply(document: Any, status: int = 200) -> HttpReply:
    return HttpReply(status=status, body=json.dumps(document).encode())
