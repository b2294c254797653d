"""The rows that Markdown, HTML and the terminal show: one reading of a review for all of them. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cloudstack_pins.review.amount import Amount, gib, sized
from cloudstack_pins.review.fate import Fate, FatedPin, worst_first
from cloudstack_pins.review.forecast import PoolForecast, Window, identity_of, root_of, size_of
from cloudstack_pins.review.judgement import Review, StackReview
from cloudstack_pins.review.limits import percent, pool_limit
from cloudstack_pins.review.plan import PinState
from cloudstack_pins.review.words import duration, fate_in_words

WIDEST = 12
"""With more pools than this a table lists template and pool in rows."""
NOTHING = "-"


@dataclass(frozen=True)
class Matrix:
    """Template x pool: rows that begin with ``names`` names from outside, then what happens to the pins there.

    With one name the header's further columns are pools, names from outside as well; with two it is ours.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int = 1


@dataclass(frozen=True)
class PinRow:
    """One pin in the list of details; ``copied`` and ``allocated`` in words."""

    address: str
    fate: str
    change: FatedPin
    where: str
    template: str
    copied: str
    allocated: str


@dataclass(frozen=True)
class Rotation:
    """Old and new registration of a template, side by side on some pools."""

    stack: str
    template: str
    old: str
    new: str
    places: tuple[str, ...]


def matrix(stack: StackReview) -> Matrix:
    """Return the table of one stack; rows with a change come first, so that a short budget keeps them."""
    cells: dict[tuple[str, str], list[Fate]] = defaultdict(list)
    several = len({pin.change.state.set_name for pin in stack.pins}) > 1
    for pin in stack.pins:
        state = pin.change.state
        template = f"{state.set_name}/{state.template}" if several else state.template
        cells[template, where(stack, pin)].append(pin.fate)
    pools = sorted({pool for _, pool in cells})
    quiet = {"pinned", "previous"}
    changing = {template for (template, _), fates in cells.items() if set(fates) - quiet}
    templates = sorted({template for template, _ in cells}, key=lambda name: (name not in changing, name))
    if len(pools) > WIDEST:
        ordered = sorted(cells, key=lambda cell: (set(cells[cell]) <= quiet, cell))
        return Matrix(("template", "pool", "pin"), tuple((*cell, _cell(cells[cell])) for cell in ordered), names=2)
    rows = tuple((name, *(_cell(cells.get((name, pool), [])) for pool in pools)) for name in templates)
    return Matrix(("template", *pools), rows)


def where(stack: StackReview, pin: FatedPin) -> str:
    """Return the pool's name of a pin, or that CloudStack chooses among those of a tag."""
    state = pin.change.state
    if state.pool is None:
        return f"any pool of {state.storage_tag}"
    fact = stack.facts.pools.get(state.pool)
    return fact.name if fact else state.pool


def changed_pins(stack: StackReview) -> list[PinRow]:
    """Return the pins that do not simply stay."""
    return [
        PinRow(
            pin.change.shown,
            fate_in_words(pin.fate),
            pin,
            where(stack, pin),
            registration(stack, pin),
            copied.text if copied else NOTHING,
            allocated.text,
        )
        for pin, copied, allocated in amounts(stack)
        if pin.fate not in ("pinned", "previous") or pin.change.actions != ("no-op",) or pin.change.previous_address
    ]


def amounts(stack: StackReview) -> Iterator[tuple[FatedPin, Amount, Amount]]:
    """Yield each pin with what it brings to its pool and what it allocates there: the template and its root volume.

    Pins of one template on one pool share its copy, so that the sums of a pool may be less than those of its pins.
    """
    held = {_copy_of(machine.state) for machine in stack.fates.machines if machine.before}
    for pin in stack.pins:
        state = pin.change.state
        size = size_of(stack.facts, state)
        comes = "create" in pin.change.actions and _copy_of(state) not in held
        yield pin, sized(size) if comes else Amount(), sized(size) + sized(root_of(state, size))


def _copy_of(state: PinState) -> tuple[object, ...]:
    return (state.pool or ("any pool of", state.storage_tag), identity_of(state))


