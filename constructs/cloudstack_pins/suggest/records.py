"""Deploys, made of usage records: counted by VM and template, never by record.

A usage record says how many hours of one window a VM existed (type 2) or ran (type 1), not when it was deployed.
Records can be repeated (apache/cloudstack #13399), a VM has records under each owner and each offering that it had, and
a restored VM shows its old template in type 2 and its new one in type 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from cloudstack_pins.suggest.history import Deploy

HOUR = 3600.0
_FULL = 0.999
_SLACK = 60.0


@dataclass(frozen=True, kw_only=True)
class Record:
    """One usage record: ``start`` and ``end`` bound its window (seconds since 1970, end excluded)."""

    vm_id: str
    vm_name: str
    template_id: str
    template_name: str
    account: str
    offering_id: str
    kind: int
    start: float
    end: float
    hours: float


@dataclass(frozen=True, kw_only=True)
class Window:
    """What is known of one VM and template in one usage window: the seconds it was there, and under which accounts."""

    start: float
    end: float
    seconds: float
    accounts: frozenset[str]

    @property
    def is_full(self) -> bool:
        """Whether the VM was there all the time."""
        length = self.end - self.start
        return self.seconds >= max(_FULL * length, length - _SLACK)


@dataclass(frozen=True, kw_only=True)
class Created:
    """What else is known of a VM's beginning: when (seconds since 1970), and for whom, None where that is unknown."""

    at: float
    account: str | None = None


@dataclass(frozen=True, kw_only=True)
class Log:
    """The bounds of all records, and from which moment on deploys are counted; seconds since 1970."""

    begin: float
    end: float
    since: float


def deploys(
    records: Iterable[Record], created: Mapping[str, Created], alive: frozenset[str], *, since: float, begin: float
) -> tuple[Deploy, ...]:
    """Return one Deploy for each VM and template; ``alive`` holds the ids of VMs that still exist.

    ``begin`` is when the first window of the usage server began, of whatever records.

    ``records`` should begin a window before ``since``: who has a record in a window before it was deployed before it.
    Where they don't, a VM of the first window of all counts by its date in ``created``; without one it counts as older
    if it filled that window, and as deployed in it otherwise. A VM that was restored before all records, and stood
    still in them, counts when it runs again: no record tells the difference.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.vm_id, record.template_id), []).append(record)
    if not groups:
        return ()
    every = [record for group in groups.values() for record in group]
    log = Log(begin=begin, end=max(record.end for record in every), since=since)
    oldest: dict[str, float] = {}
    for record in every:
        oldest[record.vm_id] = min(oldest.get(record.vm_id, record.start), record.start)
    made = []
    for (vm_id, _), group in groups.items():
        is_original = min(record.start for record in group) == oldest[vm_id]
        deploy = _deploy(group, log, created.get(vm_id) if is_original else None)
        made.append(replace(deploy, until=None) if vm_id in alive else deploy)
    return tuple(sorted(made, key=lambda deploy: (deploy.at or 0.0, deploy.vm_id, deploy.template_id)))


def undecided(found: Iterable[Record], *, since: float, begin: float) -> bool:
    """Whether dates and owners of creation could tell more than these records do."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in found:
        groups.setdefault((record.vm_id, record.template_id), []).append(record)
    firsts = [_windows(group)[0] for group in groups.values()]
    return any(
        first.start >= since and (len(first.accounts) > 1 or (first.start == begin and not first.is_full))
        for first in firsts
    )


def _deploy(group: list[Record], log: Log, created: Created | None) -> Deploy:
    windows = _windows(group)
    first = min(group, key=lambda record: (record.start, record.offering_id))
    at = None if _is_older(windows[0], log, created) else _beginning(windows, log, created)
    return Deploy(
        vm_id=first.vm_id,
        template_id=first.template_id,
        template_name=first.template_name,
        accounts=_deployers(windows, created),
        offering_id=first.offering_id,
        at=at,
        until=_ending(windows, log, at),
    )


def _windows(group: list[Record]) -> list[Window]:
    """Return the windows in order. Hours of owners and offerings add up, repeated records and the two kinds do not."""
    found: dict[tuple[float, float], list[Record]] = {}
    for record in group:
        found.setdefault((record.start, record.end), []).append(record)
    return [
        Window(
            start=start,
            end=end,
            seconds=min(_hours(rows) * HOUR, end - start),
            accounts=frozenset(row.account for row in rows),
        )
        for (start, end), rows in sorted(found.items())
    ]


def _hours(rows: list[Record]) -> float:
    parts = {(row.kind, row.account, row.offering_id, row.hours) for row in rows}
    sums: dict[int, float] = {}
    for kind, _, _, hours in sorted(parts):
        sums[kind] = sums.get(kind, 0.0) + hours
    return max(sums.values())


def _is_older(first: Window, log: Log, created: Created | None) -> bool:
    if first.start < log.since:
        return True
    if first.start > log.begin:
        return False
    return created.at < log.begin if created is not None else first.is_full


def _beginning(windows: list[Window], log: Log, created: Created | None) -> float:
    first = windows[0]
    if created is not None and first.start <= created.at < first.end:
        return created.at
    # One that goes on in the next window was there at the end of this one.
    goes_on = len(windows) > 1 or first.end == log.end
    return first.end - first.seconds if goes_on else first.start


def _ending(windows: list[Window], log: Log, at: float | None) -> float | None:
    last, single = windows[-1], len(windows) == 1
    if last.end == log.end and last.is_full:
        return None
    return min((at if at is not None and single else last.start) + last.seconds, last.end)


def _deployers(windows: list[Window], created: Created | None) -> frozenset[str]:
    """Return who may have deployed: the owners in the first window, or the one of them that the creation names."""
    owners = windows[0].accounts
    if created is not None and created.account in owners:
        return frozenset([created.account])
    return owners
