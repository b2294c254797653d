"""A ZoneSpec made into a world: the accounts, the zone, and what is in it."""

from __future__ import annotations

from .additions import (
    add_account,
    add_network,
    add_pool,
    add_service_offering,
    add_template,
    add_user,
    stable_id,
)
from .entities import (
    GIB,
    Cluster,
    DiskOffering,
    Domain,
    Host,
    ImageStore,
    NetworkOffering,
    Zone,
)
from .world import World
from .zone_spec import ClusterSpec, TemplateSpec, ZoneSpec


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
