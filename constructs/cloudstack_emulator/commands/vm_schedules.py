"""listVMSchedule, createVMSchedule, deleteVMSchedule: kept and shown, never acted upon."""

from __future__ import annotations

from typing import Any

from ..clock import stamp
from ..dates import moment
from ..entities import VirtualMachine, VMSchedule
from ..errors import denied, invalid
from ..registry import Call, command

_ACTIONS = ("START", "STOP", "REBOOT", "FORCE_STOP", "FORCE_REBOOT")


def _machine(call: Call) -> VirtualMachine:
    vm = call.need("virtualmachineid", call.world.vms)
    if not (call.is_root or vm.account is call.account):
        raise denied(f"{call.account.name} does not have permission to operate with provided resource")
    return vm


def schedule_answer(schedule: VMSchedule) -> dict[str, Any]:
    """A schedule as the API sends it."""
    answer = {
        "id": schedule.id,
        "virtualmachineid": schedule.vm.id,
        "description": schedule.description,
        "schedule": schedule.schedule,
        "timezone": schedule.timezone,
        "action": schedule.action,
        "enabled": schedule.enabled,
        "startdate": stamp(schedule.begin),
        "enddate": stamp(schedule.end) if schedule.end is not None else None,
        "created": stamp(schedule.created),
    }
    return {name: value for name, value in answer.items() if value is not None}


@command("listVMSchedule", required=("virtualmachineid",))
def list_vm_schedule(call: Call) -> dict[str, Any]:
    """The schedules of one VM."""
    vm = _machine(call)
    rows = [one for one in call.world.vm_schedules.values() if one.vm is vm and call.text("id") in (None, one.id)]
    return call.page("vmschedule", rows, schedule_answer)


@command("createVMSchedule", required=("action", "schedule", "timezone", "virtualmachineid"))
def create_vm_schedule(call: Call) -> dict[str, Any]:
    """A schedule that would start, stop or reboot a VM."""
    vm = _machine(call)
    action = call.params["action"].upper()
    if action not in _ACTIONS:
        raise invalid(f"Invalid value for action: {call.params['action']}. Supported values are {', '.join(_ACTIONS)}")
    if len(call.params["schedule"].split()) != 5:
        raise invalid(f"Invalid cron format: {call.params['schedule']}")
    begin = moment(call, "startdate")
    schedule = VMSchedule(
        id=call.world.new_id(),
        vm=vm,
        action=action,
        schedule=call.params["schedule"],
        timezone=call.params["timezone"],
        description=call.text("description") or f"{action} - {call.params['schedule']}",
        enabled=call.flag("enabled", True),
        begin=call.world.now() if begin is None else begin,
        end=moment(call, "enddate", end_of_day=True),
        created=call.world.now(),
    )
    call.world.vm_schedules[schedule.id] = schedule
    return {"vmschedule": schedule_answer(schedule)}


@command("deleteVMSchedule", required=("virtualmachineid",))
def delete_vm_schedule(call: Call) -> dict[str, Any]:
    """One schedule of a VM by ``id``, several by ``ids``."""
    vm = _machine(call)
    wanted = {*call.listed("ids"), call.text("id")}
    doomed = [one.id for one in call.world.vm_schedules.values() if one.vm is vm and one.id in wanted]
    if not doomed:
        raise invalid("Unable to find VM schedule")
    for schedule_id in doomed:
        del call.world.vm_schedules[schedule_id]
    return {"success": True}
