"""How single things come into a world: accounts, users, pools, templates, offerings, networks."""

from __future__ import annotations

import secrets
import uuid

from .entities import (
    Account,
    Cluster,
    DiskOffering,
    Host,
    Keys,
    Network,
    NetworkOffering,
    ServiceOffering,
    StoragePool,
    Template,
    User,
    Zone,
)
from .world import World
from .zone_spec import OfferingSpec, PoolSpec, TemplateSpec

_NAMESPACE = uuid.UUID("6d0b7c44-1f0e-4b52-9f0a-5f1f8a3a2f10")

REGISTERED = 1777636800.0
"""When the templates of the zone were registered, 2026-05-01 12:00 UTC: a lock file says the date."""

ROLES = {0: ("User", "User"), 1: ("Admin", "Root Admin"), 2: ("DomainAdmin", "Domain Admin")}


def stable_id(*parts: str) -> str:
    """The same UUID for the same name, so that a lock file fits the next start of the emulator as well."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(parts)))


def new_keys() -> Keys:
    """A random key pair of CloudStack's length."""
    return Keys(secrets.token_urlsafe(64), secrets.token_urlsafe(64))


def add_account(world: World, name: str, kind: int, *, fixed_id: str | None = None, default: bool = False) -> Account:
    """A new account in ROOT."""
    role_type, role_name = ROLES[kind]
    account = Account(
        id=fixed_id or world.new_id(),
        name=name,
        type=kind,
        domain=world.root_domain,
        created=world.now(),
        role_id=stable_id("role", role_name),
        role_type=role_type,
        role_name=role_name,
        is_default=default,
    )
    world.accounts[account.id] = account
    return account


def add_user(world: World, account: Account, name: str, *, keys: bool = False, fixed_id: str | None = None) -> User:
    """A new user of an account."""
    user = User(
        id=fixed_id or world.new_id(),
        name=name,
        account=account,
        created=world.now(),
        keys=new_keys() if keys else None,
        is_default=account.is_default,
    )
    world.users[user.id] = user
    world.index_keys(user)
    return user


def add_pool(
    world: World,
    zone: Zone,
    spec: PoolSpec,
    *,
    cluster: Cluster | None = None,
    host: Host | None = None,
    hypervisor: str,
) -> StoragePool:
    """A new pool: of a host, a cluster, or the zone."""
    serial = world.serial("storage_pool")
    name = f"{host.name}-{spec.name}" if host else spec.name
    pool = StoragePool(
        id=world.new_id()
        if stable_id("pool", name) in world.pools.keys() | world.removed_pools
        else stable_id("pool", name),
        serial=serial,
        name=name,
        zone=zone,
        cluster=cluster,
        host=host,
        scope="HOST" if host else "CLUSTER" if cluster else "ZONE",
        tags=list(spec.tags),
        capacity=spec.capacity,
        type="Filesystem" if host else "NetworkFilesystem",
        ip_address=host.ip_address if host else zone.dns,
        path=f"/var/lib/libvirt/images-{serial}" if host else f"/export/home/sandbox/primary{serial - 1}",
        hypervisor=hypervisor,
        created=world.now(),
    )
    world.pools[pool.id] = pool
    return pool


def add_template(
    world: World,
    zone: Zone,
    spec: TemplateSpec,
    *,
    hypervisor: str,
    fixed_id: str | None = None,
    account: Account | None = None,
) -> Template:
    """A new registration of a template, ready in the zone."""
    owner = account or world.account_named("admin")
    assert owner is not None
    template = Template(
        id=fixed_id or world.new_id(),
        name=spec.name,
        display_text=spec.name,
        zone=zone,
        account=owner,
        size=spec.size,
        hypervisor=hypervisor,
        created=REGISTERED if fixed_id is not None else world.now(),
        url=f"http://10.1.1.1/{world.serial('template')}.vhd",
        password_enabled=spec.password_enabled,
        os_type_id=stable_id("os", "CentOS 5.6 (64-bit)"),
        details=dict(spec.details),
    )
    world.templates[template.id] = template
    return template


def add_service_offering(world: World, spec: OfferingSpec, *, stable: bool = False) -> ServiceOffering:
    """A new service offering with its own disk offering."""
    disk = DiskOffering(
        id=stable_id("disk-offering-of", spec.name) if stable else world.new_id(),
        serial=world.serial("disk_offering"),
        name=spec.name,
        display_text=spec.name,
        created=world.now(),
        storage_tags=list(spec.storage_tags),
        storage_type=spec.storage_type,
        compute_only=True,
    )
    offering = ServiceOffering(
        id=stable_id("service-offering", spec.name) if stable else world.new_id(),
        serial=disk.serial,
        name=spec.name,
        display_text=spec.name,
        cpu_number=1,
        cpu_speed=spec.cpu_speed,
        memory=spec.memory,
        created=world.now(),
        disk_offering=disk,
        offer_ha=spec.offer_ha,
    )
    world.disk_offerings[disk.id] = disk
    world.service_offerings[offering.id] = offering
    return offering


def add_network(
    world: World, name: str, offering: NetworkOffering, account: Account, zone: Zone, *, fixed_id: str | None = None
) -> Network:
    """A new guest network; its id follows from its owner and name, so that a lock file fits the next start too."""
    stable = stable_id("network", account.name, name)
    network = Network(
        id=fixed_id or (stable if stable not in world.networks else world.new_id()),
        serial=world.serial("network"),
        name=name,
        display_text=name,
        zone=zone,
        offering=offering,
        account=account,
        created=world.now(),
        type=offering.guest_type,
    )
    world.networks[network.id] = network
    return network
