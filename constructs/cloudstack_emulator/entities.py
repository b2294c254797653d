"""The things a CloudStack holds: plain records that refer to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

GIB = 1024**3
TIB = 1024**4


@dataclass(frozen=True)
class Keys:
    """An API key and its secret, which no representation shows."""

    api_key: str
    secret_key: str = field(repr=False)


@dataclass(eq=False, kw_only=True)
class Domain:
    """A domain; only ROOT is modelled with behaviour."""

    id: str
    name: str
    path: str
    created: float


@dataclass(eq=False, kw_only=True)
class Account:
    """An account; ``type`` is 0 for User, 1 for root Admin, 2 for DomainAdmin."""

    id: str
    name: str
    type: int
    domain: Domain = field(repr=False)
    created: float
    role_id: str
    role_type: str
    role_name: str
    is_default: bool = False
    state: str = "enabled"

    @property
    def is_root_admin(self) -> bool:
        """Whether the account's role may do everything."""
        return self.type == 1


@dataclass(eq=False, kw_only=True)
class User:
    """A user of an account, with at most one key pair."""

    id: str
    name: str
    account: Account
    created: float
    first_name: str = "p"
    last_name: str = "p"
    email: str = "nobody@example.org"
    keys: Keys | None = None
    is_default: bool = False
    state: str = "enabled"


@dataclass(eq=False, kw_only=True)
class Zone:
    """A zone with its one pod and its one physical network."""

    id: str
    name: str
    network_type: str = "Advanced"
    security_groups: bool = False
    local_storage: bool = False
    allocation_state: str = "Enabled"
    pod_id: str
    pod_name: str
    physical_network_id: str
    token: str
    dns: str = "10.147.28.6"


@dataclass(eq=False, kw_only=True)
class Cluster:
    """A cluster of hosts."""

    id: str
    name: str
    zone: Zone = field(repr=False)
    hypervisor: str
    allocation_state: str = "Enabled"


@dataclass(eq=False, kw_only=True)
class Host:
    """A hypervisor host; cpu_speed in MHz, memory in bytes."""

    id: str
    name: str
    cluster: Cluster = field(repr=False)
    ip_address: str
    created: float
    cpus: int = 32
    cpu_speed: int = 2400
    memory: int = 128 * GIB
    state: str = "Up"
    resource_state: str = "Enabled"


@dataclass(eq=False, kw_only=True)
class StoragePool:
    """A primary storage pool; sizes in bytes.

    ``foreign_used`` and ``foreign_allocated`` are bytes that no emulated VM accounts for, so that tests can fill it.
    """

    id: str
    serial: int
    name: str
    zone: Zone = field(repr=False)
    cluster: Cluster | None = field(repr=False)
    host: Host | None = field(repr=False, default=None)
    scope: str
    tags: list[str]
    capacity: int
    type: str = "NetworkFilesystem"
    state: str = "Up"
    ip_address: str
    path: str
    hypervisor: str
    created: float
    foreign_used: int = 0
    foreign_allocated: int = 0


@dataclass(eq=False, kw_only=True)
class ImageStore:
    """A secondary storage."""

    id: str
    serial: int
    name: str
    zone: Zone = field(repr=False)
    url: str


@dataclass(eq=False, kw_only=True)
class Template:
    """A registered template; ``size`` in bytes."""

    id: str
    name: str
    display_text: str
    zone: Zone = field(repr=False)
    account: Account = field(repr=False)
    size: int
    hypervisor: str
    created: float
    format: str = "VHD"
    url: str = ""
    type: str = "USER"
    ready: bool = True
    public: bool = True
    featured: bool = True
    cross_zones: bool = False
    extractable: bool = True
    password_enabled: bool = False
    direct_download: bool = False
    deploy_as_is: bool = False
    requires_hvm: bool = False
    removed: bool = False
    os_type_id: str = ""
    os_type_name: str = "CentOS 5.6 (64-bit)"
    arch: str = "x86_64"
    details: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False, kw_only=True)
class DiskOffering:
    """A disk offering; ``disk_size`` in GiB; one with ``compute_only`` belongs to a service offering."""

    id: str
    serial: int
    name: str
    display_text: str
    created: float
    storage_tags: list[str] = field(default_factory=list)
    storage_type: str = "shared"
    disk_size: int = 0
    customized: bool = False
    compute_only: bool = False
    state: str = "Active"


