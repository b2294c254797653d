"""Instance leases: when a VM is to be stopped or destroyed. Shown, never carried out."""

from __future__ import annotations

from typing import Any

from .clock import stamp
from .entities import VirtualMachine
from .errors import invalid
from .registry import Call
from .world import World

_DAY = 86400
_LONGEST = 36500


def lease_from(call: Call, vm: VirtualMachine) -> None:
    """Take ``leaseduration`` (days, -1 ends the lease) and ``leaseexpiryaction`` from a call.

    A new VM without them has the lease of its offering. With ``instance.lease.enabled`` off, as it is by default,
    nothing of that counts.
    """
    if call.world.settings.value("instance.lease.enabled") != "true":
        return
    days, action = call.integer("leaseduration"), call.text("leaseexpiryaction")
    if days is None and call.command.name == "deployVirtualMachine":
        extra = vm.service_offering.extra
        days, action = extra.get("leaseduration"), action or extra.get("leaseexpiryaction")
    if days is None:
        return
    if days != -1 and not 1 <= days <= _LONGEST:
        raise invalid(f"Invalid leaseduration: must be a natural number (>=1) or -1, and not exceed {_LONGEST}")
    action = (action or "STOP").upper()
    if action not in ("STOP", "DESTROY"):
        raise invalid(f"Invalid value configured for leaseexpiryaction: {action}, valid values are: STOP, DESTROY")
    vm.lease_expiry = None if days == -1 else call.world.now() + days * _DAY
    vm.lease_action = None if days == -1 else action


def lease_answer(world: World, vm: VirtualMachine) -> dict[str, Any]:
    """The lease of a VM as lists show it: days left, rounded up, the date, and what happens then."""
    if vm.lease_expiry is None or world.settings.value("instance.lease.enabled") != "true":
        return {}
    left = -int(-(vm.lease_expiry - world.now()) // _DAY)
    return {
        "leaseduration": max(left, 0),
        "leaseexpirydate": stamp(vm.lease_expiry),
        "leaseexpiryaction": vm.lease_action,
    }
