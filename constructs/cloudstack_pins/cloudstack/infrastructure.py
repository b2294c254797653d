"""What an operator sets up, as CloudStack's lists show it: frozen values, each read from its API row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cloudstack_pins.cloudstack.rows import Row, comma_set, number, optional, tags_of, text, whole, whole_or_none


@dataclass(frozen=True, kw_only=True)
class StoragePool:
    """A row of listStoragePools. Bytes are as CloudStack counts them, before the overprovisioning factor."""

    id: str
    name: str
    zone_id: str
    cluster_id: str | None
    scope: str
    state: str
    tags: frozenset[str]
    hypervisor: str
    ip_address: str
    bytes_total: int
    bytes_allocated: int
    bytes_used: int
    overprovision_factor: float
    type: str = ""
    is_tag_rule: bool = False
    created: str = ""

    @classmethod
    def from_api(cls, row: Row) -> StoragePool:
        """Read a row of listStoragePools."""
        return cls(
            id=text(row, "id"),
            name=text(row, "name"),
            zone_id=text(row, "zoneid"),
            cluster_id=optional(row, "clusterid"),
            scope=text(row, "scope"),
            state=text(row, "state"),
            tags=comma_set(row, "tags"),
            hypervisor=text(row, "hypervisor"),
            ip_address=text(row, "ipaddress"),
            bytes_total=whole(row, "disksizetotal"),
            bytes_allocated=whole(row, "disksizeallocated"),
            bytes_used=whole(row, "disksizeused"),
            overprovision_factor=number(row, "overprovisionfactor", 1.0),
            type=text(row, "type"),
            is_tag_rule=bool(row.get("istagarule")),
            created=text(row, "created"),
        )


@dataclass(frozen=True, kw_only=True)
class ServiceOffering:
    """A row of listServiceOfferings; None where a customised offering leaves a number open."""

    id: str
    name: str
    state: str
    storage_tags: frozenset[str]
    host_tags: frozenset[str]
    storage_type: str
    offer_ha: bool
    is_customized: bool
    cpu_number: int | None
    cpu_speed: int | None
    memory: int | None
    zone_ids: frozenset[str]
    domain_ids: frozenset[str]
    disk_offering_id: str | None
    created: str
    lease_duration: int | None = None
    lease_action: str | None = None

    @classmethod
    def from_api(cls, row: Row) -> ServiceOffering:
        """Read a row of listServiceOfferings."""
        return cls(
            id=text(row, "id"),
            name=text(row, "name"),
            state=text(row, "state"),
            storage_tags=comma_set(row, "storagetags"),
            host_tags=comma_set(row, "hosttags"),
            storage_type=text(row, "storagetype"),
            offer_ha=bool(row.get("offerha")),
            is_customized=bool(row.get("iscustomized")),
            cpu_number=whole_or_none(row, "cpunumber"),
            cpu_speed=whole_or_none(row, "cpuspeed"),
            memory=whole_or_none(row, "memory"),
            zone_ids=comma_set(row, "zoneid"),
            domain_ids=comma_set(row, "domainid"),
            disk_offering_id=optional(row, "diskofferingid"),
            created=text(row, "created"),
            lease_duration=whole_or_none(row, "leaseduration"),
            lease_action=optional(row, "leaseexpiryaction"),
        )


@dataclass(frozen=True, kw_only=True)
class Network:
    """A row of listNetworks; ``services`` are the names of what its offering provides."""

    id: str
    name: str
    zone_id: str
    type: str
    state: str
    account: str | None
    domain_id: str | None
    acl_type: str
    offering_id: str
    offering_name: str
    services: frozenset[str]
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_api(cls, row: Row) -> Network:
        """Read a row of listNetworks."""
        return cls(
            id=text(row, "id"),
            name=text(row, "name"),
            zone_id=text(row, "zoneid"),
            type=text(row, "type"),
            state=text(row, "state"),
            account=optional(row, "account"),
            domain_id=optional(row, "domainid"),
            acl_type=text(row, "acltype"),
            offering_id=text(row, "networkofferingid"),
            offering_name=text(row, "networkofferingname"),
            services=frozenset(text(service, "name") for service in row.get("service") or ()),
            tags=tags_of(row),
        )


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A row of listZones."""

    id: str
    name: str
    network_type: str
    allocation_state: str
    local_storage: bool
    security_groups: bool

    @classmethod
    def from_api(cls, row: Row) -> Zone:
        """Read a row of listZones."""
        return cls(
            id=text(row, "id"),
            name=text(row, "name"),
            network_type=text(row, "networktype"),
            allocation_state=text(row, "allocationstate"),
            local_storage=bool(row.get("localstorageenabled")),
            security_groups=bool(row.get("securitygroupsenabled")),
        )


@dataclass(frozen=True, kw_only=True)
class Host:
    """A row of listHosts."""

    id: str
    name: str
    state: str
    resource_state: str
    type: str
    zone_id: str
    cluster_id: str | None
    ip_address: str
    hypervisor: str

    @classmethod
    def from_api(cls, row: Row) -> Host:
        """Read a row of listHosts."""
        return cls(
            id=text(row, "id"),
            name=text(row, "name"),
            state=text(row, "state"),
            resource_state=text(row, "resourcestate"),
            type=text(row, "type"),
            zone_id=text(row, "zoneid"),
            cluster_id=optional(row, "clusterid"),
            ip_address=text(row, "ipaddress"),
            hypervisor=text(row, "hypervisor"),
        )


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A row of listClusters."""

    id: str
    name: str
    zone_id: str
    hypervisor: str
    allocation_state: str

    @classmethod
    def from_api(cls, row: Row) -> Cluster:
        """Read a row of listClusters."""
        return cls(
            id=text(row, "id"),
            name=text(row, "name"),
            zone_id=text(row, "zoneid"),
            hypervisor=text(row, "hypervisortype"),
            allocation_state=text(row, "allocationstate"),
        )
