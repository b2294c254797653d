"""What CloudStack holds of the things that bootstrap makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cloudstack_pins.cloudstack import Caller, Network, Session, TemplateRegistration
from cloudstack_pins.declaration import Declaration, TemplateEntry

L2_OFFERING = "DefaultL2NetworkOffering"
CONFIG_DRIVE_OFFERING = "DefaultL2NetworkOfferingConfigDrive"


@dataclass(frozen=True, kw_only=True)
class Observation:
    """The caller, the zone (``zone_id`` None: there is none of that name) and what bears the network's name in it.

    ``offerings`` maps the names of the usable L2 network offerings to their ids; ``permitted`` holds the accounts that
    may use each network besides its owner, by network id; ``root_domain_id`` is None for a key that cannot see it.
    ``password_enabled`` and ``unknown_templates`` are keys of declared templates.
    """

    caller: Caller
    zones: tuple[str, ...]
    zone_id: str | None
    root_domain_id: str | None = None
    networks: tuple[Network, ...] = ()
    permitted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    offerings: Mapping[str, str] = field(default_factory=dict)
    password_enabled: tuple[str, ...] = ()
    unknown_templates: tuple[str, ...] = ()


def observe(session: Session, declaration: Declaration) -> Observation:
    """Read what the judgement needs; writes nothing."""
    caller = session.caller()
    zones = session.zones()
    zone_id = next((zone.id for zone in zones if zone.name == declaration.zone), None)
    names = tuple(sorted(zone.name for zone in zones))
    if zone_id is None:
        return Observation(caller=caller, zones=names, zone_id=None)
    networks = [n for n in session.networks(listall=True, zoneid=zone_id) if n.name == declaration.network]
    registrations = {key: _newest(session, entry, zone_id) for key, entry in declaration.templates.items()}
    return Observation(
        caller=caller,
        zones=names,
        zone_id=zone_id,
        root_domain_id=_root_domain(session) if caller.is_root_admin else None,
        networks=tuple(networks),
        permitted={network.id: _permitted(session, network) for network in networks} if caller.is_root_admin else {},
        offerings=_offerings(session),
        password_enabled=tuple(sorted(key for key, found in registrations.items() if found and found.password_enabled)),
        unknown_templates=tuple(sorted(key for key, found in registrations.items() if found is None)),
    )


def _root_domain(session: Session) -> str | None:
    domains = session.list("listDomains", "domain", level=0, listall=True)
    return next((str(domain["id"]) for domain in domains if domain.get("level") == 0), None)


def _permitted(session: Session, network: Network) -> frozenset[str]:
    rows = session.list("listNetworkPermissions", "networkpermission", networkid=network.id)
    return frozenset(str(row["accountid"]) for row in rows if row.get("accountid"))


def _offerings(session: Session) -> dict[str, str]:
    wanted = (L2_OFFERING, CONFIG_DRIVE_OFFERING)
    rows = session.list("listNetworkOfferings", "networkoffering", guestiptype="L2", state="Enabled")
    return {str(row["name"]): str(row["id"]) for row in rows if row.get("name") in wanted}


def _newest(session: Session, entry: TemplateEntry, zone_id: str) -> TemplateRegistration | None:
    """Return the registration that a lock would take: the newest of the name that is ready, or the one of the id."""
    which = {"id": entry.template_id} if entry.template_id else {"name": entry.name}
    found = [t for t in session.templates(zoneid=zone_id, **which) if entry.template_id or t.name == entry.name]
    return max(found, key=lambda template: (template.is_ready, template.created), default=None)
