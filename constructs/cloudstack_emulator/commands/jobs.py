"""queryAsyncJobResult and listAsyncJobs."""

from __future__ import annotations

from typing import Any

from ..errors import ApiError, unknown_entity
from ..jobs import PENDING
from ..registry import Call, command


@command("queryAsyncJobResult", required=("jobid",))
def query_job(call: Call) -> dict[str, Any]:
    """A job's state and result; a job that is not known any more is 431."""
    job_id = call.params["jobid"]
    job = call.world.jobs.find(job_id.lower())
    if job is None:
        raise unknown_entity(call.command.name, "jobid", job_id)
    if job.user.account is not call.account and not call.is_root:
        raise ApiError(531, f"{call.account.name} does not have permission to operate with resource AsyncJob {job.id}")
    return job.answer(call.world.management_server_id)


@command("listAsyncJobs")
def list_jobs(call: Call) -> dict[str, Any]:
    """The jobs that are still running."""
    rows = [job for job in call.world.jobs if job.status == PENDING and call.sees(job.user.account)]
    return call.page("asyncjobs", rows, lambda job: job.answer(call.world.management_server_id))
