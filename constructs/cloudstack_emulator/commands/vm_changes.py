"""update, changeService and assignVirtualMachine: changes of a VM that do not start or stop it."""

from __future__ import annotations

from typing import Any

from ..answers.virtual_machine import vm_answer
from ..deployment import check_name, default_network, make_nic, requested_networks
from ..entities import VirtualMachine
from ..errors import ApiError, invalid
from ..leases import lease_from
from ..registry import Call, command
from .vm_power import own_vm


def _answer(call: Call, vm: VirtualMachine) -> dict[str, Any]:
    return {"virtualmachine": vm_answer(call.world, vm, full=call.is_root)}


def _record(call: Call, kind: str, vm: VirtualMachine, doing: str) -> None:
    text = f"Successfully completed {doing} Instance. Instance ID: {vm.id}"
    call.world.record(
        kind, text, user=call.caller, account=vm.account, resource=vm, resource_type="VirtualMachine", state="Completed"
    )


@command("updateVirtualMachine", required=("id",))
def update_vm(call: Call) -> dict[str, Any]:
    """Change names, group, details, display and delete protection."""
    vm = own_vm(call)
    name = call.text("name")
    if name is not None and name != vm.name:
        check_name(call.world, name, [nic.network for nic in vm.nics], but=vm)
        vm.name = name
    vm.display_name = call.text("displayname") or vm.display_name
    vm.group = call.text("group") or vm.group
    vm.delete_protection = call.flag("deleteprotection", vm.delete_protection)
    if call.is_root:
        vm.display = call.flag("displayvm", vm.display)
    if call.flag("cleanupdetails"):
        vm.details = {}
    vm.details |= call.details()
    lease_from(call, vm)
    call.world.note("vm-updated", vm=vm)
    _record(call, "VM.UPDATE", vm, "updating")
    return _answer(call, vm)


@command("changeServiceForVirtualMachine", required=("id", "serviceofferingid"))
def change_service(call: Call) -> dict[str, Any]:
    """Give a stopped VM another offering, whose storage tags must include the present ones."""
    vm = own_vm(call)
    offering = call.need("serviceofferingid", call.world.service_offerings)
    if vm.state != "Stopped":
        raise invalid(
            f"Unable to upgrade virtual machine {vm.id} in state {vm.state}; make sure the virtual machine is stopped"
        )
    now, then = vm.service_offering.storage_tags, offering.storage_tags
    if not set(now) <= set(then):
        raise invalid(
            "Unable to upgrade virtual machine; the current service offering  should have tags as subset of the new "
            f"service offering tags. Current service offering tags: [{', '.join(now)}]; new service offering tags: "
            f"[{', '.join(then)}]"
        )
    vm.service_offering = offering
    _record(call, "VM.UPGRADE", vm, "upgrading")
    return _answer(call, vm)


@command("assignVirtualMachine", rights="root", required=("virtualmachineid",))
def assign_vm(call: Call) -> dict[str, Any]:
    """Move a stopped VM to another account.

    Without ``networkids`` its NIC goes to the Isolated network of the new account, which is made where there is none.
    """
    vm = own_vm(call, "virtualmachineid")
    owner = call.owner()
    if vm.state != "Stopped":
        raise invalid(f"Unable to move Instance {vm.id}: it is in state {vm.state}, and has to be Stopped")
    if owner is vm.account:
        raise invalid(f"The new account [{owner.name}] is the same as the old account.")
    networks = requested_networks(call)
    if any(not network.usable_by(owner) for network in networks):
        # CloudStack's own words: 28 is the size of something inside.
        raise ApiError(431, "Failed to move Instance due to [28].")
    networks = networks or [default_network(call.world, owner, vm.zone)]
    vm.nics = [make_nic(call.world, network, default=i == 0) for i, network in enumerate(networks)]
    vm.account = owner
    if vm.root is not None:
        vm.root.account = owner
    call.world.note("vm-assigned", vm=vm)
    _record(call, "VM.MOVE", vm, "moving")
    return _answer(call, vm)
