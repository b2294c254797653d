"""What has to happen on the stage before a recorded request gets its recorded answer.

A cast prepares the emulator and returns the parameters that replace the recorded ids, and the keys of who asks
(None: root admin). A request without a cast is sent as it was recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cloudstack_emulator import Keys
from tests.emulator.stage import Stage

Cast = tuple[dict[str, str], Keys | None]
CASTS: dict[str, Callable[[Stage], Cast]] = {}


def before(*labels: str) -> Callable[[Callable[[Stage], Cast]], Callable[[Stage], Cast]]:
    """Register a cast for recorded requests, written "command-index"."""

    def register(cast: Callable[[Stage], Cast]) -> Callable[[Stage], Cast]:
        for label in labels:
            assert label not in CASTS, label
            CASTS[label] = cast
        return cast

    return register


# --- virtual machines


@before("assignVirtualMachine-0", "assignVirtualMachine-1")
def assign_from_an_isolated_owner(stage: Stage) -> Cast:
    return {"virtualmachineid": stage.pin("asg-1"), "networkids": stage.network()}, None


@before("assignVirtualMachine-2")
def assign_within_the_systems_network(stage: Stage) -> Cast:
    network = stage.system_network()
    stage.content("createNetworkPermissions", networkid=network, accountids=stage.admin)
    return {"virtualmachineid": stage.pin("adm-3", networkids=network), "networkids": network}, None


@before("assignVirtualMachine-3")
def assign_a_tagged_pin(stage: Stage) -> Cast:
    params, _ = assign_within_the_systems_network(stage)
    stage.tag(params["virtualmachineid"])
    return params, None


@before("changeServiceForVirtualMachine-0")
def change_to_other_storage_tags(stage: Stage) -> Cast:
    return {"id": stage.deploy("pin-chg"), "serviceofferingid": stage.offering("pin-silver")}, None


@before("changeServiceForVirtualMachine-1")
def change_to_the_same_storage_tags(stage: Stage) -> Cast:
    return {
        "id": stage.deploy("pin-chg"),
        "serviceofferingid": stage.make_offering("pin-gold-b", "gold", memory="256"),
    }, None


@before("deployVirtualMachine-0")
def deploy_like_the_provider(stage: Stage) -> Cast:
    ids = {"networkids": stage.network(), "templateid": stage.template()}
    return ids | {"serviceofferingid": stage.offering("pin-silver")}, None


@before("deployVirtualMachine-1")
def deploy_for_system_on_a_foreign_network(stage: Stage) -> Cast:
    ids = {"networkids": stage.network(), "templateid": stage.template()}
    return ids | {"serviceofferingid": stage.offering()}, None


@before("deployVirtualMachine-2", "deployVirtualMachine-5")
def deploy_a_name_twice(stage: Stage) -> Cast:
    stage.deploy("nosuch-1")
    stage.deploy("loc-pref-8290bd")
    return deploy_for_system_on_a_foreign_network(stage)


@before("deployVirtualMachine-3")
def deploy_with_an_offering_that_is_no_id(stage: Stage) -> Cast:
    return {"templateid": stage.template()}, None


@before("destroyVirtualMachine-0", "restoreVirtualMachine-0", "stopVirtualMachine-0", "updateVirtualMachine-0")
def a_pin(stage: Stage) -> Cast:
    key = stage.pin("cpfail-1")
    return {"id": key, "virtualmachineid": key}, None


@before("startVirtualMachine-0")
def a_new_machine(stage: Stage) -> Cast:
    return {"id": stage.deploy("pin")}, None


@before("recoverVirtualMachine-0")
def a_restored_and_destroyed_machine(stage: Stage) -> Cast:
    machine = stage.pin("pin-restore")
    stage.run("restoreVirtualMachine", virtualmachineid=machine)
    stage.run("destroyVirtualMachine", id=machine)
    return {"id": machine}, None


@before("listVirtualMachines-0")
def list_a_new_tagged_machine(stage: Stage) -> Cast:
    machine = stage.deploy("pin-2462a301-silver", offering="pin-silver")
    stage.tag(machine)
    return {"id": machine}, None


@before("listVirtualMachines-1")
def list_a_tagged_pin(stage: Stage) -> Cast:
    machine = stage.pin("pin-2462a301-silver", offering="pin-silver")
    stage.tag(machine)
    return {"id": machine}, None


@before("listVirtualMachines-2")
def list_a_pin(stage: Stage) -> Cast:
    return {"id": stage.pin("asg-1")}, None


def _handed_over(stage: Stage, name: str, *, with_network: bool = True, tagged: bool = False) -> str:
    network = stage.system_network()
    stage.content("createNetworkPermissions", networkid=network, accountids=stage.admin)
    machine = stage.pin(name, networkids=network)
    if tagged:
        stage.tag(machine)
    owner: dict[str, Any] = {"account": "system", "domainid": stage.domain} | (
        {"networkids": network} if with_network else {}
    )
    stage.content("assignVirtualMachine", virtualmachineid=machine, **owner)
    return machine


@before("listVirtualMachines-3")
def list_a_machine_assigned_without_its_network(stage: Stage) -> Cast:
    return {"id": _handed_over(stage, "asg-1", with_network=False)}, None


@before("listVirtualMachines-4")
def list_a_machine_deployed_for_system(stage: Stage) -> Cast:
    owner: dict[str, Any] = {"account": "system", "domainid": stage.domain}
    return {"id": stage.deploy("sys-2", networkids=stage.system_network(), **owner)}, None


@before("listVirtualMachines-5")
def list_an_assigned_machine(stage: Stage) -> Cast:
    return {"id": _handed_over(stage, "adm-3")}, None


@before("listVirtualMachines-6")
def list_an_assigned_tagged_machine(stage: Stage) -> Cast:
    return {"id": _handed_over(stage, "pin-38058168-gold", tagged=True)}, None


def _unplaceable(stage: Stage) -> str:
    """An offering whose storage tag no pool bears."""
    return stage.make_offering("pin-nosuch", "nosuch")


@before("listVirtualMachines-7")
def list_a_machine_whose_start_found_no_pool(stage: Stage) -> Cast:
    machine = stage.deploy("nosuch-1", serviceofferingid=_unplaceable(stage))
    stage.end("startVirtualMachine", id=machine)
    return {"id": machine}, None


@before("listVirtualMachines-8")
def list_a_machine_whose_deploy_found_no_pool(stage: Stage) -> Cast:
    return {"id": stage.deploy("nosuch-2", serviceofferingid=_unplaceable(stage), startvm="true")}, None


def _copy_fails(stage: Stage) -> tuple[str, str]:
    """A machine whose first start failed in the agent, and that start's job."""
    stage.emulator.fail("startVirtualMachine")
    machine = stage.deploy("cpfail-1", offering="pin-silver")
    return machine, stage.end("startVirtualMachine", id=machine)


