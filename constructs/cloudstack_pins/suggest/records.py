"""Deploys, made of usage records: counted by VM and template, never by record.

A usage record says how many hours of one window a VM existed (type 2) or ran (type 1), not when it was deployed.
Records can be repeated (apache/cloudstack #13399), a VM has records under each owner that it had, and a restored VM
shows its old template in type 2 and its new one in type 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_FULL = 0.999
HOUR = 3600.0


@dataclass(frozen=True, kw_only=True)
class Record:
    """One usage record: ``start`` and ``end`` bound its window (seconds since 1970, end excluded)."""

    vm_id: str
    vm_name: str
    template_id: str
    account_id: str
    offering_id: str
    kind: int
    start: float
    end: float
    hours: float


@dataclass(frozen=True, kw_only=True)
class Deploy:
    """One VM's use of one template. ``at`` None: before the history begins; ``until`` None: it still exists."""

    vm_id: str
    template_id: str
    account_id: str
    offering_id: str
    at: float | None
    until: float | None = None


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
        return self.seconds >= _FULL * (self.end - self.start)


def deploys(records: Iterable[Record], created: Mapping[str, float]) -> tuple[Deploy, ...]:
    """Return one Deploy for each VM and template; ``created`` holds the dates of VMs that still exist.

    A VM that filled the first window of all existed before the history begins. One that shows in that window only, and
    for a part of it, counts as deployed in it, though it may have been older and ended there.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.vm_id, record.template_id), []).append(record)
    if not groups:
        return ()
    first = min(record.start for group in groups.values() for record in group)
    last = max(record.end for group in groups.values() for record in group)
    oldest: dict[str, float] = {}
    for (vm_id, _), group in groups.items():
        oldest[vm_id] = min([oldest.get(vm_id, last), *(record.start for record in group)])
    made = [_deploy(key, group, first, last, created, oldest) for key, group in groups.items()]
    return tuple(sorted(made, key=lambda deploy: (deploy.at or 0.0, deploy.vm_id, deploy.template_id)))


def _deploy(
    key: tuple[str, str],
    group: list[Record],
    first: float,
    last: float,
    created: Mapping[str, float],
    oldest: Mapping[str, float],
) -> Deploy:
    vm_id, template_id = key
    windows = _windows(group)
    at, until = _life(windows, first, last)
    if vm_id in created:
        until = None
        if windows[0].start == oldest[vm_id]:
            at = created[vm_id] if created[vm_id] >= first else None
    return Deploy(
        vm_id=vm_id,
        template_id=template_id,
        account_id=_account(windows),
        offering_id=min(group, key=lambda record: (record.start, record.offering_id)).offering_id,
        at=at,
        until=until,
    )


def _windows(group: list[Record]) -> list[Window]:
    """Return the windows in order. Owners' hours add up, repeated records and the two kinds do not."""
    hours: dict[tuple[float, float], dict[str, float]] = {}
    for record in group:
        owners = hours.setdefault((record.start, record.end), {})
        owners[record.account_id] = max(owners.get(record.account_id, 0.0), record.hours)
    return [
        Window(
            start=start,
            end=end,
            seconds=min(sum(owners.values()) * HOUR, end - start),
            accounts=frozenset(owners),
        )
        for (start, end), owners in sorted(hours.items())
    ]


def _life(windows: list[Window], first: float, last: float) -> tuple[float | None, float | None]:
    begin, end = windows[0], windows[-1]
    single = len(windows) == 1
    if begin.is_full:
        at = None if begin.start == first else begin.start
    else:
        # One that goes on in the next window was there at the end of this one.
        at = begin.start if single and begin.end != last else begin.end - begin.seconds
    if end.end == last and (end.is_full or not single):
        return at, None
    until = (at if at is not None and single else end.start) + end.seconds
    return at, until


def _account(windows: list[Window]) -> str:
    """Return the account that deployed: of several in the first window, the one that did not keep the VM."""
    candidates = windows[0].accounts
    if len(candidates) > 1 and len(windows) > 1:
        candidates = (candidates - windows[-1].accounts) or candidates
    return min(candidates)
