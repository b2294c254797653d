"""Networks of system and of others, and the permission to use them."""

from __future__ import annotations

from typing import Any

import pytest

from cloudstack_emulator import Emulator, EmulatorCallError, Keys


def make_network(emulator: Emulator, **params: Any) -> str:
    offering = emulator.call("listNetworkOfferings", name="DefaultL2NetworkOffering")["networkoffering"][0]["id"]
    fixed: dict[str, Any] = {"networkofferingid": offering, "zoneid": emulator.call("listZones")["zone"][0]["id"]}
    made: str = emulator.call("createNetwork", name="pins-l2", displaytext="pins", **fixed, **params)["network"]["id"]
    return made


def system_network(emulator: Emulator) -> str:
    domain = emulator.call("listDomains")["domain"][0]["id"]
    return make_network(emulator, account="system", domainid=domain)


def names(emulator: Emulator, keys: Keys, **params: Any) -> list[str]:
    listed = emulator.call("listNetworks", keys, **params).get("network", [])
    return sorted(network["name"] for network in listed)


def account(emulator: Emulator, name: str) -> str:
    found: str = emulator.call("listAccounts", name=name, listall=True)["account"][0]["id"]
    return found


def test_a_permission_shows_the_systems_network_to_another_account(emulator: Emulator) -> None:
    network = system_network(emulator)
    assert names(emulator, emulator.user) == ["user-l2"]

    emulator.call("createNetworkPermissions", networkid=network, accountids=account(emulator, "user"))
    assert names(emulator, emulator.user) == ["pins-l2", "user-l2"]
    permitted = emulator.call("listNetworkPermissions", networkid=network)["networkpermission"]
    assert [one["account"] for one in permitted] == ["user"]

    emulator.call("removeNetworkPermissions", networkid=network, accounts="user")
    assert names(emulator, emulator.user) == ["user-l2"]
    assert emulator.call("listNetworkPermissions", networkid=network) == {}


def test_a_root_admin_sees_other_accounts_networks_when_asking_for_all(emulator: Emulator) -> None:
    system_network(emulator)

    assert names(emulator, emulator.pins) == ["caller-l2"]
    assert names(emulator, emulator.pins, listall=True) == ["caller-l2", "pins-l2", "user-l2"]
    assert names(
        emulator, emulator.pins, account="system", domainid=emulator.call("listDomains")["domain"][0]["id"]
    ) == ["pins-l2"]


def test_a_user_gives_no_permission_on_what_belongs_to_system(emulator: Emulator) -> None:
    network = system_network(emulator)
    with pytest.raises(EmulatorCallError, match="531: "):
        emulator.call("createNetworkPermissions", emulator.user, networkid=network, accounts="user")


def test_a_deleted_network_is_listed_no_more(emulator: Emulator) -> None:
    network = system_network(emulator)
    emulator.call("deleteNetwork", id=network)
    assert emulator.call("listNetworks", id=network) == {}
    with pytest.raises(EmulatorCallError, match="431: "):
        emulator.call("deleteNetwork", id=network)


def test_a_network_that_never_was_is_an_error(emulator: Emulator) -> None:
    with pytest.raises(
        EmulatorCallError, match="Invalid parameter id value=nowhere due to incorrect long value format"
    ):
        emulator.call("listNetworks", id="nowhere")


def test_a_network_in_use_stays(emulator: Emulator) -> None:
    network = system_network(emulator)
    owner: dict[str, Any] = {"account": "system", "domainid": emulator.call("listDomains")["domain"][0]["id"]}
    emulator.call(
        "deployVirtualMachine",
        serviceofferingid=emulator.call("listServiceOfferings", name="pin-gold")["serviceoffering"][0]["id"],
        templateid=emulator.call("listTemplates", templatefilter="all", name="Debian 12 (x86_64)")["template"][0]["id"],
        zoneid=emulator.call("listZones")["zone"][0]["id"],
        networkids=network,
        startvm=False,
        **owner,
    )
    with pytest.raises(EmulatorCallError, match="530: Failed to delete network"):
        emulator.call("deleteNetwork", id=network)
