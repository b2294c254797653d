"""listVirtualMachines and listVolumes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..answers.virtual_machine import vm_answer
from ..answers.volume import volume_answer
from ..entities import VirtualMachine, Volume
from ..errors import unknown_entity
from ..registry import Call, command


@command("listVirtualMachines")
def list_vms(call: Call) -> dict[str, Any]:
    """VMs by id, ids, name, tags, owner, template, pool, offering, network, host and state, in pages."""
    rows = sorted(_selected(call), key=lambda vm: vm.serial)
    return call.page("virtualmachine", rows, lambda vm: vm_answer(call.world, vm, full=call.is_root))


def _selected(call: Call) -> list[VirtualMachine]:
    by_id = call.text("id") is not None or call.text("ids") is not None
    conditions = _conditions(call)
    shown = call.flag("displayvm", True) if call.is_root else True
    seen = {account for account in call.world.accounts.values() if call.sees(account, by_id=by_id)}
    return [
        vm
        for vm in _candidates(call)
        if vm.display is shown
        and vm.account in seen
        and (call.is_root or vm.state != "Destroyed")
        and all(condition(vm) for condition in conditions)
    ]


def _candidates(call: Call) -> list[VirtualMachine]:
    """The VMs of an id or some ids, or all; an id that never was is an error."""
    wanted = [("id", value) for value in [call.text("id")] if value]
    wanted += [("ids", value) for value in call.listed("ids")]
    if not wanted:
        return list(call.world.vms.values())
    found = []
    for name, value in wanted:
        if value.lower() in call.world.expunged:
            continue
        vm = call.world.vms.get(value.lower())
        if vm is None:
            raise unknown_entity(call.command.name, name, value)
        found.append(vm)
    return found


def _conditions(call: Call) -> list[Callable[[VirtualMachine], bool]]:
    world = call.world
    conditions: list[Callable[[VirtualMachine], bool]] = []
    if (template := call.entity("templateid", world.templates)) is not None:
        conditions.append(lambda vm: vm.template is template)
    if (offering := call.entity("serviceofferingid", world.service_offerings)) is not None:
        conditions.append(lambda vm: vm.service_offering is offering)
    if (network := call.entity("networkid", world.networks)) is not None:
        conditions.append(lambda vm: any(nic.network is network for nic in vm.nics))
    if (zone := call.entity("zoneid", world.zones)) is not None:
        conditions.append(lambda vm: vm.zone is zone)
    if (host := call.entity("hostid", world.hosts)) is not None:
        conditions.append(lambda vm: vm.host is host)
    # A parameter for admins is passed over where a user sends it.
    if call.is_root and (pool := call.entity("storageid", world.pools)) is not None:
        conditions.append(lambda vm: vm.root is not None and vm.root.pool is pool)
    return conditions + _text_conditions(call)


def _text_conditions(call: Call) -> list[Callable[[VirtualMachine], bool]]:
    conditions: list[Callable[[VirtualMachine], bool]] = []
    if (name := call.text("name")) is not None:
        conditions.append(lambda vm: name.lower() in vm.name.lower())
    if (keyword := call.text("keyword")) is not None:
        conditions.append(lambda vm: keyword.lower() in f"{vm.name}\n{vm.display_name}\n{vm.state}".lower())
    if (state := call.text("state")) is not None:
        wanted = state.lower()
        conditions.append(lambda vm: vm.state.lower() == wanted or (wanted == "present" and vm.state != "Destroyed"))
    if tags := call.pairs("tags"):
        # Several tags are alternatives: CloudStack joins them by OR.
        conditions.append(lambda vm: _bears_any(call, vm, tags))
    return conditions


def _bears_any(call: Call, vm: VirtualMachine, tags: list[tuple[str, str]]) -> bool:
    borne = call.world.tags_of("UserVm", vm.id)
    return bool(borne) and any(key in borne and borne[key].value == value for key, value in tags)


@command("listVolumes")
def list_volumes(call: Call) -> dict[str, Any]:
    """Volumes by id, VM, type, pool, owner, zone and state, in pages; there is no filter by tag or template."""
    world = call.world
    if (call.text("virtualmachineid") or "").lower() in world.expunged:
        return {}
    vm = call.entity("virtualmachineid", world.vms)
    pool = call.entity("storageid", world.pools) if call.is_root else None
    zone = call.entity("zoneid", world.zones)
    wanted = call.entity("id", world.volumes)
    kind, state, name = call.text("type"), call.text("state"), call.text("name")

    def fits(volume: Volume) -> bool:
        return (
            vm in (None, volume.vm)
            and pool in (None, volume.pool)
            and zone in (None, volume.zone)
            and wanted in (None, volume)
            and (kind is None or kind.upper() == volume.type)
            and (state is None or state.lower() == volume.state.lower())
            and name in (None, volume.name)
            and call.sees(volume.account, by_id=wanted is not None)
        )

    among = [vm.root] if vm is not None and vm.root is not None else world.volumes.values()
    rows = sorted((volume for volume in among if fits(volume)), key=lambda volume: volume.serial)
    return call.page("volume", rows, lambda volume: volume_answer(volume, full=call.is_root))
