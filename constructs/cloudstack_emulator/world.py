"""The state of the emulated cloud, and the few ways in which it is changed."""

from __future__ import annotations

import itertools
import random
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .clock import Clock
from .entities import (
    Account,
    Cluster,
    DiskOffering,
    Domain,
    EventRecord,
    Host,
    ImageStore,
    Network,
    NetworkOffering,
    ResourceTag,
    ServiceOffering,
    StoragePool,
    Template,
    TemplateCopy,
    User,
    VirtualMachine,
    VMSchedule,
    Volume,
    Zone,
)
from .faults import Faults, Occasions
from .jobs import Jobs
from .scheduler import Scheduler
from .settings import Settings
from .usage import UsageServer


@dataclass(frozen=True, kw_only=True)
class Event:
    """One fact for tests, in the order of happening; ``kind`` is vm-created, copy-done, and so on."""

    kind: str
    at: float
    vm_id: str | None = None
    vm_name: str | None = None
    template_id: str | None = None
    template_name: str | None = None
    pool_name: str | None = None
    account: str | None = None


class World:
    """Everything that the emulated cloud holds; whoever touches it holds ``lock``."""

    def __init__(self, clock: Clock, *, copy_seconds: float = 0.0, job_seconds: float = 0.0, seed: int = 0) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.scheduler = Scheduler(clock, self.lock)
        self.jobs = Jobs(clock, self.scheduler)
        self.settings = Settings()
        self.faults = Faults()
        self.occasions = Occasions()
        #: Seconds by which this server's clock is ahead of its callers'.
        self.skew = 0.0
        self.random = random.Random(seed)
        self.copy_seconds = copy_seconds
        self.job_seconds = job_seconds
        self.management_server_id = self.new_id()
        #: Since 4.19.1 CloudStack looks up pools by the ids of image stores in ``downloaddetails``.
        self.downloaddetails_defect = True
        self._serials: defaultdict[str, itertools.count[int]] = defaultdict(lambda: itertools.count(1))

        self.domains: dict[str, Domain] = {}
        self.accounts: dict[str, Account] = {}
        self.users: dict[str, User] = {}
        self.zones: dict[str, Zone] = {}
        self.clusters: dict[str, Cluster] = {}
        self.hosts: dict[str, Host] = {}
        self.pools: dict[str, StoragePool] = {}
        #: Ids of pools that are gone; a new pool of the same name gets another one.
        self.removed_pools: set[str] = set()
        self.image_stores: dict[str, ImageStore] = {}
        self.templates: dict[str, Template] = {}
        self.disk_offerings: dict[str, DiskOffering] = {}
        self.service_offerings: dict[str, ServiceOffering] = {}
        self.network_offerings: dict[str, NetworkOffering] = {}
        self.networks: dict[str, Network] = {}
        self.vms: dict[str, VirtualMachine] = {}
        #: Ids of VMs that are gone: lists know them still, and find nothing.
        self.expunged: set[str] = set()
        self.vm_schedules: dict[str, VMSchedule] = {}
        self.volumes: dict[str, Volume] = {}
        #: By template id and pool id.
        self.copies: dict[tuple[str, str], TemplateCopy] = {}
        #: By resource type and id, then by key.
        self.tags: defaultdict[tuple[str, str], dict[str, ResourceTag]] = defaultdict(dict)
        self.events: list[EventRecord] = []
        self.trace: list[Event] = []
        self.usage = UsageServer(self.scheduler, self.settings, self.templates)
        self._on_pool: defaultdict[str, dict[str, Volume]] = defaultdict(dict)
        # Sums are kept, not taken: every start asks for those of every pool.
        self._volume_bytes: defaultdict[str, int] = defaultdict(int)
        self._copy_bytes: defaultdict[str, int] = defaultdict(int)
        self._copies_on: defaultdict[str, dict[str, TemplateCopy]] = defaultdict(dict)
        self._on_host: defaultdict[str, dict[str, VirtualMachine]] = defaultdict(dict)
        self._by_key: dict[str, User] = {}

    # Identity and time

    def now(self) -> float:
        """The emulated present."""
        return self.clock.now()

    def wall(self) -> float:
        """The real present, by which signatures expire, as far as this server's clock is right."""
        return time.time() + self.skew

    def new_id(self) -> str:
        """A fresh UUID in lower case."""
        return str(uuid.uuid4())

    def serial(self, kind: str) -> int:
        """The next database id of a kind of object."""
        return next(self._serials[kind])

    # Accounts

    @property
    def root_domain(self) -> Domain:
        """The domain ROOT."""
        return next(iter(self.domains.values()))

    @property
    def system_account(self) -> Account:
        """The account ``system``, which no list shows."""
        return next(account for account in self.accounts.values() if account.name == "system")

    def account_named(self, name: str, domain_id: str | None = None) -> Account | None:
        """The enabled account of that name (in that domain), ``system`` included."""
        for account in self.accounts.values():
            if account.name == name and domain_id in (None, account.domain.id):
                return account
        return None

    def user_of_key(self, api_key: str) -> User | None:
        """Whose API key it is."""
        user = self._by_key.get(api_key)
        return user if user is not None and user.keys is not None and user.keys.api_key == api_key else None

    def index_keys(self, user: User) -> None:
        """Make the user's present key pair usable."""
        if user.keys is not None:
            self._by_key[user.keys.api_key] = user

    # Volumes and hosts

    def place_volume(self, volume: Volume, pool: StoragePool) -> None:
        """Put a volume on a pool."""
        volume.pool = pool
        self._on_pool[pool.id][volume.id] = volume
        self._volume_bytes[pool.id] += volume.size

    def give_up_volume(self, volume: Volume) -> None:
        """Destroy a volume: gone at once if it was on no pool, else a row that lies there until the cleanup."""
        volume.vm = None
        if volume.pool is None:
            self.remove_volume(volume)
        else:
            self._volume_bytes[volume.pool.id] -= volume.size
            volume.state, volume.destroyed_at = "Destroy", self.now()

    def remove_volume(self, volume: Volume) -> None:
        """Take a volume's row away: nothing protects a copy because of it any more."""
        self.volumes.pop(volume.id, None)
        if volume.pool is not None:
            self._on_pool[volume.pool.id].pop(volume.id, None)
            if volume.state != "Destroy":
                self._volume_bytes[volume.pool.id] -= volume.size

    def volume_bytes(self, pool: StoragePool) -> int:
        """The virtual sizes of a pool's volumes but destroyed ones."""
        return self._volume_bytes[pool.id]

    def copy_bytes(self, pool: StoragePool) -> int:
        """The sizes of a pool's template copies."""
        return self._copy_bytes[pool.id]

    def volumes_on(self, pool: StoragePool) -> Iterable[Volume]:
        """All volumes with that pool id, destroyed ones included."""
        return self._on_pool[pool.id].values()

    def occupy(self, vm: VirtualMachine, host: Host | None) -> None:
        """Give a VM a host, or take it off its host."""
        if vm.host is not None:
            self._on_host[vm.host.id].pop(vm.id, None)
        vm.host = host
        if host is not None:
            self._on_host[host.id][vm.id] = vm

    def vms_on(self, host: Host) -> Iterable[VirtualMachine]:
        """The VMs that hold cpu and memory of a host."""
        return self._on_host[host.id].values()

    def add_copy(self, copy: TemplateCopy) -> None:
        """Take a row of template_spool_ref in."""
        self.copies[copy.template.id, copy.pool.id] = copy
        self._copies_on[copy.pool.id][copy.template.id] = copy
        self._copy_bytes[copy.pool.id] += copy.size

    def drop_copy(self, copy: TemplateCopy) -> None:
        """Take a row of template_spool_ref away."""
        if self.copies.pop((copy.template.id, copy.pool.id), None) is not None:
            self._copy_bytes[copy.pool.id] -= copy.size
        self._copies_on[copy.pool.id].pop(copy.template.id, None)

    def copies_on(self, pool: StoragePool) -> Iterable[TemplateCopy]:
        """The template copies of a pool, also unfinished ones."""
        return self._copies_on[pool.id].values()

    # Tags

    def tags_of(self, resource_type: str, resource_id: str) -> dict[str, ResourceTag]:
        """The resource tags by key, empty where there are none."""
        return self.tags.get((resource_type, resource_id), {})

    # What happened

    def note(
        self,
        kind: str,
        *,
        vm: VirtualMachine | None = None,
        template: Template | None = None,
        pool: StoragePool | None = None,
    ) -> None:
        """Add a fact to the trace."""
        if vm is not None:
            self.usage.observe(kind, vm, self.now())
        template = template or (vm.template if vm else None)
        pool = pool or (vm.root.pool if vm and vm.root else None)
        self.trace.append(
            Event(
                kind=kind,
                at=self.now(),
                vm_id=vm.id if vm else None,
                vm_name=vm.name if vm else None,
                template_id=template.id if template else None,
                template_name=template.name if template else None,
                pool_name=pool.name if pool else None,
                account=vm.account.name if vm else None,
            )
        )

    def record(
        self,
        kind: str,
        description: str,
        *,
        user: User,
        account: Account | None = None,
        state: str = "Completed",
        level: str = "INFO",
        resource: Any = None,
        resource_type: str | None = None,
        parent: EventRecord | None = None,
    ) -> EventRecord:
        """Add a row for listEvents; ``kind`` is VM.CREATE and the like, ``resource`` is any entity with id and name."""
        event = EventRecord(
            id=self.new_id(),
            type=kind,
            level=level,
            description=description,
            state=state,
            created=self.now(),
            user=user,
            account=account or user.account,
            resource_id=getattr(resource, "id", None),
            resource_type=resource_type,
            resource_name=getattr(resource, "name", None),
            parent_id=parent.id if parent else None,
        )
        self.events.append(event)
        return event
