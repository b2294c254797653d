"""Findings about what pins depend on besides pools: templates, leases, the account's preference, the lock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from cloudstack_pins.status.cmk import cmk
from cloudstack_pins.status.declared import Declared
from cloudstack_pins.status.observation import PREFERENCE, Observation
from cloudstack_pins.status.pin_findings import live_lease
from cloudstack_pins.status.report import Finding, GcReport, PinReport, Severity, State, gib


def of_losses(declared: Declared, seen: Observation, pins: Sequence[PinReport]) -> Iterator[Finding]:
    """Yield findings about pins that will be lost, and copies that are kept for a template that is gone."""
    by_id = {vm_id: pin for pin in pins for vm_id in pin.vm_ids}
    for vm in seen.vms:
        if vm.lease_ends is None or vm.is_gone or vm.id not in by_id or vm.lease_action != "DESTROY":
            continue
        yield Finding(
            kind="pin-lease",
            about=by_id[vm.id].key,
            severity=Severity.WARNING,
            text=f"CloudStack will destroy VM {vm.name} as its instance lease ends: {vm.lease_ends:%Y-%m-%d %H:%M} UTC",
            repair=(cmk("update virtualmachine", id=vm.id, leaseduration="-1"),),
        )
    for schedule in seen.schedules or ():
        if schedule.vm_id in by_id:
            yield Finding(
                kind="pin-schedule",
                about=schedule.id,
                severity=Severity.WARNING,
                text=f"a VM schedule will {schedule.action} pin {by_id[schedule.vm_id].key} ({schedule.words})",
                repair=(cmk("delete vmschedule", virtualmachineid=schedule.vm_id, id=schedule.id),),
            )
    yield from _of_templates(declared, seen, pins)


def of_account(declared: Declared, seen: Observation) -> Iterator[Finding]:
    """Yield findings about a placement preference or a lease that an activation left behind."""
    lease = seen.lease
    if lease is not None and live_lease(seen) is None:
        until = f", whose time ended {lease.expires:%Y-%m-%d %H:%M} UTC," if lease.expires else ", in words of another,"
        take_over = (
            declared.activate_command,
            "# it takes the lease over and puts the preference back; or drop the lease alone:",
        )
        keys = {f"tags[{number}].key": key for number, key in enumerate(lease.keys)}
        yield Finding(
            kind="lease-stale",
            about=declared.network_id,
            severity=Severity.WARNING,
            text=f"the activation lease of {lease.holder}{until} is still on the pin network: nobody gave it back",
            repair=(
                *(take_over if lease.expires else ()),
                cmk("delete tags", resourcetype="Network", resourceids=declared.network_id, **keys),
            ),
        )
    if seen.network_is_gone:
        yield Finding(
            kind="network-gone",
            about=declared.network_id,
            severity=Severity.WARNING,
            text=f"the pin network {declared.network_id} is not in the zone any more: no pin can be made or activated",
            repair=(
                "# make a network of the name in pins.toml (`cloudstack-pins bootstrap` for owner system); then:",
                declared.lock_command,
                declared.deploy_command,
            ),
        )
    if seen.preference and live_lease(seen) is None and seen.caller.account_id is not None:
        pool = seen.pool(seen.preference)
        name = pool.name if pool else seen.preference
        yield Finding(
            kind="preference-left",
            about=seen.caller.account,
            severity=Severity.WARNING,
            text=f"{PREFERENCE} of account {seen.caller.account} is {name} while no activation runs: "
            "it steers every deploy of that account",
            repair=(cmk("reset configuration", name=PREFERENCE, accountid=seen.caller.account_id),),
        )


def of_lock(declared: Declared, seen: Observation, pins: Sequence[PinReport]) -> Iterator[Finding]:
    """Yield findings about a lock that no longer says what CloudStack has, and about rotations to be finished."""
    if seen.lock_changes:
        yield Finding(
            kind="lock-stale",
            about=declared.set_name,
            severity=Severity.WARNING,
            text="a new lock would differ: " + "; ".join(seen.lock_changes),
            repair=(declared.lock_command, declared.deploy_command),
        )
    for number, reason in enumerate(seen.lock_problems, start=1):
        yield Finding(
            kind="lock-refused",
            about=f"{declared.set_name}-{number}",
            severity=Severity.WARNING,
            text=f"a new lock would be refused: {reason}",
            repair=(declared.lock_command,),
        )
    active = {
        (pin.template, pin.storage_tag, pin.pool) for pin in pins if not pin.previous and pin.state is State.ACTIVE
    }
    done = [pin for pin in pins if pin.previous and (pin.template, pin.storage_tag, pin.pool) in active]
    if done:
        held = sum(pin.held or 0 for pin in done if pin.protects)
        yield Finding(
            kind="rotation-unfinished",
            about=declared.set_name,
            severity=Severity.NOTICE,
            text=f"{len(done)} previous pins have an active successor and still hold {gib(held)}",
            repair=(declared.lock_command, declared.deploy_command),
        )


def notes(declared: Declared, seen: Observation, pins: Sequence[PinReport], gc: GcReport) -> tuple[str, ...]:
    """Return what is worth knowing and asks for nothing."""
    said = []
    lease = live_lease(seen)
    if lease is not None and lease.expires is not None:
        said.append(f"an activation by {lease.holder} is under way (lease until {lease.expires:%H:%M:%S} UTC)")
    if not declared.enabled:
        said.append("the set is disabled (enabled = false): it declares no pins")
    if gc.enabled is False:
        said.append("template garbage collection is switched off: copies stay with or without pins")
    if any(pin.previous for pin in pins):
        n = sum(pin.previous for pin in pins)
        said.append(
            f"{n} pins are marked previous: a rotation by two locks keeps them until their successors are active"
        )
    if declared.excluded is None and seen.pools is not None:
        for tag, known in sorted(declared.every_pool.items()):
            names = [pool.name for pool in seen.pools if tag in pool.tags and pool.id not in known]
            if names:
                said.append(
                    f"{', '.join(sorted(names))} with tag {tag} has no pin; a stack does not say which pools are left "
                    "out on purpose, so ask with the set's folder"
                )
    return tuple(said)


def _of_templates(declared: Declared, seen: Observation, pins: Sequence[PinReport]) -> Iterator[Finding]:
    if seen.template_ids is None:
        return
    gone: dict[str, list[PinReport]] = defaultdict(list)
    for pin in pins:
        if pin.template_id not in seen.template_ids:
            gone[pin.template].append(pin)
    for template, reports in sorted(gone.items()):
        held = sum(pin.held or 0 for pin in reports if pin.protects)
        name = reports[0].template_name
        yield Finding(
            kind="template-deleted",
            about=template,
            severity=Severity.WARNING,
            text=f"template {name} is deleted; its pins hold {gib(held)} that could be freed, and a pin that is lost "
            "can't be activated again",
            repair=(
                "# lock its successor, or drop it from pins.toml; then:",
                declared.lock_command,
                declared.deploy_command,
            ),
        )
