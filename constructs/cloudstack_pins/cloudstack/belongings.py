"""What accounts own, as CloudStack lists it, and who the caller is: frozen values, each read from its API row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cloudstack_pins.cloudstack.rows import Row, optional, tags_of, text, whole


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
            account=text(user, "account"),
            account_id=text(user, "accountid"),
            domain_id=text(user, "domainid"),
            user_id=text(user, "id"),
            is_root_admin=user.get("accounttype") == 1,
            role=text(user, "rolename"),
        )

    @classmethod
    def from_account(cls, account: Row, user_id: str) -> Caller:
        """Read a row of listAccounts."""
        return cls(
            account=text(account, "name"),
            account_id=text(account, "id"),
            domain_id=text(account, "domainid"),
            user_id=user_id,
            is_root_admin=account.get("accounttype") == 1,
            role=text(account, "rolename"),
        )


@dataclass(frozen=True, kw_only=True)
class Nic:
    """A virtual machine's place in a network."""

    network_id: str

    @classmethod
    def from_api(cls, row: Row) -> Nic:
        """Read an entry of ``nic``."""
        return cls(network_id=text(row, "networkid"))


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
            id=text(row, "id"),
            name=text(row, "name"),
            display_name=text(row, "displayname"),
            state=text(row, "state"),
            account=text(row, "account"),
            domain_id=text(row, "domainid"),
            template_id=text(row, "templateid"),
            template_name=text(row, "templatename"),
            service_offering_id=text(row, "serviceofferingid"),
            service_offering_name=text(row, "serviceofferingname"),
            zone_id=text(row, "zoneid"),
            host_id=optional(row, "hostid"),
            hypervisor=text(row, "hypervisor"),
            created=text(row, "created"),
            tags=tags_of(row),
            nics=tuple(Nic.from_api(nic) for nic in row.get("nic") or ()),
            instance_name=text(row, "instancename"),
            delete_protection=bool(row.get("deleteprotection")),
            ha_enabled=bool(row.get("haenable")),
            lease_expiry=optional(row, "leaseexpirydate"),
            lease_action=optional(row, "leaseexpiryaction"),
            user_id=optional(row, "userid"),
            project_id=optional(row, "projectid"),
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
        pool_id = optional(row, "storageid")
        return cls(
            id=text(row, "id"),
            name=text(row, "name"),
            type=text(row, "type"),
            state=text(row, "state"),
            size=whole(row, "size"),
            virtual_machine_id=optional(row, "virtualmachineid"),
            template_id=optional(row, "templateid"),
            pool_id=pool_id,
            # CloudStack writes "none" for a volume without a pool.
            pool_name=optional(row, "storage") if pool_id else None,
            account=text(row, "account"),
            domain_id=text(row, "domainid"),
            created=text(row, "created"),
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
            id=text(row, "id"),
            name=text(row, "name"),
            zone_id=text(row, "zoneid"),
            is_ready=bool(row.get("isready")),
            size=whole(row, "size") or None,
            hypervisor=text(row, "hypervisor"),
            password_enabled=bool(row.get("passwordenabled")),
            created=text(row, "created"),
            account=text(row, "account"),
            domain_id=text(row, "domainid"),
            status=text(row, "status"),
            type=text(row, "templatetype"),
            format=text(row, "format"),
            direct_download=bool(row.get("directdownload")),
            details={str(name): str(value) for name, value in (row.get("details") or {}).items()},
        )
