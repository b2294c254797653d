"""From an HTTP request to a command and back: keys, rights, envelopes, injected failures."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from . import signing
from .entities import User
from .errors import ApiError, missing_parameter, unauthorised, unavailable
from .faults import Fault
from .http_server import HttpReply, HttpRequest
from .registry import COMMANDS, Call, Command
from .world import World

SECRET = ("apikey", "signature", "signatureversion", "expires", "response")
JOB_KINDS = ("job", "job-after-copy", "job-vanishes", "job-never-ends")


@dataclass(frozen=True, kw_only=True)
class Request:
    """A call as tests see it: without key and signature; ``at`` on the emulator's clock."""

    command: str
    method: str
    params: dict[str, str] = field(default_factory=dict)
    account: str = ""
    at: float = 0.0


class Api:
    """Answers the requests of ``/client/api``."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.requests: list[Request] = []

    def answer(self, request: HttpRequest) -> HttpReply:
        """The reply to one request."""
        sent = {name.lower(): value for name, value in request.parameters}
        with self._world.lock:
            occasion = self._world.occasions.take(sent.get("command", ""), sent)
        # Outside the lock: what is done then may wait for other calls.
        if occasion is not None and occasion.before is not None:
            occasion.before()
        if occasion is not None and occasion.drop == "call":
            return HttpReply(cut="before")
        reply = self._reply(request, sent)
        if occasion is not None and occasion.answered is not None:
            occasion.answered()
        return HttpReply(cut="before") if occasion is not None and occasion.drop else reply

    def _reply(self, request: HttpRequest, sent: dict[str, str]) -> HttpReply:
        command = COMMANDS.get(sent.get("command", "").lower())
        with self._world.lock:
            self._world.scheduler.run_due()
            try:
                return self._answer(request, sent, command)
            except ApiError as error:
                known = command is not None and error.code != 432
                return _json({command.envelope if command and known else "errorresponse": error.body()}, error.code)

    def _answer(self, request: HttpRequest, sent: dict[str, str], command: Command | None) -> HttpReply:
        caller = self._verify(request, sent)
        params = {name: value for name, value in sent.items() if name not in SECRET and name != "command"}
        name = sent.get("command", "")
        self.requests.append(
            Request(
                command=command.name if command else name,
                method=request.method,
                params=params,
                account=caller.account.name,
                at=self._world.now(),
            )
        )
        fault = self._world.faults.take(name, params)
        if fault is not None and (reply := _instead(fault)) is not None:
            return reply
        if command is None:
            raise unauthorised()
        body = self._run(command, caller, params, fault)
        return _spoilt(_json({command.envelope: body}, 200), fault)

    def _verify(self, request: HttpRequest, sent: dict[str, str]) -> User:
        caller = self._world.user_of_key(sent.get("apikey", ""))
        if caller is None or caller.keys is None or caller.state != "enabled":
            raise unauthorised()
        # The real present: an emulated clock that was moved ahead must not make a client's keys expire.
        if not signing.verified(request.parameters, caller.keys.secret_key, now=self._world.wall()):
            raise unauthorised()
        return caller

    def _run(self, command: Command, caller: User, params: dict[str, str], fault: Fault | None) -> dict[str, Any]:
        account = caller.account
        if (command.rights == "root" and not account.is_root_admin) or not account.may_call(command.name):
            raise unavailable(command.name, caller.account.name)
        for name in command.required:
            if not params.get(name):
                raise missing_parameter(command.name, name)
        job_fault = fault if fault is not None and fault.kind in JOB_KINDS else None
        if job_fault is not None and job_fault.kind == "job" and not command.asynchronous:
            raise job_fault.error()
        return command.function(Call(world=self._world, caller=caller, command=command, params=params, fault=job_fault))


def _instead(fault: Fault) -> HttpReply | None:
    """The reply of a failure that keeps the command from being run."""
    if fault.kind == "error":
        raise fault.error()
    if fault.kind == "refuse-key":
        raise unauthorised()
    if fault.kind in ("http503", "http429", "html502"):
        status = int(fault.kind[-3:])
        page = f"<html><head><title>{status}</title></head><body><h1>{status}</h1><p>injected failure</p></body></html>"
        return HttpReply(status=status, body=page.encode(), content_type="text/html")
    return None


def _spoilt(reply: HttpReply, fault: Fault | None) -> HttpReply:
    """The reply after the command was run, damaged as the failure says."""
    if fault is None:
        return reply
    if fault.kind == "dropped":
        return HttpReply(cut="before")
    if fault.kind == "reset":
        return HttpReply(status=reply.status, body=reply.body, cut="amid")
    if fault.kind == "slow":
        return HttpReply(status=reply.status, body=reply.body, delay=fault.seconds)
    if fault.kind == "malformed":
        return HttpReply(status=reply.status, body=reply.body[: len(reply.body) // 2])
    return reply


def _json(document: dict[str, Any], status: int) -> HttpReply:
    return HttpReply(status=status, body=json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
