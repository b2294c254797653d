"""listNetworks, createNetwork, deleteNetwork, listNetworkOfferings."""

from __future__ import annotations

from typing import Any

from ..additions import add_network
from ..clock import stamp
from ..entities import Network, NetworkOffering
from ..errors import ApiError, invalid
from ..jobs import Work
from ..registry import Call, command


def network_answer(network: Network, call: Call) -> dict[str, Any]:
    """A network as the API sends it; VLANs and details are for root admins."""
    answer: dict[str, Any] = {
        "id": network.id,
        "name": network.name,
        "displaytext": network.display_text,
        "broadcastdomaintype": "Vlan",
        "traffictype": "Guest",
        "zoneid": network.zone.id,
        "zonename": network.zone.name,
        "networkofferingid": network.offering.id,
        "networkofferingname": network.offering.name,
        "networkofferingdisplaytext": network.offering.display_text,
        "networkofferingconservemode": True,
        "networkofferingavailability": network.offering.availability,
        "issystem": False,
        "state": network.state,
        "related": network.id,
        "dns1": network.zone.dns,
        "type": network.type,
        "acltype": network.acl_type,
        "account": network.account.name,
        "domainid": network.account.domain.id,
        "domain": network.account.domain.name,
        "domainpath": network.account.domain.path,
        "service": [{"name": name} for name in network.offering.services],
        "physicalnetworkid": network.zone.physical_network_id,
        "restartrequired": False,
        "specifyvlan": False,
        "specifyipranges": False,
        "canusefordeploy": True,
        "ispersistent": False,
        "tags": [
            {"key": tag.key, "value": tag.value, "resourcetype": "Network", "resourceid": network.id}
            | {"account": tag.account.name, "domainid": tag.account.domain.id, "domain": tag.account.domain.name}
            for tag in call.world.tags_of("Network", network.id).values()
        ],
        "strechedl2subnet": False,
        "redundantrouter": False,
        "supportsvmautoscaling": False,
        "created": stamp(network.created),
        "receivedbytes": 0,
        "sentbytes": 0,
        "publicmtu": 1500,
        "privatemtu": 1500,
        "hasannotations": False,
    }
    if network.type == "Isolated":
        answer |= {"cidr": "10.1.1.0/24", "gateway": "10.1.1.1", "netmask": "255.255.255.0"}
    if call.is_root:
        answer |= {"details": {}, "displaynetwork": True}
        if network.vlan is not None:
            answer |= {"broadcasturi": f"vlan://{network.vlan}", "vlan": str(network.vlan)}
    return answer


def living_networks(call: Call) -> dict[str, Network]:
    """The networks that were not deleted, by id."""
    return {network.id: network for network in call.world.networks.values() if not network.removed}


@command("listNetworks")
def list_networks(call: Call) -> dict[str, Any]:
    """Networks of the caller and those it may use by permission; with ``listall`` all, for a root admin."""
    wanted = call.entity("id", call.world.networks)
    tags = dict(call.pairs("tags"))
    rows = [
        network
        for network in living_networks(call).values()
        if wanted in (None, network)
        and _visible(call, network, by_id=wanted is not None)
        and call.text("name") in (None, network.name)
        and call.text("zoneid") in (None, network.zone.id)
        and (call.text("type") or network.type).lower() == network.type.lower()
        and _bears(call, network, tags)
    ]
    return call.page("network", rows, lambda network: network_answer(network, call))


def _visible(call: Call, network: Network, *, by_id: bool) -> bool:
    if call.sees(network.account, by_id=by_id):
        return True
    return call.text("account") is None and network.usable_by(call.account)


def _bears(call: Call, network: Network, tags: dict[str, str]) -> bool:
    own = call.world.tags_of("Network", network.id)
    # Several tags are alternatives: CloudStack joins them by OR.
    return not tags or any(key in own and value in ("", own[key].value) for key, value in tags.items())


@command("createNetwork", required=("name", "networkofferingid", "zoneid"))
def create_network(call: Call) -> dict[str, Any]:
    """A guest network of the caller or of ``account`` and ``domainid``, ``system`` included."""
    world = call.world
    offering = call.need("networkofferingid", world.network_offerings)
    zone = call.need("zoneid", world.zones)
    owner = call.owner()
    if offering.guest_type == "Shared" and not call.is_root:
        raise invalid("Only root admins may create shared networks")
    network = add_network(world, call.params["name"], offering, owner, zone)
    network.display_text = call.text("displaytext") or network.name
    return {"network": network_answer(network, call)}


@command(
    "deleteNetwork",
    asynchronous=True,
    required=("id",),
    java_class="org.apache.cloudstack.api.command.user.network.DeleteNetworkCmd",
)
def delete_network(call: Call) -> dict[str, Any]:
    """Deletes a network that no VM has a NIC in; else its job fails with 530."""
    network = call.need("id", living_networks(call))
    if not (call.is_root or network.account is call.account):
        raise ApiError(531, f"{call.account.name} does not have permission to operate with resource {network.name}")
    return call.submit(_deletion(call, network), instance_type="Network", instance_id=network.id)


def _deletion(call: Call, network: Network) -> Work:
    if any(nic.network is network for vm in call.world.vms.values() for nic in vm.nics):
        raise ApiError(530, "Failed to delete network")
    network.removed = True
    call.world.tags.pop(("Network", network.id), None)
    return {"success": True}
    yield 0.0


def network_offering_answer(offering: NetworkOffering) -> dict[str, Any]:
    """A network offering as the API sends it."""
    return {
        "id": offering.id,
        "name": offering.name,
        "displaytext": offering.display_text,
        "created": stamp(offering.created),
        "traffictype": "Guest",
        "isdefault": True,
        "specifyvlan": False,
        "conservemode": True,
        "specifyipranges": False,
        "availability": offering.availability,
        "networkrate": 200,
        "state": offering.state,
        "guestiptype": offering.guest_type,
        "service": [
            {"name": name, "provider": [{"name": "ConfigDrive" if offering.config_drive else "VirtualRouter"}]}
            for name in offering.services
        ],
        "forvpc": False,
        "fornsx": False,
        "fortungsten": False,
        "ispersistent": False,
        "egressdefaultpolicy": False,
        "supportsstrechedl2subnet": False,
        "supportspublicaccess": False,
        "supportsinternallb": False,
        "internetprotocol": "IPv4",
        "specifyasnumber": False,
        "hasannotations": False,
    }


@command("listNetworkOfferings")
def list_network_offerings(call: Call) -> dict[str, Any]:
    """Network offerings by id, name, state and guest type."""
    wanted = call.entity("id", call.world.network_offerings)
    rows = [
        offering
        for offering in call.world.network_offerings.values()
        if wanted in (None, offering)
        and call.text("name") in (None, offering.name)
        and (call.text("state") or offering.state).lower() == offering.state.lower()
        and (call.text("guestiptype") or offering.guest_type).lower() == offering.guest_type.lower()
    ]
    return call.page("networkoffering", rows, network_offering_answer)
