"""What each pool holds before, at the peak and after: copies, allocated bytes, shares. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cloudstack_pins.review.amount import Amount, sized
from cloudstack_pins.review.fate import Fates, Machine
from cloudstack_pins.review.live_facts import Collection, LiveFacts, LivePool
from cloudstack_pins.review.plan import GIB, PinState, StackFacts

Identity = tuple[str, ...]
"""What a copy is a copy of: the template's id, or where that is not known set, template and revision."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """When garbage collection takes a copy, in seconds after the apply; ``latest`` None: not known."""

    passes: str
    earliest: int
    latest: int | None
    never: bool = False


@dataclass(frozen=True, kw_only=True)
class LeavingCopy:
    """A copy that no pin of these stacks protects any more."""

    stack: str
    template: str
    template_id: str | None
    size: int | None
    window: Window


@dataclass(frozen=True, kw_only=True)
class PoolForecast:
    """One pool, or (any-pool coverage) the pools of one tag.

    ``before``, ``peak`` and ``after`` are bytes that the pins of the reviewed stacks allocate; ``copied`` what is
    copied to it. ``live`` is the pool itself, where it was read.
    """

    name: str
    stacks: tuple[str, ...]
    storage_tags: tuple[str, ...]
    pool_id: str | None
    before: Amount
    peak: Amount
    after: Amount
    copied: Amount
    gains: bool
    leaving: tuple[LeavingCopy, ...]
    live: LivePool | None = None

    @property
    def growth(self) -> Amount:
        """What is allocated in the end that was not before."""
        return self.after - self.before

    def share(self, when: Amount) -> float | None:
        """Return the pool's allocated share when its pins allocate that much; None where it was not read."""
        if self.live is None or self.live.capacity <= 0:
            return None
        return (self.live.allocated + when.known - self.before.known) / self.live.capacity

    @property
    def used_share(self) -> float | None:
        """The pool's used share once all copies are made: copies take their full size, root volumes almost none."""
        if self.live is None or self.live.total <= 0:
            return None
        return (self.live.used + self.copied.known) / self.live.total


def forecast(
    stacks: Sequence[tuple[str, Fates]], facts: Mapping[str, StackFacts], live: LiveFacts | None
) -> list[PoolForecast]:
    """Return the forecast of every pool that the plans' pins are on, sorted by name.

    ``stacks`` are the plans with their labels, ``facts`` what is known of each by that label. Pools that two plans
    share are one, where their ids are known.
    """
    rooms: dict[tuple[str, ...], _Room] = {}
    for label, fates in stacks:
        for machine in fates.machines:
            key, name, pool_id = _pool_of(label, facts[label], machine.state)
            rooms.setdefault(key, _Room(name, pool_id)).add(label, facts[label], machine)
    collection = live.collection if live else Collection()
    forecasts = [room.forecast(live, collection) for room in rooms.values()]
    return sorted(forecasts, key=lambda pool: (pool.name, pool.pool_id or "", pool.stacks))


def gc_window(collection: Collection, *, expunged: bool) -> Window:
    """Return when a copy goes after its last volume.

    The mark of a first pass is sticky, so that one pass is enough for a copy that was marked before it was used: from
    no time at all up to two intervals. A VM that is destroyed without expunge protects until it is expunged.
    """
    if not collection.enabled:
        return Window(passes="1 or 2 passes", earliest=0, latest=None, never=True)
    waiting = 0 if expunged else collection.expunge
    known = collection.interval is not None and waiting is not None
    latest = 2 * (collection.interval or 0) + (waiting or 0) if known else None
    return Window(passes="1 or 2 passes", earliest=0, latest=latest)


class _Room:
    """Gathers what is on one pool, side by side."""

    def __init__(self, name: str, pool_id: str | None) -> None:
        self.name, self.pool_id = name, pool_id
        self.stacks: set[str] = set()
        self.tags: set[str] = set()
        self.zone: str | None = None
        self.machines: list[Machine] = []
        self.sizes: dict[Identity, int | None] = {}
        self.owners: dict[Identity, tuple[str, PinState]] = {}

    def add(self, label: str, facts: StackFacts, machine: Machine) -> None:
        state = machine.state
        self.stacks.add(label)
        self.tags.add(state.storage_tag)
        self.zone = self.zone or facts.zone_id or state.zone
        self.machines.append(machine)
        identity = identity_of(state)
        self.sizes[identity] = self.sizes.get(identity) or size_of(facts, state)
        self.owners.setdefault(identity, (label, state))

    def forecast(self, live: LiveFacts | None, collection: Collection) -> PoolForecast:
        everything = [machine.state for machine in self.machines]
        before = [machine.state for machine in self.machines if machine.before]
        after = [machine.state for machine in self.machines if machine.after]
        held, kept = ({identity_of(state) for state in states} for states in (before, after))
        return PoolForecast(
            name=self.name,
            stacks=tuple(sorted(self.stacks)),
            storage_tags=tuple(sorted(self.tags)),
            pool_id=self.pool_id,
            before=self._allocated(before),
            peak=self._allocated(everything),
            after=self._allocated(after),
            copied=self._copies(kept - held),
            gains=len(everything) > len(before),
            leaving=tuple(self._leaving(held - kept, collection)),
            live=self._live(live),
        )

    def _allocated(self, states: Sequence[PinState]) -> Amount:
        roots = sum((sized(root_of(state, self.sizes[identity_of(state)])) for state in states), Amount())
        return roots + self._copies({identity_of(state) for state in states})

    def _copies(self, identities: Iterable[Identity]) -> Amount:
        return sum((sized(self.sizes[identity]) for identity in identities), Amount())

    def _leaving(self, identities: Iterable[Identity], collection: Collection) -> Iterator[LeavingCopy]:
        gone: dict[Identity, list[PinState]] = defaultdict(list)
        for machine in self.machines:
            gone[identity_of(machine.state)].append(machine.state)
        for identity in sorted(identities):
            label, state = self.owners[identity]
            yield LeavingCopy(
                stack=label,
                template=state.template,
                template_id=state.template_id,
                size=self.sizes[identity],
                window=gc_window(collection, expunged=all(gone_state.expunge for gone_state in gone[identity])),
            )

    def _live(self, live: LiveFacts | None) -> LivePool | None:
        if live is None:
            return None
        if self.pool_id is not None:
            return live.pools.get(self.pool_id)
        # A lock gives a pool its name as key at first sight, so without a roster the name is the best guess.
        zone = live.zones.get(self.zone or "", self.zone)
        named = [pool for pool in live.pools.values() if pool.name == self.name and zone in (None, pool.zone_id)]
        return named[0] if len(named) == 1 else None


def identity_of(state: PinState) -> Identity:
    """Return what a pin's copy is a copy of."""
    return (state.template_id,) if state.template_id else ("", state.set_name, state.template, state.revision)


def size_of(facts: StackFacts, state: PinState) -> int | None:
    """Return the size of a pin's template in bytes; None where nobody says it."""
    fact = facts.templates.get(state.template_id or "")
    return fact.size if fact else None


def root_of(state: PinState, size: int | None) -> int | None:
    """Return the size of a pin's root volume: the template's, unless the pin asks for more."""
    return None if size is None else max(size, state.root_gib * GIB)


def _pool_of(label: str, facts: StackFacts, state: PinState) -> tuple[tuple[str, ...], str, str | None]:
    if state.pool is None:
        return (label, "", state.storage_tag), f"any pool of {state.storage_tag}", None
    fact = facts.pools.get(state.pool)
    if fact is None:
        return (label, state.pool), state.pool, None
    return (fact.id,), fact.name, fact.id
