"""What an activation makes CloudStack do with one VM, and which refusals are worth another try."""

from __future__ import annotations

from collections.abc import Sequence

from cloudstack_pins.activation.placement import start_parameters
from cloudstack_pins.cloudstack import JobResult, Session
from cloudstack_pins.cloudstack.jobs import PASSING
from cloudstack_pins.errors import CloudStackError, LimitReached, NotFound, RightsMissing, SignatureRefused
from cloudstack_pins.model import Owner, Pool

FINAL = (RightsMissing, SignatureRefused, NotFound, LimitReached)
"""Refusals that the same call would meet again."""


def start(session: Session, vm_id: str, pool: Pool | None) -> str:
    """Send the start that leads to ``pool`` and return its job."""
    return session.submit("startVirtualMachine", id=vm_id, **start_parameters(pool))


def stop(session: Session, vm_id: str) -> str:
    """Send the stop and return its job; forced, for the guest of a pin has nothing to lose."""
    return session.submit("stopVirtualMachine", id=vm_id, forced=True)


def restore(session: Session, vm_id: str, template_id: str | None) -> str:
    """Send the restore and return its job: a new, ``Allocated`` ROOT, of another template if one is named."""
    return session.submit("restoreVirtualMachine", virtualmachineid=vm_id, templateid=template_id)


def assign(session: Session, vm_id: str, owner: Owner, network_ids: Sequence[str]) -> None:
    """Give a stopped VM to ``owner``.

    Without ``networkids`` CloudStack would move it to a new isolated network, and Terraform would replace it.
    """
    session.write(
        "assignVirtualMachine",
        virtualmachineid=vm_id,
        account=owner.account,
        domainid=owner.domain_id,
        networkids=list(network_ids),
    )


def end_of(session: Session, job_id: str | None) -> JobResult | None:
    """Return a job's end, None while it runs; a job that the server lost has ended without a word."""
    if job_id is None:
        return JobResult(id="", status="failed", text="the reply to the call was lost")
    try:
        job = session.job(job_id)
    except NotFound:
        return JobResult(id=job_id, status="failed", text=f"the server no longer knows job {job_id}")
    return None if job.status == "pending" else job


def is_passing(error: CloudStackError) -> bool:
    """Whether it may be over at the next call, and the call may have arrived."""
    return isinstance(error, PASSING)


def words(failure: CloudStackError | JobResult) -> str:
    """Return CloudStack's own words."""
    return f"{failure.code} {failure.text}" if failure.code else failure.text
