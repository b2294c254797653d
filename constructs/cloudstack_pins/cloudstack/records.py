"""What CloudStack's lists hold, as frozen values: one class per kind, each read from its API row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who the API key is."""

    account: str
    account_id: str
    domain_id: str
    user_id: str
    is_root_admin: bool
    role: str = ""

    @classmethod
    def from_api(cls, user: Row) -> Caller:
        """Read a row of listUsers."""
        return cls(
            account=_text(user, "account"),
            account_id=_text(user, "accountid"),
            domain_id=_text(user, "domainid"),
            user_id=_text(user, "id"),
            is_root_admin=user.get("accounttype") == 1,
            role=_text(user, "rolename"),
        )

    @classmethod
    def from_account(cls, account: Row, user_id: str) -> Caller:
        """Read a row of listAccounts."""
        return cls(
            account=_text(account, "name"),
            account_id=_text(account, "id"),
            domain_id=_text(account, "domainid"),
            user_id=user_id,
            is_root_admin=account.get("accounttype") == 1,
            role=_text(account, "rolename"),
        )


@dataclass(frozen=True, kw_only=True)
class Nic:
    """A virtual machine's place in a network."""

    network_id: str

    @classmethod
    def from_api(cls, row: Row) -> Nic:
        """Read an entry of ``nic``."""
        return cls(network_id=_text(row, "networkid"))


