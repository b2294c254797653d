"""Findings about VMs: pins that are not active, orphans, and what interrupted applies left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cloudstack_pins.plain import plain
from cloudstack_pins.status.cmk import cmk
from cloudstack_pins.status.declared import Declared
from cloudstack_pins.status.observation import Observation, SeenLease
from cloudstack_pins.status.report import Finding, OrphanReport, PinReport, Severity, State

_BY_ACTIVATE = frozenset({State.NOT_ACTIVATED, State.RUNNING, State.WRONG_POOL, State.WRONG_OWNER})


def destroy_command(declared: Declared, vm_id: str) -> str:
    """Return the command that removes a VM, at once where the set's key may expunge."""
    at_once = {"expunge": "true"} if declared.expunge else {}
    return cmk("destroy virtualmachine", id=vm_id, **at_once)


def of_pins(declared: Declared, seen: Observation, pins: Sequence[PinReport]) -> Iterator[Finding]:
    """Yield one finding for each pin that is not active."""
    busy = live_lease(seen)
    for pin in pins:
        if pin.state is State.ACTIVE or (pin.previous and pin.state is State.MISSING):
            continue
        working = pin.state in _BY_ACTIVATE and busy is not None
        text = f"{_where(pin)}: {pin.state}; {pin.detail}"
        if working and busy is not None:
            text += f"; an activation by {busy.holder} is under way, look again when it has ended"
        yield Finding(
            kind=f"pin-{pin.state.replace(' ', '-')}",
            about=pin.key,
            severity=Severity.WARNING if pin.protects or pin.previous else Severity.ERROR,
            text=text,
            repair=_pin_repair(declared, seen, pin),
        )


def of_orphans(declared: Declared, pins: Sequence[PinReport], orphans: Iterable[OrphanReport]) -> Iterator[Finding]:
    """Yield one finding for each VM that bears the set's tag and is no declared pin."""
    places = {(pin.template, pin.storage_tag, pin.pool or "any-pool") for pin in pins}
    for orphan in orphans:
        place = (orphan.template, orphan.storage_tag, orphan.pool)
        if place in places:
            why = f"claims {' / '.join(place)} in revision {orphan.revision or 'none'}, which is not the declared one"
        elif "" in place:
            why = "lacks some of the five tags, so it is nobody's pin"
        else:
            why = f"is tagged {' / '.join(place)}, which is not declared"
        yield Finding(
            kind="orphan",
            about=orphan.vm_id,
            severity=Severity.WARNING,
            text=f"VM {orphan.name} ({orphan.state}) {why}",
            repair=(
                declared.deploy_command,
                "# an apply mends or removes what Terraform knows; if the VM is still here afterwards:",
                destroy_command(declared, orphan.vm_id),
            ),
        )


def of_strays(declared: Declared, seen: Observation) -> Iterator[Finding]:
    """Yield one finding for each VM that looks like a create that was interrupted before its tags."""
    template_ids = {pin.template_id for pin in declared.pins}
    for vm in seen.strays:
        if vm.tags or vm.is_gone or vm.template_id not in template_ids or not vm.name.startswith("VM-"):
            continue
        made = f", made {vm.created:%Y-%m-%d %H:%M} UTC" if vm.created else ""
        yield Finding(
            kind="untagged",
            about=vm.id,
            severity=Severity.WARNING,
            text=f"VM {vm.name} ({vm.state}{made}) of a pinned template on the pins' network has no tags: "
            "an apply that is under way, or one that was interrupted between create and tag",
            repair=(
                declared.deploy_command,
                "# an apply tags or replaces what Terraform knows; if the VM is still untagged afterwards:",
                destroy_command(declared, vm.id),
            ),
        )


def live_lease(seen: Observation) -> SeenLease | None:
    """Return the activation lease if an activation holds it now."""
    lease = seen.lease
    return lease if lease is not None and lease.expires is not None and not lease.over else None


def _where(pin: PinReport) -> str:
    place = f"{pin.storage_tag}/{pin.pool}" if pin.pool else f"{pin.storage_tag} (any pool)"
    return f"{'previous ' if pin.previous else ''}pin {pin.template} on {place}"


def _pin_repair(declared: Declared, seen: Observation, pin: PinReport) -> tuple[str, ...]:
    if seen.is_gone(pin.pool_id):
        return (declared.lock_command, declared.deploy_command)
    if pin.state in _BY_ACTIVATE:
        return (declared.activate_command,)
    if pin.state in (State.WRONG_TEMPLATE, State.ERROR):
        return (declared.replace_command(pin.address),)
    if pin.state is State.DESTROYED and pin.protects:
        return (cmk("recover virtualmachine", id=pin.vm_ids[0]), declared.activate_command)
    if pin.state is State.DUPLICATE:
        first, *others = pin.vm_ids
        return (
            declared.show_command(pin.address),
            f"# it says which VM Terraform knows; if that is {plain(first)}, destroy the others, else swap the ids:",
            *(destroy_command(declared, vm_id) for vm_id in others),
        )
    return (declared.deploy_command,)
