"""What happens to each pin, in the words of this domain. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from cloudstack_pins.review.plan import PinChange, PinState, Plan

Fate = Literal["pinned", "new", "rotating", "leaving", "in place", "gap", "forgotten", "deposed", "previous", "unknown"]
FATES: tuple[Fate, ...] = (
    "gap",
    "forgotten",
    "unknown",
    "in place",
    "deposed",
    "leaving",
    "rotating",
    "new",
    "previous",
    "pinned",
)
"""Worst first: the order in which a cell of the table names them."""

Place = tuple[str, str, str, str | None]
"""Set, template, storage tag, pool: what an old and a new pin share during a rotation."""

STARTING = frozenset(
    {
        "affinity_group_ids",
        "affinity_group_names",
        "keypair",
        "keypairs",
        "name",
        "service_offering",
        "user_data",
        "userdata_details",
        "userdata_id",
    }
)
"""Attributes whose change in place ends with the VM running (provider 0.6 and 0.7)."""
HARMLESS = frozenset(
    {
        "boot_mode",
        "cluster_id",
        "delete_protection",
        "details",
        "display_name",
        "expunge",
        "group",
        "host_id",
        "nicnetworklist",
        "pod_id",
        "properties",
        "tags",
        "uefi",
    }
)
"""Attributes whose change in place leaves the VM's power state alone."""


@dataclass(frozen=True, slots=True)
class FatedPin:
    """A pin's change and what it comes to."""

    change: PinChange
    fate: Fate


@dataclass(frozen=True, slots=True)
class Machine:
    """One VM of a pin: what it is, and whether it exists before and after the apply."""

    state: PinState
    before: bool
    after: bool


@dataclass(frozen=True)
class Fates:
    """All pins of one plan with their fates, and what stands at each place before and after."""

    plan: Plan
    pins: tuple[FatedPin, ...]

    def of(self, *fates: Fate) -> list[PinChange]:
        """Return the changes with one of these fates."""
        return [pin.change for pin in self.pins if pin.fate in fates]

    @cached_property
    def machines(self) -> list[Machine]:
        """Every VM that exists before or after the apply."""
        return [machine for pin in self.pins for machine in _machines(pin.change)]

    @cached_property
    def unpinned(self) -> list[PinChange]:
        """Pins that go while no other stays or comes at their place."""
        staying = {machine.state.place for machine in self.machines if machine.after}
        staying |= {change.after.place for change in self.of("in place", "pinned") if change.after}
        return [change for change in self.of("leaving") if change.state.place not in staying]


def fated(plan: Plan) -> Fates:
    """Say for each pin of the plan what happens to it."""
    return Fates(plan, tuple(FatedPin(change, _fate(change, plan.facts.previous)) for change in plan.pins))


def by_place(changes: Iterable[PinChange]) -> dict[Place, list[PinChange]]:
    """Group changes by set, template, storage tag and pool."""
    groups: dict[Place, list[PinChange]] = defaultdict(list)
    for change in changes:
        groups[change.state.place].append(change)
    return groups


def worst_first(fates: Iterable[Fate]) -> Sequence[Fate]:
    """Return each fate once, in the order of FATES."""
    present = set(fates)
    return [fate for fate in FATES if fate in present]


def _fate(change: PinChange, previous: frozenset[str]) -> Fate:
    actions = change.actions
    if change.deposed:
        return "forgotten" if "forget" in actions else "deposed"
    if "forget" in actions:
        return "forgotten"
    match actions:
        case ("no-op",):
            return "previous" if change.address in previous else "pinned"
        case ("create",):
            return "new"
        case ("update",):
            return "in place" if set(change.changed) - HARMLESS or change.after is None else "pinned"
        case ("create", "delete"):
            return "rotating"
        case ("delete", "create"):
            return "gap"
        case ("delete",):
            return "leaving"
    return "unknown"


def _machines(change: PinChange) -> list[Machine]:
    """Return the VMs of one change: the old and the new one where it replaces, else one."""
    before, after, actions = change.before, change.after, change.actions
    if "create" in actions and before is not None and len(actions) > 1:
        machines = [Machine(before, True, "forget" in actions)]
        return [*machines, Machine(after, False, True)] if after else machines
    if actions == ("create",):
        return [Machine(change.state, False, True)]
    # Changed in place it is the same VM on the same pool, whatever its tags say afterwards.
    return [Machine(before or change.state, True, actions != ("delete",))]
