"""What is noted about others: tags, events, schedules."""

from __future__ import annotations

from dataclasses import dataclass, field

from .accounts import Account, User
from .instances import VirtualMachine


@dataclass(eq=False, kw_only=True)
class ResourceTag:
    """A key and value on a resource; ``resource_type`` as CloudStack spells it (UserVm, Network, Template, ...)."""

    key: str
    value: str
    resource_type: str
    resource_id: str
    account: Account = field(repr=False)


@dataclass(eq=False, kw_only=True)
class EventRecord:
    """A row of listEvents; ``state`` is Scheduled, Started or Completed."""

    id: str
    type: str
    level: str
    description: str
    state: str
    created: float
    user: User = field(repr=False)
    account: Account = field(repr=False)
    resource_id: str | None = None
    resource_type: str | None = None
    resource_name: str | None = None
    parent_id: str | None = None


@dataclass(eq=False, kw_only=True)
class VMSchedule:
    """A cron line that would start, stop or reboot a VM; shown, never acted upon."""

    id: str
    vm: VirtualMachine = field(repr=False)
    action: str
    schedule: str
    timezone: str
    description: str
    enabled: bool
    begin: float
    end: float | None
    created: float
