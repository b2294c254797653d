"""Asynchronous jobs: what queryAsyncJobResult says, waiting for the end, and finding a job whose reply was lost."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cloudstack_pins.cloudstack.answers import error_for
from cloudstack_pins.cloudstack.clock import Clock
from cloudstack_pins.cloudstack.transport import BrokenReply, NeverSent, Transport
from cloudstack_pins.errors import (
    CloudStackError,
    JobLost,
    NotFound,
    RateLimited,
    ServerBroken,
    TimedOut,
    Unreachable,
)

Status = Literal["pending", "done", "failed"]

FIRST_POLL_SECONDS = 0.25
POLL_SECONDS = 5.0
LOOKS_AFTER_LOST_REPLY = (0.0, 1.0, 2.0, 4.0, 8.0)
PASSING = (Unreachable, TimedOut, ServerBroken, RateLimited)
"""What may be over at the next poll."""


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """A job as queryAsyncJobResult says: ``code`` and ``text`` of a failure, ``result`` of a success."""

    id: str
    status: Status
    code: int = 0
    text: str = ""
    result: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_api(cls, row: Mapping[str, Any], job_id: str) -> JobResult:
        """Read the answer: 0 pending, 1 done, 2 failed, 3 cancelled."""
        status, result = row.get("jobstatus"), row.get("jobresult")
        if status == 0:
            return cls(id=job_id, status="pending")
        inside = result if isinstance(result, dict) else {}
        if status == 1:
            return cls(id=job_id, status="done", result=inside)
        code = inside.get("errorcode", row.get("jobresultcode"))
        text = str(inside.get("errortext") or result or "the job failed without a text")
        return cls(id=job_id, status="failed", code=code if isinstance(code, int) and code else 530, text=text)


def submit(transport: Transport, clock: Clock, command: str, parameters: Mapping[str, Any]) -> str:
    """Send an asynchronous command under a job id of our own and return the id of its job.

    After a lost reply the job is looked up by that id: found means go on. Where CloudStack surely never saw the
    command it is sent once more, under a new id. Where that is unknown, the error says so.
    """
    failure: CloudStackError
    for last in (False, True):
        job_id = str(uuid.uuid4())
        try:
            return _job_id(command, transport.post(command, {**parameters, "customjobid": job_id}))
        except PASSING as error:
            failure = error
        arrived = _arrived(transport, clock, job_id, failure)
        if arrived:
            return job_id
        if last or arrived is None:
            break
    raise _unsent(command, failure) if arrived is False else _unknown(command, failure, job_id)


def _arrived(transport: Transport, clock: Clock, job_id: str, failure: CloudStackError) -> bool | None:
    """Tell whether CloudStack has the job; None where that cannot be known."""
    if isinstance(failure, NeverSent):
        return False
    for seconds in LOOKS_AFTER_LOST_REPLY:
        clock.sleep(seconds)
        try:
            transport.get("queryAsyncJobResult", {"jobid": job_id})
        except NotFound:
            continue
        except CloudStackError:
            return None
        return True
    # The server works and has no such job, seconds after the connection broke or a proxy said no. A call that timed
    # out may still be at work inside, before its job exists.
    return False if isinstance(failure, (BrokenReply, RateLimited)) or failure.code in (502, 503) else None


def may_have_acted(failure: CloudStackError) -> bool:
    """Whether CloudStack may have done what it was told although the call failed so."""
    return not isinstance(failure, (NeverSent, RateLimited))


def _job_id(command: str, answer: Mapping[str, Any]) -> str:
    job_id = answer.get("jobid")
    if not isinstance(job_id, str):
        raise ServerBroken(command, "the answer names no job")
    return job_id


def _unsent(command: str, failure: CloudStackError) -> CloudStackError:
    return type(failure)(command, f"{failure.text}; CloudStack never saw the command", code=failure.code)


def _unknown(command: str, failure: CloudStackError, job_id: str) -> CloudStackError:
    text = f"{failure.text}; whether CloudStack began is unknown (job {job_id})"
    return type(failure)(command, text, code=failure.code)


def wait(read: Callable[[str], JobResult], clock: Clock, job_id: str, command: str, seconds: float) -> dict[str, Any]:
    """Poll until the job ends and return its result; passing failures are waited out until the deadline.

    Raises the error that the job's code means, JobLost where the server no longer knows it, TimedOut at the deadline.
    """
    deadline, pause, trouble = clock.now() + seconds, FIRST_POLL_SECONDS, ""
    while True:
        try:
            job = read(job_id)
        except NotFound:
            job = None
        except PASSING as error:
            job, trouble = JobResult(id=job_id, status="pending"), f"; the last look failed: {error.text}"
        else:
            trouble = ""
        if job is None:
            raise JobLost(command, f"CloudStack no longer knows job {job_id}")
        if job.status == "done":
            return job.result
        if job.status == "failed":
            raise error_for(command, job.code, job.text, job=True)
        left = deadline - clock.now()
        if left <= 0:
            raise TimedOut(command, f"job {job_id} did not end within {seconds:g} s{trouble}")
        clock.sleep(min(pause, left))
        pause = min(POLL_SECONDS, pause * 1.5)
