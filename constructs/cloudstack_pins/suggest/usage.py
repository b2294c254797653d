"""The past as usage records tell it: the one source that knows the VMs that are gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cloudstack_pins.cloudstack import Session, VirtualMachine
from cloudstack_pins.errors import CloudStackError
from cloudstack_pins.suggest.events import Creations
from cloudstack_pins.suggest.history import DAY, History, day_of, owner, seconds_of
from cloudstack_pins.suggest.pin_traces import PinTraces
from cloudstack_pins.suggest.records import Created, Record, deploys, undecided

RUNNING_VM = 1
ALLOCATED_VM = 2
# A week is the longest usual window; the one before --since tells older VMs from new ones.
_LOOKBACK = 8 * DAY


def from_usage(
    session: Session,
    zone_id: str,
    machines: Sequence[VirtualMachine],
    traces: PinTraces,
    *,
    since: float,
    until: float,
) -> History | None:
    """Return the history of usage windows that begin at ``since`` or later, None where there are none.

    ``machines`` are all VMs that exist, in all zones. Raises CloudStackError.
    """
    rows = [(kind, row) for kind in (ALLOCATED_VM, RUNNING_VM) for row in _rows(session, kind, since, until)]
    windows = sorted({(seconds_of(row["startdate"]), seconds_of(row["enddate"]) + 1) for _, row in rows})
    counted = [window for window in windows if window[0] >= since]
    if not counted:
        return None
    in_zone = [(kind, row) for kind, row in rows if row.get("virtualmachineid") and row.get("zoneid") == zone_id]
    records = _without_pins([_record(row, kind) for kind, row in in_zone], traces)
    begin, counts_from, end = windows[0][0], counted[0][0], max(end for _, end in counted)
    needs_more = undecided(records, since=counts_from, begin=begin)
    return History(
        source="usage records",
        deploys=deploys(
            records,
            _created(session, machines, with_events=needs_more),
            frozenset(vm.id for vm in machines),
            since=counts_from,
            begin=begin,
        ),
        since=counts_from,
        until=end,
        doubt=_doubt(windows, asked=since, since=counts_from, until=until),
    )


def _rows(session: Session, kind: int, since: float, until: float) -> list[dict[str, object]]:
    dates = {"startdate": day_of(since - _LOOKBACK), "enddate": day_of(until)}
    return session.list("listUsageRecords", "usagerecord", type=kind, **dates)


def _record(row: Mapping[str, object], kind: int) -> Record:
    offering_id, template_id = str(row.get("offeringid", "")), str(row.get("templateid", ""))
    # "... using service offering NAME (ID) and template NAME (ID)": the only place that names a deleted template.
    _, _, tail = str(row.get("description", "")).rpartition(f"({offering_id}) and template ")
    ending = f" ({template_id})"
    return Record(
        vm_id=str(row["virtualmachineid"]),
        vm_name=str(row.get("name", "")),
        template_id=template_id,
        template_name=tail.removesuffix(ending) if tail.endswith(ending) else "",
        account=owner(row.get("domainid"), row.get("account")),
        offering_id=offering_id,
        kind=kind,
        start=seconds_of(row["startdate"]),
        # A window ends with its last second, 21:32:59.
        end=seconds_of(row["enddate"]) + 1,
        hours=float(str(row.get("rawusage", 0))),
    )


def _without_pins(records: Sequence[Record], traces: PinTraces) -> list[Record]:
    # A pin that was handed over has records under its deployer too: one trace tells of all.
    pins = {
        one.vm_id
        for one in records
        if traces.bear(one.vm_id, name=one.vm_name, offering_id=one.offering_id, account=one.account)
    }
    return [record for record in records if record.vm_id not in pins]


def _created(session: Session, machines: Sequence[VirtualMachine], *, with_events: bool) -> dict[str, Created]:
    """Return when VMs were created: those that exist, and with the event log also those that are gone, and for whom."""
    found = {vm.id: Created(at=seconds_of(vm.created)) for vm in machines if vm.created}
    if with_events:
        try:
            creations = Creations.read(session)
        except CloudStackError:
            return found
        for vm_id, creation in creations.of_vms.items():
            found[vm_id] = Created(at=found[vm_id].at if vm_id in found else creation.at, account=creation.account)
    return found


def _doubt(windows: Sequence[tuple[float, float]], *, asked: float, since: float, until: float) -> str | None:
    """Return why records may be missing: the log is younger than was asked for, has a hole, or ended long ago."""
    longest = max(end - start for start, end in windows)
    if windows[0][0] > asked + DAY:
        return f"the usage records begin only on {day_of(windows[0][0])}"
    covered = since
    for start, end in windows:
        if start > covered + 1:
            return f"there are no usage records from {day_of(covered)} to {day_of(start)}"
        covered = max(covered, end)
    if until - covered > longest + 2 * DAY:
        return f"the usage records end on {day_of(covered)}"
    return None
