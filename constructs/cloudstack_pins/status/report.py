"""What status finds: values that every form (table, JSON, page, metrics) is made from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

GIB = 1024**3


class State(StrEnum):
    """What a declared pin is now. The order is that of the legend: best first."""

    ACTIVE = "active"
    NOT_ACTIVATED = "not activated"
    RUNNING = "running"
    WRONG_POOL = "wrong pool"
    WRONG_OWNER = "wrong owner"
    WRONG_TEMPLATE = "wrong template"
    ERROR = "error"
    DESTROYED = "destroyed"
    MISSING = "missing"
    DUPLICATE = "duplicate"


class Severity(StrEnum):
    """How bad a finding is: a copy is unprotected, one may become so, or something is merely untidy."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that a person or a scheduler should act on.

    ``id`` is stable from look to look: the kind and what it is about. ``repair`` holds commands, in order; text that
    is no command starts with ``#``.
    """

    kind: str
    about: str
    severity: Severity
    text: str
    repair: tuple[str, ...]

    @property
    def id(self) -> str:
        """What tells this finding from any other of the set."""
        return f"{self.kind}:{self.about}"


@dataclass(frozen=True, kw_only=True)
class PinReport:
    """One declared pin and what became of it.

    ``protects`` says whether GC leaves the copy alone now, ``until`` when a destroyed pin may be expunged,
    ``vm_ids`` every VM that claims to be this pin, ``held`` the bytes of its pool's allocated capacity (None: unknown).
    """

    key: str
    address: str
    template: str
    template_id: str
    template_name: str
    storage_tag: str
    pool: str | None
    revision: str
    previous: bool
    state: State
    protects: bool
    detail: str
    vm_ids: tuple[str, ...] = ()
    pool_id: str | None = None
    pool_name: str | None = None
    until: datetime | None = None
    held: int | None = None


@dataclass(frozen=True, kw_only=True)
class PoolReport:
    """A pool that the set uses, or should use; shares are None where this key may not see them."""

    id: str
    name: str
    key: str | None
    state: str | None
    scope: str | None
    tags: tuple[str, ...]
    pins: int
    held: int
    used_share: float | None = None
    used_threshold: float | None = None
    allocated_share: float | None = None
    allocated_threshold: float | None = None
    total: int | None = None
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class GcReport:
    """Template garbage collection: None where it could not be read.

    Nobody outside the management server knows when its passes are, only how far apart: ``next_pass_by`` and
    ``second_pass_by`` are the latest times of the next two.
    """

    enabled: bool | None
    interval: int | None
    next_pass_by: datetime | None
    second_pass_by: datetime | None


@dataclass(frozen=True, kw_only=True)
class OrphanReport:
    """A VM with the set's tag that no declared pin accounts for."""

    vm_id: str
    name: str
    state: str
    template: str
    storage_tag: str
    pool: str
    revision: str


@dataclass(frozen=True, kw_only=True)
class SetReport:
    """Everything about one set."""

    set_name: str
    source: str
    zone_id: str
    owner: str
    pins: tuple[PinReport, ...]
    pools: tuple[PoolReport, ...]
    orphans: tuple[OrphanReport, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    unseen: tuple[str, ...]
    gc: GcReport

    @property
    def current(self) -> tuple[PinReport, ...]:
        """The pins that are declared now, without those that a rotation keeps."""
        return tuple(pin for pin in self.pins if not pin.previous)

    @property
    def copies_missing(self) -> int:
        """How many declared copies nothing protects."""
        return sum(not pin.protects for pin in self.current)

    @property
    def held(self) -> int:
        """Bytes of allocated capacity that the set's protecting pins hold, as far as sizes are known."""
        return sum(pin.held or 0 for pin in self.pins if pin.protects)

    def counts(self) -> dict[State, int]:
        """Return how many declared pins are in each state, only states that occur, in the legend's order."""
        return {state: n for state in State if (n := sum(pin.state is state for pin in self.current))}


@dataclass(frozen=True, kw_only=True)
class Report:
    """One look at one or several sets."""

    at: datetime
    sets: tuple[SetReport, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all sets."""
        return tuple(finding for each in self.sets for finding in each.findings)

    @property
    def exit_status(self) -> int:
        """0: every declared pin is active and nothing was found, 3: there are findings."""
        return 3 if self.findings else 0


def gib(size: int | None) -> str:
    """Return bytes in GiB (TiB from 1024 of them) for people, "unknown" for None."""
    if size is None:
        return "unknown"
    value, unit = (size / GIB, "GiB") if size < 1024 * GIB else (size / GIB / 1024, "TiB")
    return f"{value:.0f} {unit}" if value >= 100 or value == int(value) else f"{value:.1f} {unit}"


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key that puts PS2 before PS10."""
    return tuple(
        (0, int(part), part) if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", name) if part
    )


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings, worst first, then by id; one of each id."""
    ranks = list(Severity)
    unique = {finding.id: finding for finding in findings}
    return tuple(sorted(unique.values(), key=lambda finding: (ranks.index(finding.severity), finding.id)))
