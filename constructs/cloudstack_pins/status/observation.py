"""What CloudStack held when it was asked: values only, so that judging needs no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cloudstack_pins.model import TAG_POOL, TAG_REVISION, TAG_SET, TAG_STORAGE_TAG, TAG_TEMPLATE

FIVE_TAGS = (TAG_SET, TAG_TEMPLATE, TAG_STORAGE_TAG, TAG_POOL, TAG_REVISION)

PREFERENCE = "preferred.storage.pool"
GC_ENABLED = "storage.cleanup.enabled"
GC_TEMPLATES_ENABLED = "storage.template.cleanup.enabled"
GC_INTERVAL = "storage.cleanup.interval"
EXPUNGE_DELAY = "expunge.delay"
EXPUNGE_INTERVAL = "expunge.interval"
USED_THRESHOLD = "pool.storage.capacity.disablethreshold"
ALLOCATED_THRESHOLD = "pool.storage.allocated.capacity.disablethreshold"

GONE_STATES = frozenset({"Destroyed", "Expunging"})
"""VM states in which a VM is on its way out; recoverVirtualMachine brings the first back."""


@dataclass(frozen=True, kw_only=True)
class SeenRoot:
    """A VM's ROOT volume. ``pool_id`` is None while Allocated, and where the key may not see it."""

    ready: bool
    pool_id: str | None = None
    pool_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class SeenVm:
    """A VM as listVirtualMachines says, with its ROOT (None: not found out).

    ``changed`` is when its row last changed (``lastupdated``), for a Destroyed VM the time of its destruction;
    ``lease_ends`` and ``lease_action`` are CloudStack's instance lease (since 4.21).
    """

    id: str
    name: str
    state: str
    account: str
    domain_id: str | None
    template_id: str | None
    tags: Mapping[str, str]
    root: SeenRoot | None = None
    created: datetime | None = None
    changed: datetime | None = None
    lease_ends: datetime | None = None
    lease_action: str | None = None

    @property
    def is_gone(self) -> bool:
        """Whether it is destroyed or being expunged."""
        return self.state in GONE_STATES


@dataclass(frozen=True, kw_only=True)
class SeenPool:
    """A primary storage pool with its capacity in bytes and the shares at which CloudStack stops using it."""

    id: str
    name: str
    state: str
    scope: str
    cluster_id: str | None
    tags: frozenset[str]
    total: int
    allocated: int
    used: int
    overprovision_factor: float = 1.0
    used_threshold: float | None = None
    allocated_threshold: float | None = None

    @property
    def used_share(self) -> float:
        """Used bytes over capacity, what the first threshold is about."""
        return self.used / self.total if self.total else 0.0

    @property
    def allocated_share(self) -> float:
        """Allocated bytes over capacity x overprovisioning, what the second threshold is about."""
        capacity = self.total * self.overprovision_factor
        return self.allocated / capacity if capacity else 0.0


@dataclass(frozen=True, kw_only=True)
class SeenLease:
    """The activation lease on the pin network: who holds it, until when (None: not ours to read), and its tags' keys.

    ``over`` says that it may be taken over: it has expired, or its process is known to be dead.
    """

    holder: str
    expires: datetime | None
    over: bool
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SeenSchedule:
    """A VM schedule (createVMSchedule): what it will do to a pin, and when."""

    id: str
    vm_id: str
    action: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The account of the API key."""

    account: str
    account_id: str | None
    domain_id: str | None
    is_root_admin: bool


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One look. None means "this key may not see it", which is said and never guessed over.

    ``vms`` bear the set's tag; ``strays`` are VMs without any tag on the pins' network; ``template_ids`` are the
    zone's templates; ``schedules`` is None where nobody asked. ``lock_changes`` says in words what a new lock would
    change, None where there is no lock to compare. ``unseen`` says in words what could not be read.
    """

    at: datetime
    caller: Caller
    vms: tuple[SeenVm, ...]
    strays: tuple[SeenVm, ...] = ()
    pools: tuple[SeenPool, ...] | None = None
    template_ids: frozenset[str] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    preference: str | None = None
    lease: SeenLease | None = None
    network_is_gone: bool = False
    schedules: tuple[SeenSchedule, ...] | None = None
    lock_changes: tuple[str, ...] | None = None
    lock_problems: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()

    def pool(self, pool_id: str | None) -> SeenPool | None:
        """Return the pool of this id, None where it is not there or may not be seen."""
        return next((pool for pool in self.pools or () if pool.id == pool_id), None)

    def is_gone(self, pool_id: str | None) -> bool:
        """Whether a pool that a volume names is not in the zone any more, as far as this key sees pools."""
        return pool_id is not None and self.pools is not None and self.pool(pool_id) is None

    def seconds(self, setting: str) -> int | None:
        """Return a setting in seconds, None where it could not be read."""
        try:
            return int(self.settings[setting])
        except (KeyError, ValueError):
            return None

    def is_on(self, setting: str) -> bool | None:
        """Return a switch, None where it could not be read."""
        value = self.settings.get(setting)
        return None if value is None else value.lower() == "true"
