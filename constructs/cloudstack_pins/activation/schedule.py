"""Decides which starts are sent next. One account has one preferred pool, so pools take turns: values in, values out.

The preference may move on as soon as each start that was sent under it has a host, for then CloudStack's planner has
chosen the pool; the copies go on meanwhile. That keeps ``max_parallel`` starts running over any number of pools.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A pin that waits for its start: ``pool`` is its pool's key (None: any), ``since`` the moment it is due."""

    address: str
    pool: str | None
    since: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Turn:
    """The starts to send now, in order, and the pool that has to be preferred for them (None: no matter)."""

    pool: str | None
    addresses: tuple[str, ...] = ()


def next_turn(waiting: Iterable[Waiting], *, preferred: str | None, unplaced: int, free: int, now: float) -> Turn:
    """Return what to start next.

    ``preferred`` is the pool that the preference names now, ``unplaced`` the number of starts that were sent under it
    and have no host yet, ``free`` how many more starts may run.
    """
    if free <= 0:
        return Turn(pool=preferred)
    due: defaultdict[str | None, list[Waiting]] = defaultdict(list)
    for item in waiting:
        if item.since <= now:
            due[item.pool].append(item)
    if not due:
        return Turn(pool=preferred)
    pool = _pool(due, preferred, unplaced)
    chosen = sorted(due.get(pool, []), key=lambda item: (item.since, item.address))[:free]
    return Turn(pool=pool, addresses=tuple(item.address for item in chosen))


def _pool(due: dict[str | None, list[Waiting]], preferred: str | None, unplaced: int) -> str | None:
    if None in due:
        return None
    if preferred in due or unplaced:
        return preferred
    # The longest queue first, so that the last turns are not all one pool's.
    return min(due, key=lambda pool: (-len(due[pool]), pool or ""))
