"""The past as the event log tells it: who deployed when, also of VMs that are gone, but never from which template."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cloudstack_pins.cloudstack import Session, VirtualMachine
from cloudstack_pins.errors import CloudStackError
from cloudstack_pins.suggest.history import DAY, Deploy, History, day_of, owner, seconds_of
from cloudstack_pins.suggest.pin_traces import PinTraces, is_unnamed

_PURGE_DELAY = "event.purge.delay"
_PURGE_DEFAULT_DAYS = 15.0


@dataclass(frozen=True, kw_only=True)
class Creation:
    """The first VM.CREATE event of a VM: when (seconds since 1970), for which account, under which name."""

    at: float
    account: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Creations:
    """What VM.CREATE events tell, by VM id; ``begin`` is the first of them, None without any."""

    of_vms: Mapping[str, Creation]
    begin: float | None

    @classmethod
    def read(cls, session: Session) -> Creations:
        """Read the whole log of them, which holds two or three events for each deploy. Raises CloudStackError."""
        found: dict[str, Creation] = {}
        for event in session.list("listEvents", "event", type="VM.CREATE", listall=True):
            vm_id, at = str(event.get("resourceid") or ""), seconds_of(event["created"])
            if vm_id and (vm_id not in found or at < found[vm_id].at):
                account = owner(event.get("domainid"), event.get("account"))
                found[vm_id] = Creation(at=at, account=account, name=str(event.get("resourcename") or ""))
        return cls(of_vms=found, begin=min((creation.at for creation in found.values()), default=None))


def from_events(
    session: Session,
    zone_id: str,
    machines: Sequence[VirtualMachine],
    traces: PinTraces,
    *,
    since: float,
    until: float,
) -> History | None:
    """Return the deploys in the event log that are later than ``since``, None where it has none at all.

    ``machines`` are all VMs that exist, in all zones: they name the templates. VMs that are gone are of unknown
    template, but for those that whoever makes pins did not name. Raises CloudStackError.
    """
    creations = Creations.read(session)
    if creations.begin is None:
        return None
    existing = {vm.id for vm in machines}
    others = [vm for vm in machines if vm.zone_id == zone_id and vm.id not in traces.ids]
    made = [_deploy(vm, creations.of_vms.get(vm.id), since, until) for vm in others]
    makers = traces.owners | {one.account for vm_id, one in creations.of_vms.items() if vm_id in traces.ids}
    gone = sum(
        vm_id not in existing and since <= one.at <= until and not (is_unnamed(one.name) and one.account in makers)
        for vm_id, one in creations.of_vms.items()
    )
    return History(
        source="events",
        deploys=tuple(sorted(made, key=lambda deploy: (deploy.at or 0.0, deploy.vm_id))),
        since=max(since, creations.begin),
        until=until,
        unknown=gone,
        doubt=_doubt(gone, creations.begin, since),
        notes=("a VM counts for the template that it has now, also where it was restored",),
    )


def measured_copy_rate(session: Session, pins: Sequence[VirtualMachine], sizes: Mapping[str, int]) -> float | None:
    """Return the bytes a second at which the first starts of ``pins`` copied, None where the event log has none.

    ``sizes`` maps a template's id to its size in bytes. A first start holds the copy and the start itself, so the true
    speed is somewhat higher; the median of all pins is taken. Pins count whose whole life is in the log, and whose
    first start succeeded, since a later one finds the copy there.
    """
    try:
        oldest = session.clock.now() - _kept_days(session) * DAY
        made = {pin.id: pin for pin in pins if pin.template_id in sizes and pin.created}
        young = [vm_id for vm_id, pin in made.items() if seconds_of(pin.created) >= oldest]
        if not young:
            return None
        begin = min(seconds_of(made[vm_id].created) for vm_id in young)
        events = session.list("listEvents", "event", type="VM.START", listall=True, startdate=day_of(begin))
    except CloudStackError:
        return None
    of_vms: dict[str, list[tuple[float, str, str]]] = {vm_id: [] for vm_id in young}
    for event in events:
        if (vm_id := str(event.get("resourceid") or "")) in of_vms:
            entry = (seconds_of(event["created"]), str(event.get("state", "")), str(event.get("level", "")))
            of_vms[vm_id].append(entry)
    rates = [
        sizes[made[vm_id].template_id] / seconds
        for vm_id, entries in of_vms.items()
        if (seconds := _first_start(entries)) is not None
    ]
    return statistics.median(rates) if rates else None


def _deploy(vm: VirtualMachine, creation: Creation | None, since: float, until: float) -> Deploy:
    at = creation.at if creation is not None and since <= creation.at <= until else None
    return Deploy(
        vm_id=vm.id,
        template_id=vm.template_id,
        template_name=vm.template_name,
        accounts=frozenset([creation.account if creation is not None else owner(vm.domain_id, vm.account)]),
        offering_id=vm.service_offering_id,
        at=at,
    )


def _doubt(gone: int, begin: float, since: float) -> str | None:
    if gone:
        return f"{gone} deployed VMs are gone, and no event names their template"
    if begin > since + DAY:
        return f"the first VM.CREATE event is of {day_of(begin)}"
    return None


def _first_start(entries: list[tuple[float, str, str]]) -> float | None:
    """Return the seconds from Started to Completed, None where the first start failed or is not wholly there."""
    ends = sorted((at, level) for at, state, level in entries if state == "Completed")
    begins = [at for at, state, _ in entries if state == "Started"]
    if not ends or not begins or ends[0][1] == "ERROR":
        return None
    seconds = ends[0][0] - min(begins)
    return seconds if seconds > 0 else None


def _kept_days(session: Session) -> float:
    """Return for how many days events are kept; zero in the setting means for good."""
    try:
        days = float(session.setting(_PURGE_DELAY) or _PURGE_DEFAULT_DAYS)
    except (CloudStackError, ValueError):
        return _PURGE_DEFAULT_DAYS
    return days or 36_500.0
