"""A ZoneSpec made into a world: the accounts, the zone, and what is in it."""

from __future__ import annotations

import secrets
import uuid

from .entities import (
    GIB,
    Account,
    Cluster,
    DiskOffering,
    Domain,
    Host,
    ImageStore,
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
from .zone_spec import ClusterSpec, OfferingSpec, PoolSpec, TemplateSpec, ZoneSpec

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


def build(world: World, spec: ZoneSpec) -> None:
    """Fill an empty world."""
    for name, value in spec.settings.items():
        world.settings.set(name, value)
    if spec.usage_server:
        world.usage.start(world.now())
    _add_accounts(world)
    zone = _add_zone(world, spec)
    for cluster_spec in spec.clusters:
        _add_cluster(world, zone, spec, cluster_spec)
    for pool in spec.zone_pools:
        add_pool(world, zone, pool, hypervisor=spec.hypervisor)
    _add_system_template(world, zone, spec)
    for template in spec.templates:
        add_template(world, zone, template, hypervisor=spec.hypervisor, fixed_id=stable_id("template", template.name))
    for name, size in (("Small", 5), ("Medium", 20), ("Large", 100), ("Custom", 0)):
        _add_disk_offering(world, name, size)
    for offering in spec.service_offerings:
        add_service_offering(world, offering, stable=True)
    _add_network_offerings(world)
    for network in spec.networks:
        account = world.account_named(network.account)
        network_offering = next((o for o in world.network_offerings.values() if o.name == network.offering), None)
        if account is None or network_offering is None:
            raise ValueError(f"network {network.name}: no account {network.account!r} or offering {network.offering!r}")
        add_network(world, network.name, network_offering, account, zone, fixed_id=stable_id("network", network.name))


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


def _add_accounts(world: World) -> None:
    domain = Domain(id=stable_id("domain", "ROOT"), name="ROOT", path="ROOT", created=world.now())
    world.domains[domain.id] = domain
    for name, kind, keys in (("system", 1, False), ("admin", 1, True), ("pins", 1, True), ("user", 0, True)):
        default = name in ("system", "admin")
        account = add_account(world, name, kind, fixed_id=stable_id("account", name), default=default)
        add_user(world, account, name, keys=keys, fixed_id=stable_id("user", name))


def _add_zone(world: World, spec: ZoneSpec) -> Zone:
    zone = Zone(
        id=stable_id("zone", spec.name),
        name=spec.name,
        local_storage=spec.local_storage,
        pod_id=stable_id("pod", spec.name),
        pod_name="POD0",
        physical_network_id=stable_id("physical-network", spec.name),
        token=stable_id("zone-token", spec.name),
    )
    world.zones[zone.id] = zone
    store = ImageStore(
        id=stable_id("image-store", spec.name),
        serial=world.serial("image_store"),
        name="sec0",
        zone=zone,
        url=f"nfs://{zone.dns}:/export/home/sandbox/secondary",
    )
    world.image_stores[store.id] = store
    return zone


def _add_cluster(world: World, zone: Zone, spec: ZoneSpec, cluster_spec: ClusterSpec) -> None:
    cluster = Cluster(
        id=stable_id("cluster", cluster_spec.name), name=cluster_spec.name, zone=zone, hypervisor=spec.hypervisor
    )
    world.clusters[cluster.id] = cluster
    hosts = []
    for number in range(1, cluster_spec.hosts + 1):
        serial = world.serial("host")
        name = f"SimulatedAgent.{cluster.name}-{number}"
        host = Host(
            id=stable_id("host", name),
            name=name,
            cluster=cluster,
            ip_address=f"172.16.15.{serial + 10}",
            created=world.now(),
        )
        world.hosts[host.id] = host
        hosts.append(host)
    for pool in cluster_spec.pools:
        for owner in hosts if pool.local else [None]:
            add_pool(world, zone, pool, cluster=cluster, host=owner, hypervisor=spec.hypervisor)


def _add_system_template(world: World, zone: Zone, spec: ZoneSpec) -> None:
    template = add_template(
        world,
        zone,
        TemplateSpec(name="SystemVM Template (simulator)", size=2 * GIB),
        hypervisor=spec.hypervisor,
        fixed_id=stable_id("template", "systemvm"),
        account=world.system_account,
    )
    template.type = "SYSTEM"
    template.public = template.featured = template.extractable = False
    template.cross_zones = True


def _add_disk_offering(world: World, name: str, size: int) -> None:
    offering = DiskOffering(
        id=stable_id("disk-offering", name),
        serial=world.serial("disk_offering"),
        name=name,
        display_text=f"{name} Disk, {size} GB" if size else "Custom Disk",
        created=world.now(),
        disk_size=size,
        customized=not size,
    )
    world.disk_offerings[offering.id] = offering


def _add_network_offerings(world: World) -> None:
    isolated = ("Dhcp", "Dns", "Firewall", "Lb", "PortForwarding", "SourceNat", "StaticNat", "UserData", "Vpn")
    for name, text, kind, services, availability in (
        ("DefaultL2NetworkOffering", "Offering for L2 networks", "L2", (), "Optional"),
        ("DefaultL2NetworkOfferingVlan", "Offering for L2 networks with VLAN", "L2", (), "Optional"),
        (
            "DefaultL2NetworkOfferingConfigDrive",
            "Offering for L2 networks with config drive user data",
            "L2",
            ("UserData",),
            "Optional",
        ),
        (
            "DefaultIsolatedNetworkOfferingWithSourceNatService",
            "Offering for Isolated networks with Source Nat service enabled",
            "Isolated",
            isolated,
            "Required",
        ),
        (
            "DefaultSharedNetworkOffering",
            "Offering for Shared networks",
            "Shared",
            ("Dhcp", "Dns", "UserData"),
            "Optional",
        ),
    ):
        offering = NetworkOffering(
            id=stable_id("network-offering", name),
            name=name,
            display_text=text,
            guest_type=kind,
            created=world.now(),
            services=services,
            availability=availability,
            config_drive=name.endswith("ConfigDrive"),
        )
        world.network_offerings[offering.id] = offering