@dataclass(eq=False, kw_only=True)
class ServiceOffering:
    """A service offering: cpu in MHz, memory in MiB, and the disk offering that bears its storage tags."""

    id: str
    serial: int
    name: str
    display_text: str
    cpu_number: int | None
    cpu_speed: int | None
    memory: int | None
    created: float
    disk_offering: DiskOffering = field(repr=False)
    offer_ha: bool = False
    customized: bool = False
    dynamic_scaling: bool = True
    limit_cpu_use: bool = False
    volatile: bool = False
    host_tags: str = ""
    state: str = "Active"
    #: Further fields exactly as the API sends them (cacheMode, networkrate, serviceofferingdetails, gpudisplay, ...).
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def storage_tags(self) -> list[str]:
        """The tags that a pool must bear."""
        return self.disk_offering.storage_tags


@dataclass(eq=False, kw_only=True)
class NetworkOffering:
    """A network offering; ``services`` are names such as UserData."""

    id: str
    name: str
    display_text: str
    guest_type: str
    created: float
    services: tuple[str, ...] = ()
    availability: str = "Optional"
    config_drive: bool = False
    state: str = "Enabled"


@dataclass(eq=False, kw_only=True)
class Network:
    """A guest network and the accounts beside its owner that may use it."""

    id: str
    serial: int
    name: str
    display_text: str
    zone: Zone = field(repr=False)
    offering: NetworkOffering = field(repr=False)
    account: Account = field(repr=False)
    created: float
    type: str = "L2"
    state: str = "Allocated"
    acl_type: str = "Account"
    vlan: int | None = None
    permitted: list[Account] = field(default_factory=list)
    removed: bool = False

    def usable_by(self, account: Account) -> bool:
        """Whether VMs of ``account`` may have a NIC here."""
        return self.acl_type == "Domain" or self.account is account or account in self.permitted


@dataclass(eq=False, kw_only=True)
class Nic:
    """A NIC of a VM."""

    id: str
    network: Network = field(repr=False)
    mac_address: str
    device_id: int = 0
    #: The VLAN while the NIC is reserved; gone once the VM has stopped.
    vlan: int | None = None
    default: bool = True
    ip_address: str | None = None


@dataclass(eq=False, kw_only=True)
class VirtualMachine:
    """A VM. ``host`` is set from the planner's choice until the stop."""

    id: str
    serial: int
    name: str
    display_name: str
    account: Account = field(repr=False)
    user: User = field(repr=False)
    template: Template = field(repr=False)
    service_offering: ServiceOffering = field(repr=False)
    zone: Zone = field(repr=False)
    created: float
    nics: list[Nic] = field(repr=False)
    state: str = "Stopped"
    host: Host | None = field(repr=False, default=None)
    last_updated: float | None = None
    destroyed_at: float | None = None
    details: dict[str, str] = field(default_factory=dict)
    group: str | None = None
    delete_protection: bool = False
    display: bool = True
    boot_type: str | None = None
    boot_mode: str | None = None
    lease_expiry: float | None = None
    lease_action: str | None = None
    override_disk_offering: DiskOffering | None = field(repr=False, default=None)
    #: The volume that holds the system; None after a failed deploy.
    root: Volume | None = field(repr=False, default=None)
    #: Stopped by the maintenance of its pool, to be started when that is cancelled.
    stopped_by_maintenance: bool = False

    @property
    def instance_name(self) -> str:
        """The hypervisor's name of the VM."""
        return f"i-2-{self.serial}-VM"

    @property
    def root_disk_offering(self) -> DiskOffering:
        """Whose tags and kind of storage count for ROOT."""
        return self.override_disk_offering or self.service_offering.disk_offering


@dataclass(eq=False, kw_only=True)
class Volume:
    """A volume; ``pool`` is None until the copy is there and the volume cloned from it."""

    id: str
    serial: int
    name: str
    type: str
    state: str
    size: int
    account: Account = field(repr=False)
    zone: Zone = field(repr=False)
    vm: VirtualMachine | None = field(repr=False)
    template: Template | None = field(repr=False)
    created: float
    pool: StoragePool | None = field(repr=False, default=None)
    path: str | None = None
    attached: float | None = None
    destroyed_at: float | None = None


@dataclass(eq=False, kw_only=True)
class TemplateCopy:
    """A template's file on a pool (a row of template_spool_ref): Creating or Ready."""

    template: Template
    pool: StoragePool
    state: str
    size: int
    began: float
    ready_at: float
    marked_for_gc: bool = False


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