@dataclass(frozen=True, kw_only=True)
class VirtualMachine:
    """A row of listVirtualMachines. ``host_id`` appears about two seconds into a start: the planner has chosen.

    ``details`` and ``lease_expiry`` (a date, None without a lease) are as CloudStack writes them.
    """

    id: str
    name: str
    display_name: str
    state: str
    account: str
    domain_id: str
    template_id: str
    template_name: str
    service_offering_id: str
    service_offering_name: str = ""
    zone_id: str
    host_id: str | None
    hypervisor: str
    created: str
    tags: Mapping[str, str]
    nics: tuple[Nic, ...]
    instance_name: str = ""
    delete_protection: bool = False
    ha_enabled: bool = False
    lease_expiry: str | None = None
    lease_action: str | None = None
    user_id: str | None = None
    project_id: str | None = None

    @classmethod
    def from_api(cls, row: Row) -> VirtualMachine:
        """Read a row of listVirtualMachines, or ``virtualmachine`` of a job's result."""
        return cls(
            id=_text(row, "id"),
            name=_text(row, "name"),
            display_name=_text(row, "displayname"),
            state=_text(row, "state"),
            account=_text(row, "account"),
            domain_id=_text(row, "domainid"),
            template_id=_text(row, "templateid"),
            template_name=_text(row, "templatename"),
            service_offering_id=_text(row, "serviceofferingid"),
            service_offering_name=_text(row, "serviceofferingname"),
            zone_id=_text(row, "zoneid"),
            host_id=_optional(row, "hostid"),
            hypervisor=_text(row, "hypervisor"),
            created=_text(row, "created"),
            tags=tags_of(row),
            nics=tuple(Nic.from_api(nic) for nic in row.get("nic") or ()),
            instance_name=_text(row, "instancename"),
            delete_protection=bool(row.get("deleteprotection")),
            ha_enabled=bool(row.get("haenable")),
            lease_expiry=_optional(row, "leaseexpirydate"),
            lease_action=_optional(row, "leaseexpiryaction"),
            user_id=_optional(row, "userid"),
            project_id=_optional(row, "projectid"),
        )


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A row of listVolumes. ``pool_id`` is None until the volume has a pool (and always for keys of role User)."""

    id: str
    name: str
    type: str
    state: str
    size: int
    virtual_machine_id: str | None
    template_id: str | None
    pool_id: str | None
    pool_name: str | None
    account: str
    domain_id: str
    created: str

    @classmethod
    def from_api(cls, row: Row) -> Volume:
        """Read a row of listVolumes."""
        pool_id = _optional(row, "storageid")
        return cls(
            id=_text(row, "id"),
            name=_text(row, "name"),
            type=_text(row, "type"),
            state=_text(row, "state"),
            size=_whole(row, "size"),
            virtual_machine_id=_optional(row, "virtualmachineid"),
            template_id=_optional(row, "templateid"),
            pool_id=pool_id,
            # CloudStack writes "none" for a volume without a pool.
            pool_name=_optional(row, "storage") if pool_id else None,
            account=_text(row, "account"),
            domain_id=_text(row, "domainid"),
            created=_text(row, "created"),
        )


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
            id=_text(row, "id"),
            name=_text(row, "name"),
            zone_id=_text(row, "zoneid"),
            cluster_id=_optional(row, "clusterid"),
            scope=_text(row, "scope"),
            state=_text(row, "state"),
            tags=_comma_set(row, "tags"),
            hypervisor=_text(row, "hypervisor"),
            ip_address=_text(row, "ipaddress"),
            bytes_total=_whole(row, "disksizetotal"),
            bytes_allocated=_whole(row, "disksizeallocated"),
            bytes_used=_whole(row, "disksizeused"),
            overprovision_factor=_number(row, "overprovisionfactor", 1.0),
            type=_text(row, "type"),
            is_tag_rule=bool(row.get("istagarule")),
            created=_text(row, "created"),
        )


@dataclass(frozen=True, kw_only=True)
class TemplateRegistration:
    """A row of listTemplates: one registration in one zone; ``size`` is the virtual size in bytes, None if unknown."""

    id: str
    name: str
    zone_id: str
    is_ready: bool
    size: int | None
    hypervisor: str
    password_enabled: bool
    created: str
    account: str
    domain_id: str
    status: str
    type: str
    format: str
    direct_download: bool
    details: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_api(cls, row: Row) -> TemplateRegistration:
        """Read a row of listTemplates."""
        return cls(
            id=_text(row, "id"),
            name=_text(row, "name"),
            zone_id=_text(row, "zoneid"),
            is_ready=bool(row.get("isready")),
            size=_whole(row, "size") or None,
            hypervisor=_text(row, "hypervisor"),
            password_enabled=bool(row.get("passwordenabled")),
            created=_text(row, "created"),
            account=_text(row, "account"),
            domain_id=_text(row, "domainid"),
            status=_text(row, "status"),
            type=_text(row, "templatetype"),
            format=_text(row, "format"),
            direct_download=bool(row.get("directdownload")),
            details={str(name): str(value) for name, value in (row.get("details") or {}).items()},
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
            id=_text(row, "id"),
            name=_text(row, "name"),
            state=_text(row, "state"),
            storage_tags=_comma_set(row, "storagetags"),
            host_tags=_comma_set(row, "hosttags"),
            storage_type=_text(row, "storagetype"),
            offer_ha=bool(row.get("offerha")),
            is_customized=bool(row.get("iscustomized")),
            cpu_number=_whole_or_none(row, "cpunumber"),
            cpu_speed=_whole_or_none(row, "cpuspeed"),
            memory=_whole_or_none(row, "memory"),
            zone_ids=_comma_set(row, "zoneid"),
            domain_ids=_comma_set(row, "domainid"),
            disk_offering_id=_optional(row, "diskofferingid"),
            created=_text(row, "created"),
            lease_duration=_whole_or_none(row, "leaseduration"),
            lease_action=_optional(row, "leaseexpiryaction"),
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
            id=_text(row, "id"),
            name=_text(row, "name"),
            zone_id=_text(row, "zoneid"),
            type=_text(row, "type"),
            state=_text(row, "state"),
            account=_optional(row, "account"),
            domain_id=_optional(row, "domainid"),
            acl_type=_text(row, "acltype"),
            offering_id=_text(row, "networkofferingid"),
            offering_name=_text(row, "networkofferingname"),
            services=frozenset(_text(service, "name") for service in row.get("service") or ()),
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
            id=_text(row, "id"),
            name=_text(row, "name"),
            network_type=_text(row, "networktype"),
            allocation_state=_text(row, "allocationstate"),
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
            id=_text(row, "id"),
            name=_text(row, "name"),
            state=_text(row, "state"),
            resource_state=_text(row, "resourcestate"),
            type=_text(row, "type"),
            zone_id=_text(row, "zoneid"),
            cluster_id=_optional(row, "clusterid"),
            ip_address=_text(row, "ipaddress"),
            hypervisor=_text(row, "hypervisor"),
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
            id=_text(row, "id"),
            name=_text(row, "name"),
            zone_id=_text(row, "zoneid"),
            hypervisor=_text(row, "hypervisortype"),
            allocation_state=_text(row, "allocationstate"),
        )


def tags_of(row: Row) -> dict[str, str]:
    """Return a row's resource tags."""
    return {_text(tag, "key"): _text(tag, "value") for tag in row.get("tags") or ()}


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)


def _optional(row: Row, name: str) -> str | None:
    value = row.get(name)
    return None if value in (None, "") else str(value)


def _whole(row: Row, name: str) -> int:
    return _whole_or_none(row, name) or 0


def _whole_or_none(row: Row, name: str) -> int | None:
    value = row.get(name)
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError):
        return None


def _number(row: Row, name: str, default: float) -> float:
    try:
        return float(row.get(name, default))
    except (TypeError, ValueError):
        return default


def _comma_set(row: Row, name: str) -> frozenset[str]:
    return frozenset(part.strip() for part in _text(row, name).split(",") if part.strip())
