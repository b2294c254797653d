"""The life of a VM: start, stop, destroy, expunge, restore, as work of jobs."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

from .copying import CREATING, ensure_copy
from .entities import Cluster, Host, StoragePool, User, VirtualMachine, Volume
from .errors import ApiError, invalid
from .faults import Fault
from .placement import destination
from .world import World

#: A step of a job: seconds to wait.
Steps = Generator[float, None, None]

TRANSIENT = ("Starting", "Stopping", "Expunging")
#: How long a start thinks before ``hostid`` shows at most, as seen on a real CloudStack.
PLANNING_SECONDS = 2.0


def settled(vm: VirtualMachine) -> Steps:
    """Wait until no other job works on the VM: CloudStack queues the jobs of one VM."""
    while vm.state in TRANSIENT:
        yield 0.1


def start(
    world: World,
    vm: VirtualMachine,
    *,
    user: User,
    cluster: Cluster | None = None,
    host: Host | None = None,
    fault: Fault | None = None,
) -> Steps:
    """Plan, copy the template where it is missing, clone ROOT, run.

    A failure before the clone leaves the VM Stopped and ROOT Allocated; ``job-after-copy`` leaves ROOT Ready.
    """
    yield from settled(vm)
    if vm.state == "Running":
        raise invalid(f"The virtual machine {vm.id} ({vm.name}) is already running")
    if vm.state != "Stopped":
        raise invalid(f"unable to start the virtual machine {vm.id} ({vm.name}) in state {vm.state}")
    began = world.record(
        "VM.START", f"Starting Instance with ID: {vm.id}", user=user, account=vm.account, state="Started", **_named(vm)
    )
    updated = vm.last_updated
    _move(world, vm, "Starting")
    world.note("vm-starting", vm=vm)
    try:
        yield from _bring_up(world, vm, cluster, host, fault)
    except ApiError as error:
        _fall_back(world, vm)
        if error.code == 533:
            # Where the planner finds nothing, CloudStack shows no change of the VM.
            vm.last_updated = updated
        world.note("vm-start-failed", vm=vm)
        text = f"Error while starting Instance. Instance ID: {vm.id}"
        world.record("VM.START", text, user=user, account=vm.account, level="ERROR", parent=began, **_named(vm))
        raise
    _move(world, vm, "Running")
    vm.details = {key: value for key, value in vm.details.items() if key not in CAPACITY_DETAILS}
    world.note("vm-started", vm=vm)
    text = f"Successfully completed starting Instance. Instance ID: {vm.id}"
    world.record("VM.START", text, user=user, account=vm.account, parent=began, **_named(vm))


#: Details that CloudStack keeps for itself and shows nevertheless.
CAPACITY_DETAILS = ("deployvm", "Message.ReservedCapacityFreed.Flag")


def _bring_up(
    world: World, vm: VirtualMachine, cluster: Cluster | None, host: Host | None, fault: Fault | None
) -> Steps:
    planning = min(PLANNING_SECONDS, world.job_seconds / 2)
    yield planning
    if fault is not None and fault.kind == "job":
        raise fault.error(f"Unable to orchestrate the start of VM instance {described(vm, short=True)}.")
    chosen = destination(world, vm, cluster=cluster, host=host)
    root = vm.root
    if chosen is None or root is None:
        raise ApiError(533, f"No destination found for a deployment for VM instance {described(vm)}")
    world.occupy(vm, chosen.host)
    if root.pool is None:
        root.state = "Creating"
        # A copy takes its time; meanwhile the pool may have gone.
        yield from ensure_copy(world, vm.template, chosen.pool)
        if chosen.pool.state != "Up":
            raise ApiError(530, f"Unable to orchestrate the start of VM instance {described(vm, short=True)}.")
        root.state, root.path = "Ready", world.new_id()
        world.place_volume(root, chosen.pool)
        world.note("volume-ready", vm=vm)
    if fault is not None and fault.kind == "job-after-copy":
        raise fault.error(f"Unable to orchestrate the start of VM instance {described(vm, short=True)}.")
    yield world.job_seconds - planning
    for nic in vm.nics:
        nic.vlan = implement(world, nic.network.id)


def stop(world: World, vm: VirtualMachine, *, user: User) -> Steps:
    """Stop a running VM; stopping a stopped one succeeds."""
    yield from settled(vm)
    if vm.state != "Running":
        return
    began = world.record(
        "VM.STOP", f"Stopping Instance with ID: {vm.id}", user=user, account=vm.account, state="Started", **_named(vm)
    )
    _move(world, vm, "Stopping")
    yield world.job_seconds
    world.occupy(vm, None)
    for nic in vm.nics:
        nic.vlan = None
    vm.details = vm.details | {"Message.ReservedCapacityFreed.Flag": "false"}
    _move(world, vm, "Stopped")
    world.note("vm-stopped", vm=vm)
    text = f"Successfully completed stopping Instance. Instance ID: {vm.id}"
    world.record("VM.STOP", text, user=user, account=vm.account, parent=began, **_named(vm))


def destroy(world: World, vm: VirtualMachine, *, user: User, expunged: bool) -> Steps:
    """Stop and destroy; with ``expunged`` the VM, its volumes and its tags are gone at once."""
    yield from settled(vm)
    if vm.id not in world.vms:
        return
    if vm.delete_protection:
        raise invalid(
            f"Instance [id = {vm.id}, name = {vm.instance_name}] has delete protection enabled and cannot be deleted."
        )
    if expunged and not user.account.is_root_admin:
        raise ApiError(530, "Account does not have permission for expunging.")
    yield from stop(world, vm, user=user)
    if vm.state != "Destroyed":
        _move(world, vm, "Destroyed")
        vm.destroyed_at = world.now()
        world.note("vm-destroyed", vm=vm)
        text = f"Successfully completed destroying Instance. Instance ID: {vm.id}"
        world.record("VM.DESTROY", text, user=user, account=vm.account, **_named(vm))
    if expunged:
        expunge(world, vm)


def expunge(world: World, vm: VirtualMachine) -> None:
    """Remove the VM with its volumes, NICs and tags."""
    world.note("vm-expunged", vm=vm)
    vm.state = "Expunging"
    world.occupy(vm, None)
    if vm.root is not None:
        world.remove_volume(vm.root)
    world.vms.pop(vm.id, None)
    world.expunged.add(vm.id)
    world.tags.pop(("UserVm", vm.id), None)


def restore(world: World, vm: VirtualMachine, *, user: User) -> Steps:
    """Give the VM a new, empty ROOT; the old one lies on its pool until storage.cleanup.delay is over."""
    yield from settled(vm)
    if vm.state not in ("Running", "Stopped"):
        raise invalid(
            f"Vm {vm.id} currently in {vm.state} state, restore vm can only execute when VM in Running or Stopped"
        )
    ran = vm.state == "Running"
    yield from stop(world, vm, user=user)
    give_up_root(world, vm)
    new_root(world, vm).attached = world.now()
    world.note("vm-restored", vm=vm)
    world.record(
        "VM.RESTORE", f"Successfully completed restoring Instance. Instance ID: {vm.id}", user=user, **_named(vm)
    )
    if ran:
        yield from start(world, vm, user=user)


def new_root(world: World, vm: VirtualMachine) -> Volume:
    """A ROOT volume that is only a row: Allocated, on no pool."""
    size = max(vm.template.size, vm.service_offering.extra.get("rootdisksize", 0) * 1024**3)
    volume = Volume(
        id=world.new_id(),
        serial=world.serial("volume"),
        name=f"ROOT-{vm.serial}",
        type="ROOT",
        state="Allocated",
        size=size,
        account=vm.account,
        zone=vm.zone,
        vm=vm,
        template=vm.template,
        created=world.now(),
    )
    world.volumes[volume.id] = volume
    vm.root = volume
    return volume


def give_up_root(world: World, vm: VirtualMachine) -> None:
    """Take the ROOT volume off the VM and destroy it."""
    root, vm.root = vm.root, None
    if root is not None:
        world.give_up_volume(root)


def fail_deploy(world: World, vm: VirtualMachine) -> None:
    """What a failed start inside a deploy leaves: a VM in Error without a volume."""
    give_up_root(world, vm)
    _move(world, vm, "Error")
    vm.destroyed_at = world.now()
    world.note("vm-error", vm=vm)


def roll_back(world: World) -> None:
    """After a restart of the management server: what was under way is as if it had not begun."""
    for vm in world.vms.values():
        if vm.state == "Starting":
            _fall_back(world, vm)
        elif vm.state == "Stopping":
            vm.state = "Running"
    for copy in [copy for copy in world.copies.values() if copy.state == CREATING]:
        world.drop_copy(copy)


def implement(world: World, network_id: str) -> int:
    """The VLAN of a network, given to it by its first NIC that needs one."""
    network = world.networks[network_id]
    if network.vlan is None:
        network.vlan = 100 + world.serial("vlan")
        network.state = "Implemented"
    return network.vlan


def pool_users(world: World, pool: StoragePool) -> list[VirtualMachine]:
    """The VMs with a volume on the pool."""
    return [volume.vm for volume in world.volumes_on(pool) if volume.vm is not None]


def described(vm: VirtualMachine, *, short: bool = False) -> str:
    """The VM as CloudStack's texts show it."""
    if short:
        return json.dumps({"instanceName": vm.instance_name, "uuid": vm.id}, separators=(",", ":"))
    facts = {"id": vm.serial, "instanceName": vm.instance_name, "state": "Stopped", "type": "User", "uuid": vm.id}
    return json.dumps(facts, separators=(",", ":"))


def _fall_back(world: World, vm: VirtualMachine) -> None:
    world.occupy(vm, None)
    if vm.root is not None and vm.root.pool is None:
        vm.root.state = "Allocated"
    _move(world, vm, "Stopped")


def _move(world: World, vm: VirtualMachine, state: str) -> None:
    vm.state = state
    vm.last_updated = world.now()


def _named(vm: VirtualMachine) -> dict[str, Any]:
    return {"resource": vm, "resource_type": "VirtualMachine"}
