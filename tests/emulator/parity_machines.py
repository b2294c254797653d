"""Casts for recorded requests about virtual machines and volumes."""

from __future__ import annotations

from typing import Any

from tests.emulator.parity_casts import Cast, before
from tests.emulator.stage import Stage


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


def unplaceable(stage: Stage) -> str:
    """An offering whose storage tag no pool bears."""
    return stage.make_offering("pin-nosuch", "nosuch")


@before("listVirtualMachines-7")
def list_a_machine_whose_start_found_no_pool(stage: Stage) -> Cast:
    machine = stage.deploy("nosuch-1", serviceofferingid=unplaceable(stage))
    stage.end("startVirtualMachine", id=machine)
    return {"id": machine}, None


@before("listVirtualMachines-8")
def list_a_machine_whose_deploy_found_no_pool(stage: Stage) -> Cast:
    return {"id": stage.deploy("nosuch-2", serviceofferingid=unplaceable(stage), startvm="true")}, None


def copy_fails(stage: Stage) -> tuple[str, str]:
    """A machine whose first start failed in the agent, and that start's job."""
    stage.emulator.fail("startVirtualMachine")
    machine = stage.deploy("cpfail-1", offering="pin-silver")
    return machine, stage.end("startVirtualMachine", id=machine)


@before("listVirtualMachines-9")
def list_a_machine_whose_copy_failed(stage: Stage) -> Cast:
    return {"id": copy_fails(stage)[0]}, None


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