@before("listVirtualMachines-9")
def list_a_machine_whose_copy_failed(stage: Stage) -> Cast:
    return {"id": _copy_fails(stage)[0]}, None


@before("listVirtualMachines-10")
def list_a_running_machine(stage: Stage) -> Cast:
    machine = stage.deploy("cpfail-1")
    stage.run("startVirtualMachine", id=machine)
    return {"id": machine}, None


@before("listVirtualMachines-11")
def list_an_expunged_machine(stage: Stage) -> Cast:
    machine = stage.pin("cpfail-1")
    stage.run("destroyVirtualMachine", id=machine, expunge="true")
    return {"id": machine}, None


@before("listVolumes-0")
def volume_of_a_new_machine(stage: Stage) -> Cast:
    return {"virtualmachineid": stage.deploy("pin-2462a301-silver", offering="pin-silver")}, None


@before("listVolumes-1")
def volume_of_a_pin(stage: Stage) -> Cast:
    return {"virtualmachineid": stage.pin("pin-2462a301-silver", offering="pin-silver")}, None


@before("listVolumes-2")
def volume_of_an_assigned_machine(stage: Stage) -> Cast:
    return {"virtualmachineid": _handed_over(stage, "asg-1")}, None


@before("listVolumes-3")
def volume_of_anothers_machine(stage: Stage) -> Cast:
    return {"virtualmachineid": _handed_over(stage, "pin-38058168-gold")}, None


@before("listVolumes-4")
def volume_of_a_restored_machine(stage: Stage) -> Cast:
    machine = stage.pin("pin-restore", offering="pin-silver")
    stage.run("restoreVirtualMachine", virtualmachineid=machine)
    return {"virtualmachineid": machine}, None


@before("listVolumes-5")
def volume_seen_by_a_user(stage: Stage) -> Cast:
    user = stage.user()
    network = stage.network("l2-template-pins-user", by=user)
    return {"virtualmachineid": stage.pin("u-template-pins-user", by=user, networkids=network)}, user


