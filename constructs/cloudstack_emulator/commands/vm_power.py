"""deploy, start, stop, destroy, recover, expunge, restore: what moves a VM from state to state."""

from __future__ import annotations

from typing import Any

from ..answers.virtual_machine import EXPUNGED, vm_answer
from ..deployment import live_template, make_vm, placement_limits
from ..entities import VirtualMachine
from ..errors import ApiError, invalid
from ..jobs import Work
from ..lifecycle import destroy, expunge, fail_deploy, new_root, restore, start, stop
from ..registry import Call, command

ADMIN = "org.apache.cloudstack.api.command.admin.vm."


def own_vm(call: Call, name: str = "id") -> VirtualMachine:
    """The VM of an id, if the caller may work on it."""
    vm = call.need(name, call.world.vms)
    if not call.is_root and vm.account is not call.account:
        raise ApiError(
            531, f"{call.account.name} does not have permission to operate with resource VirtualMachine {vm.id}"
        )
    return vm


def _result(call: Call, vm: VirtualMachine) -> dict[str, Any]:
    return {"virtualmachine": vm_answer(call.world, vm, full=call.is_root)}


def _submit(call: Call, vm: VirtualMachine, work: Work, *, seconds: float = 0.0) -> dict[str, Any]:
    """Run work that obeys injected failures itself; it takes its own time."""
    obeys = call.command.name in ("startVirtualMachine", "deployVirtualMachine")
    return call.submit(
        work,
        instance_type="VirtualMachine",
        instance_id=vm.id,
        seconds=seconds,
        obeys_fault=obeys,
        embed="virtualmachine",
    )


@command(
    "deployVirtualMachine",
    asynchronous=True,
    required=("serviceofferingid", "templateid", "zoneid"),
    java_class=f"{ADMIN}DeployVMCmdByAdmin",
)
def deploy(call: Call) -> dict[str, Any]:
    """Make a VM; start it unless ``startvm=false``. A failed start leaves it in Error, without a volume."""
    vm = make_vm(call)
    named: dict[str, Any] = {"resource": vm, "resource_type": "VirtualMachine"}
    scheduled = call.world.record(
        "VM.CREATE",
        f"Deploying Instance with ID: {vm.id}",
        user=call.caller,
        account=vm.account,
        state="Scheduled",
        **named,
    )

    def work() -> Work:
        if call.flag("startvm", True):
            try:
                cluster, host = placement_limits(call)
                yield from start(call.world, vm, user=call.caller, cluster=cluster, host=host, fault=call.fault)
            except ApiError:
                fail_deploy(call.world, vm)
                raise
        else:
            yield call.world.job_seconds
            if call.fault is not None and call.fault.kind == "job":
                raise call.fault.error()
        done = f"Successfully completed deploying Vm. Instance ID: {vm.id}"
        call.world.record("VM.CREATE", done, user=call.caller, account=vm.account, parent=scheduled, **named)
        return _result(call, vm)

    return {"id": vm.id} | _submit(call, vm, work())


@command("startVirtualMachine", asynchronous=True, required=("id",), java_class=f"{ADMIN}StartVMCmdByAdmin")
def start_vm(call: Call) -> dict[str, Any]:
    """Start a VM, on request within a cluster or on a host."""
    vm = own_vm(call)

    def work() -> Work:
        cluster, host = placement_limits(call)
        yield from start(call.world, vm, user=call.caller, cluster=cluster, host=host, fault=call.fault)
        result = _result(call, vm)
        if vm.boot_type is None:
            # Only the answer of a start tells how a VM without UEFI was booted.
            result["virtualmachine"] |= {"bootmode": "legacy", "boottype": "Bios"}
        return result

    return _submit(call, vm, work())


@command("stopVirtualMachine", asynchronous=True, required=("id",), java_class=f"{ADMIN}StopVMCmdByAdmin")
def stop_vm(call: Call) -> dict[str, Any]:
    """Stop a VM."""
    vm = own_vm(call)

    def work() -> Work:
        yield from stop(call.world, vm, user=call.caller)
        return _result(call, vm)

    return _submit(call, vm, work())


@command("destroyVirtualMachine", asynchronous=True, required=("id",), java_class=f"{ADMIN}DestroyVMCmdByAdmin")
def destroy_vm(call: Call) -> dict[str, Any]:
    """Destroy a VM, and with ``expunge=true`` remove it at once."""
    vm = own_vm(call)
    expunged = call.flag("expunge")

    def work() -> Work:
        yield from destroy(call.world, vm, user=call.caller, expunged=expunged)
        return {"virtualmachine": dict(EXPUNGED)} if expunged else _result(call, vm)

    return _submit(call, vm, work(), seconds=call.world.job_seconds)


@command("expungeVirtualMachine", rights="root", asynchronous=True, required=("id",), java_class=f"{ADMIN}ExpungeVMCmd")
def expunge_vm(call: Call) -> dict[str, Any]:
    """Remove a destroyed VM before its time."""
    vm = own_vm(call)
    if vm.state not in ("Destroyed", "Error"):
        raise invalid("Please destroy vm with specified vmId before expunge")

    def work() -> Work:
        if vm.id in call.world.vms:
            expunge(call.world, vm)
            done = f"Successfully completed expunging Instance. Instance ID: {vm.id}"
            named: dict[str, Any] = {"resource": vm, "resource_type": "VirtualMachine"}
            call.world.record("VM.EXPUNGE", done, user=call.caller, account=vm.account, **named)
        return {"success": True}
        yield 0.0

    return call.submit(work(), instance_type="VirtualMachine", instance_id=vm.id)


@command("recoverVirtualMachine", rights="root", required=("id",))
def recover_vm(call: Call) -> dict[str, Any]:
    """Bring a destroyed VM back, Stopped."""
    vm = own_vm(call)
    if vm.state != "Destroyed":
        raise invalid(f"Unable to recover a VM with state {vm.state}; only a Destroyed VM can be recovered")
    vm.state, vm.destroyed_at, vm.last_updated = "Stopped", None, call.world.now()
    if vm.root is None:
        new_root(call.world, vm)
    call.world.note("vm-recovered", vm=vm)
    return _result(call, vm)


@command(
    "restoreVirtualMachine",
    asynchronous=True,
    required=("virtualmachineid",),
    envelope="restorevmresponse",
    java_class=f"{ADMIN}RestoreVMCmdByAdmin",
)
def restore_vm(call: Call) -> dict[str, Any]:
    """Give a VM a fresh ROOT: a stopped VM's is Allocated again, on no pool."""
    vm = own_vm(call, "virtualmachineid")
    template = live_template(call, "templateid") if call.text("templateid") else vm.template

    def work() -> Work:
        vm.template = template
        yield from restore(call.world, vm, user=call.caller)
        return _result(call, vm)

    return _submit(call, vm, work(), seconds=call.world.job_seconds)
