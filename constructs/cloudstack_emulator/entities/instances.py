"""What users make: networks, VMs, volumes; and the template copies that come of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .accounts import Account, User
from .infrastructure import Host, StoragePool, Zone
from .offerings import DiskOffering, NetworkOffering, ServiceOffering, Template


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