@before("listVolumes-6", "listVolumes-7")
def volumes_of_several_machines(stage: Stage) -> Cast:
    stage.pin("asg-1")
    stage.pin("asg-2", offering="pin-silver")
    return {}, None


@before("listVolumes-8")
def volume_of_a_running_machine(stage: Stage) -> Cast:
    return {"virtualmachineid": list_a_running_machine(stage)[0]["id"]}, None


# --- storage, templates, hosts


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


# --- jobs


def _job(*labels: str) -> Callable[[Callable[[Stage], tuple[str, Keys | None]]], None]:
    def register(begin: Callable[[Stage], tuple[str, Keys | None]]) -> None:
        def cast(stage: Stage) -> Cast:
            job, keys = begin(stage)
            return {"jobid": job}, keys

        before(*labels)(cast)

    return register


def _jobs_of(*indices: int) -> Callable[[Callable[[Stage], tuple[str, Keys | None]]], None]:
    return _job(*[f"queryAsyncJobResult-{index}" for index in indices])


def _deploy_job(stage: Stage, name: str, by: Keys | None = None, **params: Any) -> str:
    full: dict[str, Any] = {
        "name": name,
        "networkids": stage.network(f"l2-{name}", by=by),
        "templateid": stage.template(),
    }
    full |= {"serviceofferingid": stage.offering(), "zoneid": stage.zone, "startvm": "false"} | params
    return stage.submit("deployVirtualMachine", by=by, **full)


@_jobs_of(0)
def deploy_done(stage: Stage) -> tuple[str, Keys | None]:
    job = _deploy_job(stage, "pin-2462a301-silver")
    stage.emulator.advance(5)
    return job, None


@_jobs_of(1)
def tags_done(stage: Stage) -> tuple[str, Keys | None]:
    tag: dict[str, Any] = {"resourcetype": "userVm", "tags[0].key": "k", "tags[0].value": "v"}
    return stage.end("createTags", resourceids=stage.deploy("pin"), **tag), None


@_jobs_of(2)
def start_pending(stage: Stage) -> tuple[str, Keys | None]:
    return stage.submit("startVirtualMachine", id=stage.deploy("pin")), None


@_jobs_of(3)
def start_done(stage: Stage) -> tuple[str, Keys | None]:
    return stage.end("startVirtualMachine", id=stage.deploy("pin")), None


@_jobs_of(4)
def stop_pending(stage: Stage) -> tuple[str, Keys | None]:
    return stage.submit("stopVirtualMachine", id=list_a_running_machine(stage)[0]["id"]), None


@_jobs_of(5)
def stop_done(stage: Stage) -> tuple[str, Keys | None]:
    return stage.end("stopVirtualMachine", id=list_a_running_machine(stage)[0]["id"]), None


@_jobs_of(6)
def destroy_pending(stage: Stage) -> tuple[str, Keys | None]:
    return stage.submit("destroyVirtualMachine", id=stage.pin("pin"), expunge="true"), None


@_jobs_of(7)
def destroy_done(stage: Stage) -> tuple[str, Keys | None]:
    return stage.end("destroyVirtualMachine", id=stage.pin("pin"), expunge="true"), None


@_jobs_of(8)
def keys_pending(stage: Stage) -> tuple[str, Keys | None]:
    return stage.submit("registerUserKeys", id=_another_user(stage)), None


@_jobs_of(9)
def keys_done(stage: Stage) -> tuple[str, Keys | None]:
    return stage.end("registerUserKeys", id=_another_user(stage)), None


def _another_user(stage: Stage) -> str:
    stage.user()
    return str(stage.content("listAccounts", name="template-pins-user", listall="true")["account"][0]["user"][0]["id"])


@_jobs_of(10)
def start_found_no_pool(stage: Stage) -> tuple[str, Keys | None]:
    machine = stage.deploy("nosuch-1", serviceofferingid=_unplaceable(stage))
    return stage.end("startVirtualMachine", id=machine), None


@_jobs_of(11)
def starting_deploy_pending(stage: Stage) -> tuple[str, Keys | None]:
    return _deploy_job(stage, "nosuch-2", startvm="true"), None


@_jobs_of(12)
def starting_deploy_found_no_pool(stage: Stage) -> tuple[str, Keys | None]:
    job = _deploy_job(stage, "nosuch-2", serviceofferingid=_unplaceable(stage), startvm="true")
    stage.emulator.advance(5)
    return job, None


