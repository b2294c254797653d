"""Casts for recorded answers of queryAsyncJobResult."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cloudstack_emulator import Keys
from tests.emulator.parity_casts import Cast, before
from tests.emulator.parity_machines import copy_fails, list_a_running_machine, unplaceable
from tests.emulator.stage import Stage


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
    machine = stage.deploy("nosuch-1", serviceofferingid=unplaceable(stage))
    return stage.end("startVirtualMachine", id=machine), None


@_jobs_of(11)
def starting_deploy_pending(stage: Stage) -> tuple[str, Keys | None]:
    return _deploy_job(stage, "nosuch-2", startvm="true"), None


@_jobs_of(12)
def starting_deploy_found_no_pool(stage: Stage) -> tuple[str, Keys | None]:
    job = _deploy_job(stage, "nosuch-2", serviceofferingid=unplaceable(stage), startvm="true")
    stage.emulator.advance(5)
    return job, None


@_jobs_of(13)
def start_failed_in_the_agent(stage: Stage) -> tuple[str, Keys | None]:
    return copy_fails(stage)[1], None


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
