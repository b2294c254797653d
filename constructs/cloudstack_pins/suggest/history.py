"""Asks CloudStack what was deployed: usage records, else the event log, else the VMs that exist."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from cloudstack_pins.cloudstack import Session, VirtualMachine
from cloudstack_pins.errors import CloudStackError, ParameterRefused, RightsMissing, SignatureRefused
from cloudstack_pins.model import TAG_PREFIX
from cloudstack_pins.suggest.judge import DAY, History
from cloudstack_pins.suggest.records import Deploy, Record, deploys

RUNNING_VM = 1
ALLOCATED_VM = 2
_NOT_TO_BE_HAD = (RightsMissing, SignatureRefused, ParameterRefused)
_TAGS_OF_PINS = TAG_PREFIX + "set"
_NAME_OF_UNNAMED = "VM-"


def seconds_of(date: str) -> float:
    """Read a date as CloudStack writes it, ``2026-11-24T21:31:00+0000``, as seconds since 1970."""
    return datetime.strptime(date, "%Y-%m-%dT%H:%M:%S%z").timestamp()


def gather(session: Session, zone_id: str, *, since: float, until: float) -> History:
    """Return the deploys of a zone from ``since`` to ``until`` (seconds since 1970), from the best source there is.

    Pins are left out: by their tags where they exist, else by their offering and the name that CloudStack gave them.
    """
    existing = session.virtual_machines(listall=True, zoneid=zone_id)
    pins = [vm for vm in existing if _TAGS_OF_PINS in vm.tags]
    others = [vm for vm in existing if _TAGS_OF_PINS not in vm.tags]
    notes: list[str] = []
    for source in (_from_usage, _from_events):
        try:
            history = source(session, zone_id, pins, others, since, until)
        except _NOT_TO_BE_HAD as error:
            notes.append(f"{error.command} is not to be had with this key: {error.text}")
            continue
        if history is not None:
            return _with_notes(history, notes)
        notes.append(_EMPTY[source.__name__])
    return _with_notes(_from_existing(others, since, until), notes)


_EMPTY = {
    "_from_usage": "there are no usage records; the usage server may never have run",
    "_from_events": "there are no VM.CREATE events",
}


def measured_copy_rate(session: Session, pins: Mapping[str, int]) -> float | None:
    """Return the bytes a second at which first starts of pins copied, None where the event log has none.

    ``pins`` maps a pin's VM id to its template's size in bytes. The first start holds the copy and the start itself, so
    the true speed is somewhat higher; the median of all pins is taken.
    """
    try:
        events = session.list("listEvents", "event", type="VM.START", listall=True)
    except CloudStackError:
        return None
    began: dict[str, float] = {}
    ended: dict[str, float] = {}
    for event in events:
        vm_id, state = str(event.get("resourceid", "")), event.get("state")
        if vm_id in pins and state in ("Started", "Completed"):
            times = began if state == "Started" else ended
            at = seconds_of(str(event["created"]))
            times[vm_id] = min(times.get(vm_id, at), at)
    rates = [pins[vm_id] / (ended[vm_id] - began[vm_id]) for vm_id in began if ended.get(vm_id, 0) > began[vm_id]]
    return statistics.median(rates) if rates else None


def _from_usage(
    session: Session,
    zone_id: str,
    pins: Sequence[VirtualMachine],
    others: Sequence[VirtualMachine],
    since: float,
    until: float,
) -> History | None:
    of_pins = _PinRecords(pins, others)
    records = [
        record
        for kind in (ALLOCATED_VM, RUNNING_VM)
        for record in _records(session, kind, zone_id, since, until)
        if record not in of_pins
    ]
    if not records:
        return None
    begin = min(record.start for record in records)
    created = {vm.id: seconds_of(vm.created) for vm in others if vm.created}
    return History(
        source="usage records",
        deploys=deploys(records, created),
        asked_since=since,
        since=max(since, begin),
        until=max(record.end for record in records),
    )


def _records(session: Session, kind: int, zone_id: str, since: float, until: float) -> list[Record]:
    rows = session.list("listUsageRecords", "usagerecord", type=kind, startdate=_date(since), enddate=_date(until))
    return [_record(row, kind) for row in rows if row.get("virtualmachineid") and row.get("zoneid") == zone_id]


def _record(row: Mapping[str, object], kind: int) -> Record:
    return Record(
        vm_id=str(row["virtualmachineid"]),
        vm_name=str(row.get("name", "")),
        template_id=str(row.get("templateid", "")),
        account_id=str(row.get("accountid") or row.get("account", "")),
        offering_id=str(row.get("offeringid", "")),
        kind=kind,
        start=seconds_of(str(row["startdate"])),
        # A window ends with its last second, 21:32:59.
        end=seconds_of(str(row["enddate"])) + 1,
        hours=float(str(row.get("rawusage", 0))),
    )


class _PinRecords:
    """Knows the records of pins: of those that exist by id, of those that are gone by offering and given name."""

    def __init__(self, pins: Sequence[VirtualMachine], others: Sequence[VirtualMachine]) -> None:
        self._ids = {pin.id for pin in pins}
        self._offerings = {pin.service_offering_id for pin in pins} - {vm.service_offering_id for vm in others}

    def __contains__(self, record: Record) -> bool:
        gone = record.offering_id in self._offerings and record.vm_name.startswith(_NAME_OF_UNNAMED)
        return gone or record.vm_id in self._ids


def _from_events(
    session: Session,
    zone_id: str,
    pins: Sequence[VirtualMachine],
    others: Sequence[VirtualMachine],
    since: float,
    until: float,
) -> History | None:
    events = session.list("listEvents", "event", type="VM.CREATE", listall=True)
    first: dict[str, float] = {}
    for event in events:
        vm_id, at = str(event.get("resourceid", "")), seconds_of(str(event["created"]))
        first[vm_id] = min(first.get(vm_id, at), at)
    if not first:
        return None
    begin = min(first.values())
    of_pins = {pin.id for pin in pins}
    existing = {vm.id: vm for vm in others}
    found = {vm_id: at for vm_id, at in first.items() if since <= at <= until and vm_id and vm_id not in of_pins}
    known = [_existing_deploy(existing[vm_id], at) for vm_id, at in found.items() if vm_id in existing]
    older = [_existing_deploy(vm, None) for vm in others if vm.id not in first]
    unknown = len(found) - len(known)
    notes = (f"{unknown} deployed VMs are gone, and no event names their template",) if unknown else ()
    return History(
        source="events",
        deploys=tuple(sorted([*known, *older], key=lambda deploy: (deploy.at or 0.0, deploy.vm_id))),
        asked_since=since,
        since=max(since, begin),
        until=until,
        unknown=unknown,
        notes=notes,
    )


def _from_existing(others: Sequence[VirtualMachine], since: float, until: float) -> History:
    made = [(vm, seconds_of(vm.created)) for vm in others if vm.created]
    return History(
        source="existing VMs",
        deploys=tuple(_existing_deploy(vm, at if at >= since else None) for vm, at in made if at <= until),
        asked_since=since,
        since=since,
        until=until,
        notes=("only VMs that still exist are counted",),
    )


def _existing_deploy(vm: VirtualMachine, at: float | None) -> Deploy:
    return Deploy(
        vm_id=vm.id,
        template_id=vm.template_id,
        account_id=f"{vm.domain_id}/{vm.account}",
        offering_id=vm.service_offering_id,
        at=at,
    )


def _with_notes(history: History, notes: Sequence[str]) -> History:
    missing = (history.since - history.asked_since) / DAY
    young = (f"the {history.source} begin {missing:.1f} days after the time that was asked for",) if missing > 1 else ()
    return replace(history, notes=(*notes, *history.notes, *young))


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
