"""createNetworkPermissions, listNetworkPermissions, removeNetworkPermissions."""

from __future__ import annotations

from typing import Any

from ..entities import Account, Network
from ..errors import ApiError, invalid, unknown_entity
from ..registry import Call, command
from .networks import living_networks


def _network(call: Call) -> Network:
    network = call.need("networkid", living_networks(call))
    if not (call.is_root or network.account is call.account):
        raise ApiError(531, f"{call.account.name} does not have permission to operate with resource {network.name}")
    if network.acl_type != "Account":
        raise invalid("Only network with ACL type Account can be shared by network permissions")
    return network


def _accounts(call: Call) -> list[Account]:
    names, ids = call.listed("accounts"), call.listed("accountids")
    if names and ids:
        raise invalid("Accounts and accountIds can not be specified together")
    found = []
    for name in names:
        account = call.world.account_named(name)
        if account is None:
            raise invalid(f"Unable to find account by name {name}")
        found.append(account)
    for one in ids:
        if one not in call.world.accounts:
            raise unknown_entity(call.command.name, "accountids", one)
        found.append(call.world.accounts[one])
    return found


@command("createNetworkPermissions", required=("networkid",))
def create_network_permissions(call: Call) -> dict[str, Any]:
    """Lets accounts, by name or id, deploy into a network that is not theirs."""
    network = _network(call)
    for account in _accounts(call):
        if account is network.account:
            raise invalid("Permissions cannot be given to the owner of the network")
        if account not in network.permitted:
            network.permitted.append(account)
    return {"success": True}


@command("removeNetworkPermissions", required=("networkid",))
def remove_network_permissions(call: Call) -> dict[str, Any]:
    """Takes that permission back from accounts by name or id."""
    network = _network(call)
    for account in _accounts(call):
        if account in network.permitted:
            network.permitted.remove(account)
    return {"success": True}


@command("listNetworkPermissions", required=("networkid",))
def list_network_permissions(call: Call) -> dict[str, Any]:
    """The accounts that may use a network beside its owner."""
    network = _network(call)
    return call.page(
        "networkpermission",
        network.permitted,
        lambda account: {
            "networkid": network.id,
            "domainid": account.domain.id,
            "domain": account.domain.name,
            "accountid": account.id,
            "account": account.name,
        },
    )
