"""What deployVirtualMachine checks at once, and the VM that it makes."""

from __future__ import annotations

import re

from .additions import add_network
from .entities import Account, Cluster, Host, Network, Nic, ServiceOffering, Template, VirtualMachine, Zone
from .errors import ApiError, denied, invalid, unknown_entity
from .leases import lease_from
from .lifecycle import new_root
from .registry import Call
from .world import World

_LABEL = re.compile(r"[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def make_vm(call: Call) -> VirtualMachine:
    """Check the call and make the VM: Stopped, with NICs, and a ROOT that is on no pool."""
    world = call.world
    zone = call.need("zoneid", world.zones)
    offering = call.need("serviceofferingid", world.service_offerings)
    template = live_template(call, "templateid", required=True)
    owner = call.owner()
    _check_offering(call, zone, offering)
    if not template.ready:
        raise invalid(f"Template {template.name} has not been completely downloaded to zone {zone.id}")
    networks = _networks(call, owner, zone)
    _check_password(template, networks[0])
    vm_id = world.new_id()
    name = call.text("name")
    if name is not None:
        check_name(world, name, networks)
    vm = VirtualMachine(
        id=vm_id,
        serial=world.serial("vm"),
        name=name or f"VM-{vm_id}",
        display_name=call.text("displayname") or name or f"VM-{vm_id}",
        account=owner,
        user=call.caller,
        template=template,
        service_offering=offering,
        zone=zone,
        created=world.now(),
        nics=[make_nic(world, network, default=i == 0) for i, network in enumerate(networks)],
        group=call.text("group"),
        details=call.details() | {"deployvm": "true"},
        display=call.flag("displayvm", True),
        delete_protection=call.flag("deleteprotection"),
        override_disk_offering=call.entity("overridediskofferingid", world.disk_offerings),
    )
    _set_boot(call, vm)
    lease_from(call, vm)
    world.vms[vm.id] = vm
    root = new_root(world, vm)
    root.size = max(root.size, (call.integer("rootdisksize") or 0) * 1024**3)
    world.note("vm-created", vm=vm)
    return vm


def live_template(call: Call, name: str, *, required: bool = False) -> Template:
    """The template of an id, unless it was deleted."""
    template = call.need(name, call.world.templates)
    if template.removed:
        raise unknown_entity(call.command.name, name, template.id)
    return template


def placement_limits(call: Call) -> tuple[Cluster | None, Host | None]:
    """``clusterid`` and ``hostid``, which only a root admin may send; the refusal comes from within the job."""
    for name in ("hostid", "clusterid", "podid"):
        if call.text(name) is not None and not call.is_root:
            raise ApiError(530, f"Parameter {name} can only be specified by a Root Admin, permission denied")
    return call.entity("clusterid", call.world.clusters), call.entity("hostid", call.world.hosts)


def make_nic(world: World, network: Network, *, default: bool) -> Nic:
    """A NIC in a network; only Isolated and Shared ones give an address."""
    number = world.serial("nic")
    return Nic(
        id=world.new_id(),
        network=network,
        mac_address=f"02:01:{number >> 24 & 255:02x}:cc:{number >> 8 & 255:02x}:{number & 255:02x}",
        default=default,
        device_id=0,
        ip_address=None if network.type == "L2" else f"10.1.{number >> 8 & 255}.{number & 255}",
        vlan=network.vlan,
    )


def check_name(world: World, name: str, networks: list[Network], *, but: VirtualMachine | None = None) -> None:
    """A host name has to be a label, and unique among the VMs of its networks that are not expunged."""
    if len(name) > 63 or not _LABEL.fullmatch(name):
        raise invalid(
            "Invalid name. Vm name can contain ASCII letters 'a' through 'z', the digits '0' through '9', and the "
            "hyphen ('-'), must be between 1 and 63 characters long, and can't start or end with \"-\" and "
            "can't start with digit"
        )
    for vm in world.vms.values():
        if vm is but or vm.name.lower() != name.lower():
            continue
        for nic in vm.nics:
            if nic.network in networks:
                raise invalid(
                    f"The vm with hostName {name} already exists in the network domain: null; "
                    f"network={nic.network.name}"
                )


def default_network(world: World, owner: Account, zone: Zone) -> Network:
    """The Isolated network of an account, made where it has none."""
    for network in world.networks.values():
        if network.account is owner and network.type == "Isolated" and not network.removed:
            return network
    required = [o for o in world.network_offerings.values() if o.availability == "Required" and o.state == "Enabled"]
    if not required:
        raise invalid("Unable to find network offering with availability=Required and network id=null")
    return add_network(world, f"{owner.name}-network", required[0], owner, zone)


def requested_networks(call: Call) -> list[Network]:
    """The networks named by ``networkids``."""
    found = []
    for network_id in call.listed("networkids"):
        network = call.world.networks.get(network_id.lower())
        if network is None or network.removed:
            raise unknown_entity(call.command.name, "networkids", network_id)
        found.append(network)
    return found


def _networks(call: Call, owner: Account, zone: Zone) -> list[Network]:
    networks = requested_networks(call)
    for network in networks:
        if not network.usable_by(owner):
            raise denied(f"Unable to use network with id= {network.id}, permission denied")
        if network.zone is not zone:
            raise invalid(f"Network id={network.id} doesn't belong to zone {zone.id}")
    return networks or [default_network(call.world, owner, zone)]


def _check_offering(call: Call, zone: Zone, offering: ServiceOffering) -> None:
    if offering.state != "Active":
        raise unknown_entity(call.command.name, "serviceofferingid", offering.id)
    disk = call.entity("overridediskofferingid", call.world.disk_offerings) or offering.disk_offering
    if disk.storage_type == "local" and not zone.local_storage:
        raise invalid(f"Zone is not configured to use local storage but disk offering {disk.name} uses it")
    if offering.customized and (offering.cpu_number is None or offering.memory is None):
        given = call.details()
        for name in ("cpunumber", "memory"):
            if name not in given:
                raise invalid(
                    "Need to specify custom parameter values cpu, cpu speed and memory when using custom offering"
                )


def _check_password(template: Template, network: Network) -> None:
    if template.password_enabled and "UserData" not in network.offering.services:
        raise invalid(
            f"Unable to deploy VM as template {template.id} is password enabled, but there is no support for UserData "
            f"service in the default network {network.id}"
        )


def _set_boot(call: Call, vm: VirtualMachine) -> None:
    """From the call, else from the template's detail UEFI, which CloudStack copies to the VM."""
    kind = (call.text("boottype") or "").upper()
    details = {key.upper(): value for key, value in vm.template.details.items()}
    if kind == "UEFI" or (not kind and "UEFI" in details):
        vm.boot_type = "Uefi"
        vm.boot_mode = call.text("bootmode") or details.get("UEFI", "LEGACY")
        vm.details["UEFI"] = vm.boot_mode.upper()
