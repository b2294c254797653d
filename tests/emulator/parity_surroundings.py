"""Casts for recorded requests about pools, templates, offerings, networks, settings, accounts, events and usage."""

from __future__ import annotations

from cloudstack_emulator import Keys
from tests.emulator.parity_casts import CASTS, Cast, before
from tests.emulator.parity_machines import list_a_running_machine, list_an_expunged_machine
from tests.emulator.stage import Stage


@before("enableStorageMaintenance-0", "updateStoragePool-0")
def a_pool(stage: Stage) -> Cast:
    return {"id": stage.pool()}, None


@before("cancelStorageMaintenance-0")
def a_pool_in_maintenance(stage: Stage) -> Cast:
    stage.run("enableStorageMaintenance", id=stage.pool())
    return {"id": stage.pool()}, None


@before("listStoragePools-1")
def asked_by_a_user(stage: Stage) -> Cast:
    return {}, stage.user()


@before("listTemplates-0")
def a_template_seen_by_a_user(stage: Stage) -> Cast:
    return {"id": stage.template()}, stage.user()


@before("listTemplates-1")
def a_template_with_a_copy(stage: Stage) -> Cast:
    stage.content("prepareTemplate", zoneid=stage.zone, templateid=stage.template(), storageid=stage.pool())
    stage.emulator.advance(5)
    return {"id": stage.template()}, None


@before("listTemplates-2")
def templates_of_a_pool(stage: Stage) -> Cast:
    return {"storageid": stage.pool()}, None


@before("prepareTemplate-0")
def prepare_by_a_user(stage: Stage) -> Cast:
    return {"templateid": stage.template()}, stage.user()


@before("prepareTemplate-1")
def prepare_by_root(stage: Stage) -> Cast:
    return {"templateid": stage.template()}, None


@before("reconnectHost-0")
def a_host(stage: Stage) -> Cast:
    return {"id": stage.first("listHosts", "host", type="Routing")}, None


# --- offerings, networks, tags, settings


@before("deleteServiceOffering-0", "listServiceOfferings-0")
def an_offering_of_the_provider(stage: Stage) -> Cast:
    return {"id": stage.make_offering("pin-tf-gold", "gold", cachemode="none")}, None


@before("createNetwork-0", "createNetwork-1")
def a_network_offering(stage: Stage) -> Cast:
    name = "DefaultL2NetworkOffering"
    return {"networkofferingid": stage.first("listNetworkOfferings", "networkoffering", name=name)}, None


CASTS["createNetwork-1"] = lambda stage: (a_network_offering(stage)[0], stage.user())


@before("createNetworkPermissions-0")
def a_network_of_system(stage: Stage) -> Cast:
    return {"networkid": stage.system_network(), "accountids": stage.admin}, None


@before("listNetworks-0")
def an_implemented_network(stage: Stage) -> Cast:
    list_a_running_machine(stage)
    return {}, None


@before("createTags-0")
def a_machine_to_tag(stage: Stage) -> Cast:
    return {"resourceids": stage.deploy("pin")}, None


@before("listTags-0")
def tags_of_two_machines(stage: Stage) -> Cast:
    stage.tag(stage.deploy("pin-1"))
    stage.tag(stage.deploy("pin-2"))
    return {}, None


@before("listConfigurations-2")
def threshold_of_a_pool(stage: Stage) -> Cast:
    return {"storageid": stage.pool()}, None


@before("resetConfiguration-0")
def reset_a_preference(stage: Stage) -> Cast:
    return {"accountid": stage.admin}, None


@before("updateConfiguration-0")
def set_a_preference(stage: Stage) -> Cast:
    return {"accountid": stage.admin, "value": stage.pool()}, None


@before("updateZone-0")
def the_zone(stage: Stage) -> Cast:
    return {"id": stage.zone}, None


@before("listZones-0")
def zone_by_id(stage: Stage) -> Cast:
    return {"id": stage.zone}, None


@before("listZones-1")
def a_key_that_nobody_has(stage: Stage) -> Cast:
    return {}, Keys("nobody", "nothing")


# --- accounts, events, usage


@before("createAccount-0")
def a_new_account(stage: Stage) -> Cast:
    return {"username": "template-pins", "email": "p@example.org", "password": "p"}, None


@before("listAccounts-1")
def an_admin_account(stage: Stage) -> Cast:
    stage.account("template-pins", "pins-1")
    return {}, None


@before("listAccounts-2")
def a_user_account_without_keys(stage: Stage) -> Cast:
    stage.make_account("template-pins-user", "pinsuser", "0")
    return {}, None


@before("listUsers-0")
def users_seen_by_a_user(stage: Stage) -> Cast:
    return {}, stage.user()


@before("listUsers-1")
def users_seen_by_an_admin(stage: Stage) -> Cast:
    return {}, stage.account("template-pins", "pins-1")


@before("registerUserKeys-0")
def a_user_without_keys(stage: Stage) -> Cast:
    return {"id": stage.first("listUsers", "user")}, None


@before("listEvents-2")
def events_of_a_destroy_that_expunges(stage: Stage) -> Cast:
    list_an_expunged_machine(stage)
    return {}, None


@before("listEvents-0", "listEvents-1")
def events_of_deploys(stage: Stage) -> Cast:
    stage.deploy("par-w12-10")
    stage.deploy("par-w12-11")
    return {}, None


def _usage(stage: Stage) -> None:
    """Two owners' machines, started, stopped, and the job of the next night done."""
    stage.emulator.start_usage_server()
    stage.pin("smoke1")
    stage.pin("sys-2", networkids=stage.system_network(), account="system", domainid=stage.domain)
    stage.emulator.advance(2 * 86400)


@before(*[f"listUsageRecords-{index}" for index in (1, 2, 3, 4, 5, 8, 9)])
def usage_of_a_day(stage: Stage) -> Cast:
    _usage(stage)
    return {}, None