@_jobs_of(13)
def start_failed_in_the_agent(stage: Stage) -> tuple[str, Keys | None]:
    return _copy_fails(stage)[1], None


@_jobs_of(14)
def start_of_a_running_machine(stage: Stage) -> tuple[str, Keys | None]:
    return stage.end("startVirtualMachine", id=list_a_running_machine(stage)[0]["id"]), None


@_jobs_of(15)
def destroy_of_a_protected_machine(stage: Stage) -> tuple[str, Keys | None]:
    machine = stage.pin("cpfail-1")
    stage.content("updateVirtualMachine", id=machine, deleteprotection="true")
    return stage.end("destroyVirtualMachine", id=machine, expunge="true"), None


@_jobs_of(16)
def restore_pending(stage: Stage) -> tuple[str, Keys | None]:
    return stage.submit("restoreVirtualMachine", virtualmachineid=stage.pin("cpfail-1")), None


@_jobs_of(17)
def restore_done(stage: Stage) -> tuple[str, Keys | None]:
    return stage.end("restoreVirtualMachine", virtualmachineid=stage.pin("cpfail-1")), None


@_jobs_of(18)
def deploy_by_a_user_done(stage: Stage) -> tuple[str, Keys | None]:
    user = stage.user()
    job = _deploy_job(stage, "u-template-pins-user", by=user)
    stage.emulator.advance(5)
    return job, user


def _users_machine(stage: Stage) -> tuple[str, Keys]:
    user = stage.user()
    return stage.deploy("u-template-pins-user", by=user, networkids=stage.network("l2-user", by=user)), user


@_jobs_of(19)
def start_in_a_cluster_by_a_user(stage: Stage) -> tuple[str, Keys | None]:
    machine, user = _users_machine(stage)
    return stage.end("startVirtualMachine", by=user, id=machine, clusterid=stage.first("listClusters", "cluster")), user


@_jobs_of(20)
def start_by_a_user_pending(stage: Stage) -> tuple[str, Keys | None]:
    machine, user = _users_machine(stage)
    return stage.submit("startVirtualMachine", by=user, id=machine), user


@_jobs_of(21)
def start_by_a_user_done(stage: Stage) -> tuple[str, Keys | None]:
    machine, user = _users_machine(stage)
    return stage.end("startVirtualMachine", by=user, id=machine), user


def _users_running_machine(stage: Stage) -> tuple[str, Keys]:
    machine, user = _users_machine(stage)
    stage.run("startVirtualMachine", by=user, id=machine)
    return machine, user


@_jobs_of(22)
def stop_by_a_user_pending(stage: Stage) -> tuple[str, Keys | None]:
    machine, user = _users_running_machine(stage)
    return stage.submit("stopVirtualMachine", by=user, id=machine), user


@_jobs_of(23)
def stop_by_a_user_done(stage: Stage) -> tuple[str, Keys | None]:
    machine, user = _users_running_machine(stage)
    return stage.end("stopVirtualMachine", by=user, id=machine), user


@_jobs_of(24)
def expunge_by_a_user(stage: Stage) -> tuple[str, Keys | None]:
    machine, user = _users_machine(stage)
    return stage.end("destroyVirtualMachine", by=user, id=machine, expunge="true"), user


@_jobs_of(25)
def start_of_a_running_machine_by_an_admin(stage: Stage) -> tuple[str, Keys | None]:
    admin = stage.account("template-pins", "pins-1")
    network = stage.network("l2-template-pins", by=admin)
    machine = stage.deploy("u-template-pins", by=admin, networkids=network)
    stage.run("startVirtualMachine", by=admin, id=machine)
    return stage.end("startVirtualMachine", by=admin, id=machine), admin


@_jobs_of(26)
def maintenance_done(stage: Stage) -> tuple[str, Keys | None]:
    return stage.end("enableStorageMaintenance", id=stage.pool()), None


@_jobs_of(27)
def maintenance_cancelled(stage: Stage) -> tuple[str, Keys | None]:
    stage.run("enableStorageMaintenance", id=stage.pool())
    return stage.end("cancelStorageMaintenance", id=stage.pool()), None


@_jobs_of(28)
def reconnect_pending(stage: Stage) -> tuple[str, Keys | None]:
    return stage.submit("reconnectHost", id=stage.first("listHosts", "host", type="Routing")), None


@_jobs_of(29)
def reconnect_done(stage: Stage) -> tuple[str, Keys | None]:
    return stage.end("reconnectHost", id=stage.first("listHosts", "host", type="Routing")), None
