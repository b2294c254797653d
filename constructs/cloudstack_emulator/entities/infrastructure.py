"""What operators build: zones, clusters, hosts, primary and secondary storage."""

from __future__ import annotations

from dataclasses import dataclass, field

from .sizes import GIB


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
