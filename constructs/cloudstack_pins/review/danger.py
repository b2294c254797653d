"""What may go wrong with the pins of one plan: the rules, each of which yields findings. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cloudstack_pins.review.fate import HARMLESS, STARTING, Fates, by_place
from cloudstack_pins.review.plan import Guard, PinChange, StackFacts


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """What a finding is about: an address (or a pool, a template), and a detail in words."""

    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Raised:
    """A finding before the policy has been asked; ``detail`` completes its title."""

    id: str
    subjects: tuple[Subject, ...] = ()
    detail: str = ""


def dangers(fates: Fates, facts: StackFacts) -> Iterator[Raised]:
    """Yield everything that one plan by itself raises."""
    yield from _about_the_plan(fates)
    yield from _about_changes(fates)
    yield from _about_leaving(fates, facts)
    if facts.mode in ("run-task", "none"):
        yield from _about_rotation_by_two_locks(fates)
    else:
        yield from _about_activation(fates)
        yield from _about_addresses(fates)
    yield from _about_kept(fates)
    yield from _about_deposed(fates)
    yield from _about_the_rest(fates)


def _about_the_plan(fates: Fates) -> Iterator[Raised]:
    plan = fates.plan
    if plan.errored:
        yield Raised("plan-errored")
    if not plan.complete:
        yield Raised("plan-incomplete")
    if not plan.pins:
        yield Raised("no-pins")
    yield from _raised("half-tagged", (Subject(address) for address in plan.half_tagged))
    yield from _raised("check-failed", (Subject(name) for name in plan.failed_checks))


def _about_changes(fates: Fates) -> Iterator[Raised]:
    plan = fates.plan
    in_place = [pin for pin in plan.pins if pin.actions == ("update",)]
    yield from _raised("start-in-place", (_with(pin, set(pin.changed) & STARTING) for pin in in_place))
    yield from _raised(
        "unknown-change-in-place", (_with(pin, set(pin.changed) - STARTING - HARMLESS) for pin in in_place)
    )
    harmless = [pin for pin in in_place if not set(pin.changed) - HARMLESS and not pin.previous_address]
    yield from _raised("change-in-place", (_with(pin, set(pin.changed) & HARMLESS) for pin in harmless))
    yield from _raised("gap-in-cache", (Subject(pin.shown) for pin in fates.of("gap")))
    yield from _raised("pin-forgotten", (Subject(pin.shown) for pin in fates.of("forgotten")))
    unknown = (Subject(pin.shown, " then ".join(pin.actions)) for pin in fates.of("unknown"))
    yield from _raised("unknown-action", unknown)
    yield from _raised("tags-claim", (_with(pin, _false_claims(pin)) for pin in in_place))
    creating = [pin for pin in plan.pins if "create" in pin.actions and pin.after and pin.after.start_vm]
    yield from _raised("starts-at-create", (Subject(pin.shown) for pin in creating))
    tainted = [pin for pin in plan.pins if pin.reason == "replace_because_tainted"]
    yield from _raised("tainted-pin", (Subject(pin.shown) for pin in tainted))
    moved = [pin for pin in plan.pins if pin.previous_address and set(pin.actions) <= {"no-op", "update"}]
    yield from _raised("moved-pin", (Subject(pin.shown, f"was {pin.previous_address}") for pin in moved))
    yield from _raised("imported-pin", (Subject(pin.shown) for pin in plan.pins if pin.importing))


def _false_claims(pin: PinChange) -> set[str]:
    """Return the tags that make one VM pass for another pin; a key renamed by a `moved` block makes none."""
    claims = set(pin.claims)
    before, after = pin.before, pin.after
    same_copy = before and after and before.template_id == after.template_id
    if pin.previous_address and same_copy and not claims & {"pool", "revision"}:
        return set()
    return claims


def _about_leaving(fates: Fates, facts: StackFacts) -> Iterator[Raised]:
    """Warn of pins that go while their template stays pinned on that tag elsewhere.

    Where the plan says which pools there are afterwards, one that has gone from it was left on purpose.
    """
    staying = {(s.set_name, s.template, s.storage_tag) for s in (m.state for m in fates.machines if m.after)}
    kept_sets = {machine.state.set_name for machine in fates.machines if machine.after}
    emptied = {pin.state.set_name for pin in fates.of("leaving")} - kept_sets
    yield from _raised("set-emptied", (Subject(name) for name in emptied))
    leaving = [pin for pin in fates.unpinned if pin.state.place[:3] in staying and pin.state.pool is not None]
    moved_on = {pin.address for pin, _ in _renamed(fates)}
    yield from _raised(
        "leaves-declared-pool",
        (
            Subject(pin.shown, f"{pin.state.template} stays pinned on {pin.state.storage_tag}")
            for pin in leaving
            if pin.address not in moved_on and (not facts.pools_after or pin.state.pool in facts.pools_after)
        ),
    )


def _about_activation(fates: Fates) -> Iterator[Raised]:
    changing = fates.of("new", "rotating", "gap")
    missing: dict[str, list[PinChange]] = defaultdict(list)
    idle: dict[str, list[PinChange]] = defaultdict(list)
    for pin in changing:
        guards = _guards_of(pin, fates.plan.guards)
        for role in ("pin_activation", "pin_confirmation"):
            guard = guards.get(role)
            if guard is None or guard.leaves:
                missing[role].append(pin)
            elif not guard.triggered:
                idle[role].append(pin)
    yield from _about_guards("activation-missing", missing)
    yield from _about_guards("activation-not-triggered", idle)


def _about_guards(identity: str, pins: dict[str, list[PinChange]]) -> Iterator[Raised]:
    shown: dict[str, list[str]] = defaultdict(list)
    for role in sorted(pins):
        for pin in pins[role]:
            shown[pin.shown].append(f"terraform_data.{role}")
    yield from _raised(identity, (Subject(name, f"without {' and '.join(roles)}") for name, roles in shown.items()))


def _guards_of(pin: PinChange, guards: Iterable[Guard]) -> dict[str, Guard]:
    """Return the guards of a pin by role: those of its module or the nearest one around it, else any of the plan."""
    found: dict[str, Guard] = {}
    for guard in sorted(guards, key=lambda guard: len(guard.module)):
        around = not guard.module or pin.module == guard.module or pin.module.startswith(f"{guard.module}.")
        if around or guard.role not in found:
            found[guard.role] = guard
    return found


def _about_addresses(fates: Fates) -> Iterator[Raised]:
    yield from _raised(
        "address-changed", (Subject(old.shown, f"becomes {new.address}") for old, new in _renamed(fates))
    )


def _renamed(fates: Fates) -> list[tuple[PinChange, PinChange]]:
    """Return pairs of a pin that goes and one that comes for the same copy on the same pool at another address."""
    new_at: dict[tuple[object, ...], PinChange] = {}
    for pin in fates.of("new"):
        new_at[_room(pin)] = new_at[pin.state.place] = pin
    pairs = []
    for old in fates.of("leaving"):
        new = new_at.get(old.state.place) or new_at.get(_room(old))
        if new is not None:
            pairs.append((old, new))
    return pairs


def _room(pin: PinChange) -> tuple[object, ...]:
    state = pin.state
    return ("copy", state.template_id or pin.address, state.storage_tag, state.pool, state.zone)


def _about_rotation_by_two_locks(fates: Fates) -> Iterator[Raised]:
    """Where nothing in the plan activates, an old pin may go only when its successor stood there before."""
    coming = by_place(fates.of("new"))
    broken = [*fates.of("rotating"), *(pin for pin in fates.of("leaving") if pin.state.place in coming)]
    yield from _raised("rotation-without-previous", (Subject(pin.shown) for pin in broken))


def _about_kept(fates: Fates) -> Iterator[Raised]:
    """Say which pins stay beside their successors until a second lock."""
    coming = by_place(fates.of("new"))
    staying = by_place(fates.of("pinned", "previous"))
    kept = [pin for place in coming for pin in staying.get(place, ())]
    yield from _raised("previous-kept", (Subject(pin.shown) for pin in kept))


def _about_deposed(fates: Fates) -> Iterator[Raised]:
    deposed = fates.of("deposed")
    yield from _raised("deposed-pin", (Subject(pin.shown) for pin in deposed))
    unguarded = [pin for pin in deposed if not any(g.triggered for g in _guards_of(pin, fates.plan.guards).values())]
    # When the whole pin goes as well, nothing waits for a successor.
    staying = {pin.address for pin in fates.plan.pins if not pin.deposed and pin.actions != ("delete",)}
    yield from _raised("deposed-unguarded", (Subject(pin.shown) for pin in unguarded if pin.address in staying))


def _about_the_rest(fates: Fates) -> Iterator[Raised]:
    plan = fates.plan
    foreign = [other for other in plan.others if not other.own]
    yield from _raised("other-resources", (Subject(o.address, " then ".join(o.actions)) for o in foreign))
    offerings = [
        other
        for other in plan.others
        if other.type.startswith("cloudstack_service_offering")
        and other.actions == ("update",)
        and set(other.changed) & {"disk_offering", "storage_tags"}
    ]
    yield from _raised("offering-tags-in-place", (Subject(other.address) for other in offerings))
    lost = [drift for drift in plan.drift if drift.state is not None and "delete" in drift.actions]
    yield from _raised("pin-lost-outside", (Subject(drift.address) for drift in lost))


def _with(pin: PinChange, names: Iterable[str]) -> Subject | None:
    listed = ", ".join(sorted(names))
    return Subject(pin.shown, listed) if listed else None


def _raised(identity: str, subjects: Iterable[Subject | None]) -> Iterator[Raised]:
    found = tuple(sorted({subject for subject in subjects if subject is not None}))
    if found:
        yield Raised(identity, found)
