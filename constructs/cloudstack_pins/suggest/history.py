"""Past deploys, and how much they prove. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Source = Literal["usage records", "events", "existing VMs"]

DAY = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Deploy:
    """One VM's use of one template.

    ``accounts`` holds who may have deployed it, as ``domain id/account``: one, or several where the VM changed hands
    within one usage window. ``at`` None: before the history begins; ``until`` None: it still exists.
    """

    vm_id: str
    template_id: str
    accounts: frozenset[str]
    offering_id: str
    at: float | None
    until: float | None = None
    template_name: str = ""


@dataclass(frozen=True, kw_only=True)
class History:
    """Deploys from ``since`` to ``until`` (seconds since 1970), and older ones whose VMs may still hold a copy.

    ``unknown`` counts deploys whose template nobody knows any more. ``doubt`` says why few deploys here need not mean
    few deploys, None where they do. ``notes`` are for people.
    """

    source: Source
    deploys: tuple[Deploy, ...]
    since: float
    until: float
    unknown: int = 0
    doubt: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def days(self) -> float:
        """The days covered, at least one."""
        return max((self.until - self.since) / DAY, 1.0)


def owner(domain_id: object, account: object) -> str:
    """Return an account as ``Deploy.accounts`` names it: account names are unique in their domain."""
    return f"{domain_id or ''}/{account or ''}"


def seconds_of(date: object) -> float:
    """Read a date as CloudStack writes it, ``2026-11-24T21:31:00+0000``, as seconds since 1970."""
    # Older usage servers write the quotes of the format with it: 2026-11-24'T'21:31:00+00:00.
    return datetime.strptime(str(date).replace("'T'", "T"), "%Y-%m-%dT%H:%M:%S%z").timestamp()


def day_of(seconds: float) -> str:
    """Return the day (UTC) as CloudStack reads it, ``2026-11-24``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
