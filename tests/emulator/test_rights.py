"""What each kind of account may call, and what is answered to commands that nobody may."""

from __future__ import annotations

import pytest

from cloudstack_emulator import Emulator, EmulatorCallError
from cloudstack_emulator.registry import COMMANDS, load_commands

load_commands()
FOR_ROOT = sorted(command.name for command in COMMANDS.values() if command.rights == "root")


def test_commands_of_root_admins_are_unavailable_to_users(emulator: Emulator) -> None:
    for name in FOR_ROOT:
        with pytest.raises(EmulatorCallError) as caught:
            emulator.call(name, emulator.user)
        text = f"The API [{name}] does not exist or is not available for the account user."
        assert (caught.value.code, caught.value.text) == (432, text)


@pytest.mark.parametrize(
    "name", ["listStoragePools", "prepareTemplate", "listConfigurations", "updateConfiguration", "assignVirtualMachine"]
)
def test_what_pins_need_beyond_user_rights_is_for_root_admins(name: str) -> None:
    assert name in FOR_ROOT


@pytest.mark.parametrize("account", ["root", "pins", "user"])
@pytest.mark.parametrize("name", ["fooBar", "listProjects", "login"])
def test_a_command_that_is_not_modelled_is_refused_like_a_bad_key(emulator: Emulator, account: str, name: str) -> None:
    with pytest.raises(EmulatorCallError) as caught:
        emulator.call(name, getattr(emulator, account))
    assert (caught.value.code, caught.value.text) == (
        401,
        "unable to verify user credentials and/or request signature",
    )


def test_a_user_makes_networks_only_for_itself(emulator: Emulator) -> None:
    offering = emulator.call("listNetworkOfferings", name="DefaultL2NetworkOffering")["networkoffering"][0]["id"]
    zone, domain = emulator.call("listZones")["zone"][0]["id"], emulator.call("listDomains")["domain"][0]["id"]
    params = {"name": "n", "networkofferingid": offering, "zoneid": zone, "domainid": domain, "keys": emulator.user}

    assert emulator.call("createNetwork", **params)["network"]["account"] == "user"
    with pytest.raises(EmulatorCallError, match="531: "):
        emulator.call("createNetwork", **params, account="system")


def test_users_do_not_see_pools_vlans_or_hosts(emulator: Emulator) -> None:
    (network,) = emulator.call("listNetworks", emulator.user)["network"]
    machine = emulator.call(
        "deployVirtualMachine",
        emulator.user,
        serviceofferingid=emulator.call("listServiceOfferings", name="pin-gold")["serviceoffering"][0]["id"],
        templateid=emulator.call("listTemplates", templatefilter="all", name="Debian 12 (x86_64)")["template"][0]["id"],
        zoneid=network["zoneid"],
        networkids=network["id"],
    )["virtualmachine"]
    (volume,) = emulator.call("listVolumes", emulator.user, virtualmachineid=machine["id"])["volume"]
    (network,) = emulator.call("listNetworks", emulator.user)["network"]

    assert (machine["state"], volume["state"]) == ("Running", "Ready")
    assert {"hostid", "storage", "storageid", "vlan", "broadcasturi"}.isdisjoint({*machine, *volume, *network})


def test_a_role_of_its_own_allows_what_it_lists_and_no_more(emulator: Emulator) -> None:
    emulator.restrict("pins", ["listZones", "listHosts"])

    assert emulator.call("listHosts", emulator.pins)["host"]
    with pytest.raises(EmulatorCallError, match=r"432: The API .listClusters. does not exist or is not available"):
        emulator.call("listClusters", emulator.pins)
    assert emulator.call("listClusters")["cluster"]
    with pytest.raises(ValueError, match="'nobody' is unknown"):
        emulator.restrict("nobody", [])
