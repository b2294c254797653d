"""Asks CloudStack what was deployed: usage records, else the event log, else the VMs that exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cloudstack_pins.cloudstack import Caller, Session, VirtualMachine
from cloudstack_pins.errors import CloudStackError, ParameterRefused, RightsMissing, SignatureRefused
from cloudstack_pins.model import PinSet
from cloudstack_pins.suggest.events import from_events
from cloudstack_pins.suggest.history import Deploy, History, owner, seconds_of
from cloudstack_pins.suggest.pin_traces import PinTraces
from cloudstack_pins.suggest.usage import from_usage

NOT_TO_BE_HAD: tuple[type[CloudStackError], ...] = (RightsMissing, SignatureRefused, ParameterRefused)
"""How CloudStack says that a key may not ask, or that it does not know the command."""

_SOURCES = (
    (from_usage, "there are no usage records of this time; the usage server may never have run"),
    (from_events, "there are no VM.CREATE events"),
)


def gather(
    session: Session, pin_set: PinSet, machines: Sequence[VirtualMachine], *, since: float, until: float
) -> History:
    """Return the deploys of the set's zone from ``since`` to ``until`` (seconds since 1970), from the best source.

    ``machines`` are all VMs that exist, in all zones. Pins are left out.
    """
    caller, notes = session.caller(), list[str]()
    traces = PinTraces.of(machines, pin_set)
    for source, nothing in _SOURCES:
        try:
            history = source(session, pin_set.zone_id, machines, traces, since=since, until=until)
        except NOT_TO_BE_HAD as error:
            notes.append(f"{error.command} is not to be had with this key: {error.text}")
            continue
        if history is not None:
            return _said(history, notes, caller)
        notes.append(nothing)
    others = [vm for vm in machines if vm.zone_id == pin_set.zone_id and vm.id not in traces.ids]
    return _said(_from_existing(others, since, until), notes, caller)


def _from_existing(others: Sequence[VirtualMachine], since: float, until: float) -> History:
    made = [(vm, seconds_of(vm.created)) for vm in others if vm.created]
    return History(
        source="existing VMs",
        deploys=tuple(_deploy(vm, at if at >= since else None) for vm, at in made if at <= until),
        since=since,
        until=until,
        doubt="VMs that are gone are not to be seen",
        notes=("only VMs that still exist are counted, each for the account and template that it has now",),
    )


def _deploy(vm: VirtualMachine, at: float | None) -> Deploy:
    return Deploy(
        vm_id=vm.id,
        template_id=vm.template_id,
        template_name=vm.template_name,
        accounts=frozenset([owner(vm.domain_id, vm.account)]),
        offering_id=vm.service_offering_id,
        at=at,
    )


def _said(history: History, notes: Sequence[str], caller: Caller) -> History:
    """Add why better sources were not to be had, and what this key does not see."""
    doubt = history.doubt
    if not caller.is_root_admin:
        doubt = f"this key sees only what account {caller.account} may see; a root admin's key sees all"
    said = (*notes, *history.notes, *((doubt,) if doubt is not None else ()))
    return replace(history, doubt=doubt, notes=said)
