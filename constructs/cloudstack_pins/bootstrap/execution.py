"""Does the steps, one after the other; an interruption leaves what a second run goes on from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cloudstack_pins.bootstrap.steps import CreateNetwork, PermitNetwork, Step
from cloudstack_pins.cloudstack import Session
from cloudstack_pins.errors import CloudStackError, ServerBroken, TimedOut, Unreachable

LOST = (Unreachable, TimedOut, ServerBroken)
"""Failures after which the write may have been done all the same."""


def execute(session: Session, steps: tuple[Step, ...], told: Callable[[Step], None]) -> None:
    """Do ``steps`` in order and tell each one when it is done."""
    created: str | None = None
    for step in steps:
        if isinstance(step, CreateNetwork):
            created = _create(session, step)
        else:
            _permit(session, step, created)
        told(step)


def _create(session: Session, step: CreateNetwork) -> str:
    try:
        answer = session.write(
            "createNetwork",
            name=step.name,
            displaytext=f"{step.name}: pinned templates",
            zoneid=step.zone_id,
            networkofferingid=step.offering_id,
            account=step.account,
            domainid=step.domain_id,
        )
    except LOST as error:
        lost: CloudStackError = error
    else:
        return _id_of(answer)
    found = _find(session, step)
    if found is None:
        raise lost
    return found


def _id_of(answer: dict[str, Any]) -> str:
    network = answer.get("network")
    if not isinstance(network, dict) or not network.get("id"):
        raise ServerBroken("createNetwork", "the answer names no network")
    return str(network["id"])


def _find(session: Session, step: CreateNetwork) -> str | None:
    """Return what the lost reply would have named; names are not unique, so a second create would make a second one."""
    owner = step.account or session.caller().account
    networks = session.networks(listall=True, zoneid=step.zone_id)
    return next((network.id for network in networks if network.name == step.name and network.account == owner), None)


def _permit(session: Session, step: PermitNetwork, created: str | None) -> None:
    params = {"networkid": step.network_id or created, "accountids": [step.account_id]}
    try:
        session.write("createNetworkPermissions", **params)
    except LOST as error:
        lost: CloudStackError = error
    else:
        return
    rows = session.list("listNetworkPermissions", "networkpermission", networkid=params["networkid"])
    if not any(row.get("accountid") == step.account_id for row in rows):
        raise lost
