"""Asynchronous jobs: work in steps that take time on the emulator's clock."""

from __future__ import annotations

import json
import logging
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

from .clock import Clock, stamp
from .entities import User
from .errors import ApiError
from .scheduler import Scheduler

log = logging.getLogger(__name__)

#: Work of a job: yields the seconds until its next step, returns the job's result, raises ApiError to fail.
Work = Generator[float, None, dict[str, Any]]

PENDING, DONE, FAILED = 0, 1, 2


@dataclass(eq=False, kw_only=True)
class Job:
    """One asynchronous job, as queryAsyncJobResult shows it."""

    id: str
    command: str
    java_class: str
    user: User = field(repr=False)
    created: float
    instance_type: str | None = None
    instance_id: str | None = None
    status: int = PENDING
    code: int = 0
    #: As JSON: thousands of results as trees of objects would make Python's garbage collection pause for seconds.
    result: str = "{}"
    completed: float | None = None
    #: The object of the result that bears the job's id and status as well, as CloudStack has it.
    embed: str | None = None
    #: Set by an injected failure: the end is never told.
    silent: bool = False

    def answer(self, management_server_id: str) -> dict[str, Any]:
        """The job as the API sends it, in the order of a real answer."""
        account = self.user.account
        body: dict[str, Any] = {
            "accountid": account.id,
            "account": account.name,
            "domainid": account.domain.id,
            "domainpath": account.domain.path,
            "userid": self.user.id,
            "cmd": self.java_class,
            "jobprocstatus": 0,
            "jobresultcode": self.code,
        }
        if self.status != PENDING:
            body |= {"jobresulttype": "object", "jobresult": json.loads(self.result)}
        if self.instance_type is not None:
            body |= {"jobinstancetype": self.instance_type, "jobinstanceid": self.instance_id}
        if self.status == PENDING:
            body |= {"managementserverid": management_server_id, "managementservername": "localhost"}
        body["created"] = stamp(self.created)
        if self.completed is not None:
            body["completed"] = stamp(self.completed)
        return body | {"jobid": self.id, "jobstatus": self.status}


class Jobs:
    """All jobs by id, and the running of their work."""

    def __init__(self, clock: Clock, scheduler: Scheduler) -> None:
        self._clock = clock
        self._scheduler = scheduler
        self._jobs: dict[str, Job] = {}
        #: Raised by ``restart``: work of an older generation never goes on.
        self._generation = 0

    def __iter__(self) -> Iterator[Job]:
        """All jobs that the server knows."""
        return iter(list(self._jobs.values()))

    def find(self, job_id: str) -> Job | None:
        """The job of that id, if the server still knows it."""
        return self._jobs.get(job_id)

    def forget(self, job_id: str) -> None:
        """Make the server not know the job; its work goes on."""
        self._jobs.pop(job_id, None)

    def lose_pending(self) -> list[Job]:
        """Forget every unfinished job and stop its work, as a restart of the management server does."""
        self._generation += 1
        lost = [job for job in self._jobs.values() if job.status == PENDING]
        for job in lost:
            del self._jobs[job.id]
        return lost

    def submit(self, job: Job, work: Work) -> None:
        """Take the job in and run its work until it first has to wait."""
        self._jobs[job.id] = job
        self._step(job, work, self._generation)

    def _step(self, job: Job, work: Work, generation: int) -> None:
        if generation != self._generation:
            work.close()
            return
        try:
            delay = next(work)
            while delay <= 0:
                delay = next(work)
        except StopIteration as end:
            result = end.value or {}
            if job.embed in result and "id" in result[job.embed]:
                result[job.embed] |= {"jobid": job.id, "jobstatus": PENDING}
            self._finish(job, DONE, 0, result)
        except ApiError as error:
            self._finish(job, FAILED, error.code, {"errorcode": error.code, "errortext": error.text})
        except Exception:
            log.exception("job %s (%s) broke", job.id, job.command)
            self._finish(job, FAILED, 530, {"errorcode": 530, "errortext": "Internal error executing command"})
        else:
            self._scheduler.after(delay, lambda: self._step(job, work, generation))

    def _finish(self, job: Job, status: int, code: int, result: dict[str, Any]) -> None:
        if not job.silent:
            job.status, job.code, job.result = status, code, json.dumps(result)
            job.completed = self._clock.now()
