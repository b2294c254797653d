"""What CloudStack holds of the things that a declaration names, read with a handful of list calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cloudstack_pins.cloudstack import Caller, Session
from cloudstack_pins.declaration import Declaration
from cloudstack_pins.lock import Named
from cloudstack_pins.model import SYSTEM_ACCOUNT

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class SeenTemplate:
    """A registration of a template in the zone; ``created`` None where CloudStack says none."""

    id: str
    name: str
    ready: bool
    status: str
    created: datetime | None
    size: int | None
    hypervisor: str | None
    password_enabled: bool

    @classmethod
    def from_api(cls, row: Row) -> SeenTemplate:
        """Read a row of listTemplates."""
        return cls(
            id=str(row["id"]),
            name=str(row.get("name", "")),
            ready=row.get("isready") is True,
            status=str(row.get("status") or "not ready"),
            created=_moment(row.get("created")),
            size=row.get("size"),
            hypervisor=row.get("hypervisor"),
            password_enabled=row.get("passwordenabled") is True,
        )

    @property
    def registered(self) -> str | None:
        """The date of the registration in UTC, as "2026-11-20"."""
        return self.created.date().isoformat() if self.created else None


@dataclass(frozen=True, kw_only=True)
class SeenOffering:
    """A service offering; ``storage_tags`` None where this key may not see them."""

    id: str
    name: str
    storage_tags: frozenset[str] | None
    storage_type: str
    offer_ha: bool
    customised: bool
    cpu_number: int
    cpu_speed: int
    memory: int

    @classmethod
    def from_api(cls, row: Row, *, all_visible: bool) -> SeenOffering:
        """Read a row of listServiceOfferings; ``all_visible`` says that a missing field means none."""
        tags = row.get("storagetags")
        return cls(
            id=str(row["id"]),
            name=str(row.get("name", "")),
            storage_tags=_tags(tags) if tags is not None or all_visible else None,
            storage_type=str(row.get("storagetype") or "shared"),
            offer_ha=row.get("offerha") is True,
            customised=row.get("iscustomized") is True,
            cpu_number=int(row.get("cpunumber") or 0),
            cpu_speed=int(row.get("cpuspeed") or 0),
            memory=int(row.get("memory") or 0),
        )


@dataclass(frozen=True, kw_only=True)
class SeenPool:
    """A primary storage pool of the zone, whatever its state. A pool with a tag rule bears no tags by name."""

    id: str
    name: str
    cluster_id: str | None
    scope: str
    state: str
    tags: frozenset[str]
    hypervisor: str | None
    ip_address: str | None

    @classmethod
    def from_api(cls, row: Row) -> SeenPool:
        """Read a row of listStoragePools."""
        return cls(
            id=str(row["id"]),
            name=str(row.get("name", "")),
            cluster_id=row.get("clusterid"),
            scope=str(row.get("scope", "CLUSTER")),
            state=str(row.get("state", "")),
            tags=frozenset() if row.get("istagarule") is True else _tags(row.get("tags")),
            hypervisor=row.get("hypervisor"),
            ip_address=row.get("ipaddress"),
        )


@dataclass(frozen=True, kw_only=True)
class SeenNetwork:
    """A guest network; ``services`` are the names of its network services.

    ``for_domain``: open to a whole domain. ``usable``: CloudStack says that this key may deploy into it.
    """

    id: str
    name: str
    type: str
    account: str | None
    domain_id: str | None
    for_domain: bool
    usable: bool
    services: frozenset[str]

    @classmethod
    def from_api(cls, row: Row) -> SeenNetwork:
        """Read a row of listNetworks."""
        return cls(
            id=str(row["id"]),
            name=str(row.get("name", "")),
            type=str(row.get("type", "")),
            account=row.get("account"),
            domain_id=row.get("domainid"),
            for_domain=row.get("acltype") == "Domain",
            usable=row.get("canusefordeploy") is True,
            services=frozenset(str(service.get("name")) for service in row.get("service") or ()),
        )


@dataclass(frozen=True, kw_only=True)
class SeenHost:
    """A host of the zone."""

    id: str
    cluster_id: str | None
    ip_address: str | None


@dataclass(frozen=True, kw_only=True)
class Observed:
    """One look at CloudStack. ``pools`` is None where this key may not list them; ``zone`` None if there is no such."""

    caller: Caller
    zones: tuple[Named, ...]
    zone: Named | None
    zone_is_basic: bool = False
    local_storage: bool = True
    templates: tuple[SeenTemplate, ...] = ()
    offerings: tuple[SeenOffering, ...] = ()
    networks: tuple[SeenNetwork, ...] = ()
    permitted: Mapping[str, frozenset[str]] | None = None
    pools: tuple[SeenPool, ...] | None = None
    hosts: tuple[SeenHost, ...] = ()
    root_domain: Named | None = None
    may_expunge: bool = True


def observe(session: Session, declaration: Declaration) -> Observed:
    """Read what ``declaration`` names; the number of calls does not depend on how much it declares."""
    caller = session.caller()
    root = caller.is_root_admin
    zone_rows = session.list("listZones", "zone")
    zones = tuple(Named(id=str(row["id"]), name=str(row["name"])) for row in zone_rows)
    row = next((row for row in zone_rows if row["name"] == declaration.zone), None)
    if row is None:
        return Observed(caller=caller, zones=zones, zone=None)
    zone = Named(id=str(row["id"]), name=str(row["name"]))
    networks = [SeenNetwork.from_api(r) for r in session.list("listNetworks", "network", zoneid=zone.id, listall=True)]
    pools = _pools(session, zone) if root else None
    local = any(pool.scope == "HOST" for pool in pools or ())
    return Observed(
        caller=caller,
        zones=zones,
        zone=zone,
        zone_is_basic=row.get("networktype") == "Basic",
        local_storage=row.get("localstorageenabled") is not False,
        templates=_templates(session, zone, root),
        offerings=_offerings(session, zone, root) if _names_offerings(declaration) else (),
        networks=tuple(networks),
        permitted=_permitted(session, networks, declaration) if root else None,
        pools=pools,
        hosts=_hosts(session, zone) if local else (),
        root_domain=_root_domain(session) if root and declaration.owner == SYSTEM_ACCOUNT else None,
        may_expunge=root or not declaration.expunge or _may_expunge(session),
    )


def _names_offerings(declaration: Declaration) -> bool:
    return any(tag.service_offering is not None for tag in declaration.storage_tags.values())


def _pools(session: Session, zone: Named) -> tuple[SeenPool, ...]:
    rows = session.list("listStoragePools", "storagepool", zoneid=zone.id)
    return tuple(sorted((SeenPool.from_api(row) for row in rows), key=lambda pool: (pool.name, pool.id)))


def _templates(session: Session, zone: Named, root: bool) -> tuple[SeenTemplate, ...]:
    shown = "all" if root else "executable"
    rows = session.list("listTemplates", "template", templatefilter=shown, zoneid=zone.id)
    return tuple(SeenTemplate.from_api(row) for row in rows)


def _offerings(session: Session, zone: Named, root: bool) -> tuple[SeenOffering, ...]:
    rows = session.list("listServiceOfferings", "serviceoffering", zoneid=zone.id)
    return tuple(SeenOffering.from_api(row, all_visible=root) for row in rows)


def _hosts(session: Session, zone: Named) -> tuple[SeenHost, ...]:
    rows = session.list("listHosts", "host", zoneid=zone.id, type="Routing")
    return tuple(
        SeenHost(id=str(row["id"]), cluster_id=row.get("clusterid"), ip_address=row.get("ipaddress")) for row in rows
    )


def _permitted(session: Session, networks: list[SeenNetwork], declaration: Declaration) -> Mapping[str, frozenset[str]]:
    """Return the ids of the accounts let into each network of the declared name that only a permission opens."""
    caller = session.caller()
    closed = [
        network
        for network in networks
        if network.name == declaration.network
        and not network.for_domain
        and (network.account, network.domain_id) != (caller.account, caller.domain_id)
    ]
    return {
        network.id: frozenset(
            str(row.get("accountid"))
            for row in session.list("listNetworkPermissions", "networkpermission", networkid=network.id)
        )
        for network in closed
    }


def _root_domain(session: Session) -> Named | None:
    rows = session.list("listDomains", "domain", level=0)
    return next((Named(id=str(row["id"]), name=str(row["name"])) for row in rows if row.get("level") == 0), None)


def _may_expunge(session: Session) -> bool:
    capability = session.read("listCapabilities").get("capability") or {}
    return capability.get("allowuserexpungerecovervm") is True


def _tags(value: object) -> frozenset[str]:
    return frozenset(tag.strip() for tag in str(value or "").split(",") if tag.strip())


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