def registration(stack: StackReview, pin: FatedPin, *, before: bool = False) -> str:
    """Return a pin's template: name in CloudStack with its id, or the id, or that it is not known."""
    state = pin.change.before if before else pin.change.state
    if state is None or state.template_id is None:
        return "not known before the apply"
    fact = stack.template(state.template_id)
    size = f", {gib(fact.size)}" if fact and fact.size else ""
    return f"{fact.name} ({state.template_id}{size})" if fact and fact.name else state.template_id


def rotations(stack: StackReview) -> list[Rotation]:
    """Return what rotates, by template and registrations."""
    standing = {pin.change.state.place: pin for pin in stack.pins if pin.fate in ("pinned", "previous")}
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for pin in stack.pins:
        kept = standing.get(pin.change.state.place) if pin.fate == "new" else None
        if pin.fate != "rotating" and kept is None:
            continue
        old = registration(stack, kept) if kept else registration(stack, pin, before=True)
        groups[pin.change.state.template, old, registration(stack, pin)].append(where(stack, pin))
    return [Rotation(stack.name, *key, tuple(sorted(set(places)))) for key, places in sorted(groups.items())]


def rotation_in_words(review: Review) -> str:
    """Return in which order rotations of these stacks go."""
    modes = {stack.facts.mode or "local-exec" for stack in review.stacks}
    words = []
    if "local-exec" in modes:
        words.append("Old and new stand side by side until the new one is active: create, activate, then destroy.")
    if modes & {"run-task", "none"}:
        words.append(
            "Where the activation is not in the plan, the old one stays until a second lock sees the new one active."
        )
    return " ".join(words)


POOL_HEADER = ("pool", "copied", "pins before", "at the peak", "after", "pool before", "at the peak", "after", "limit")


def pool_rows(review: Review) -> list[tuple[str, ...]]:
    """Return the table of pools: what pins allocate, and the pool's allocated share where it was read."""
    names = Counter(pool.name for pool in review.pools)
    ordered = sorted(review.pools, key=lambda pool: (not _changes(pool), pool.name))
    return [
        # Pools whose ids nobody says may be the same one or not, so that each is shown with its stack.
        _pool_row(pool, pool.name if names[pool.name] == 1 else f"{pool.name} ({', '.join(pool.stacks)})", review)
        for pool in ordered
    ]


def _pool_row(pool: PoolForecast, name: str, review: Review) -> tuple[str, ...]:
    limits = [pool_limit(pool, review.policy.limits), pool.live.allocated_threshold if pool.live else None]
    known = [limit for limit in limits if limit is not None]
    return (
        name,
        pool.copied.text if pool.copied else NOTHING,
        pool.before.text,
        pool.peak.text,
        pool.after.text,
        *(_share(pool, when) for when in (pool.before, pool.peak, pool.after)),
        percent(min(known)) if known else NOTHING,
    )


def _share(pool: PoolForecast, when: Amount) -> str:
    share = pool.share(when)
    if share is None:
        return NOTHING
    return f"{percent(share)} + unknown" if (when - pool.before).unknown else percent(share)


def _changes(pool: PoolForecast) -> bool:
    return pool.gains or pool.before != pool.after or bool(pool.leaving)


def leaving_rows(review: Review) -> Iterator[tuple[str, str, str, str]]:
    """Yield template, pool, size and window of each copy that GC will take."""
    for pool in review.pools:
        for copy in pool.leaving:
            size = gib(copy.size) if copy.size else "unknown"
            yield copy.template, pool.name, size, window_in_words(copy.window)


def window_in_words(window: Window) -> str:
    """Return when garbage collection takes a copy."""
    if window.never:
        return "never: template clean-up is switched off"
    if window.latest is None:
        return f"after {window.passes}"
    return f"after {window.passes}: from at once to {duration(window.latest)} after the apply"


def _cell(fates: Sequence[Fate]) -> str:
    return ", ".join(fate_in_words(fate) for fate in worst_first(fates)) or NOTHING
