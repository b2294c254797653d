"""What users choose from: templates and offerings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .accounts import Account
from .infrastructure import Zone


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
