"""The emulator's order of events, read for what was protected when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from cloudstack_emulator import Event

ENDED = ("vm-destroyed", "vm-expunged")


def first(trace: Sequence[Event], kind: str, vm_ids: Iterable[str]) -> int:
    """The place of the earliest event of a kind that is about one of the VMs."""
    wanted = set(vm_ids)
    return min(place for place, event in enumerate(trace) if event.kind == kind and event.vm_id in wanted)


def last(trace: Sequence[Event], kind: str, vm_ids: Iterable[str]) -> int:
    """The place of the latest event of a kind that is about one of the VMs."""
    wanted = set(vm_ids)
    return max(place for place, event in enumerate(trace) if event.kind == kind and event.vm_id in wanted)


def gaps(trace: Sequence[Event], template_name: str, *, owner: str) -> list[str]:
    """The moments at which a pool was left without an active pin of a template that it had had.

    Active is a VM that stopped with its ROOT on the pool and belongs to ``owner``, until it is destroyed.
    """
    active: defaultdict[str, set[str]] = defaultdict(set)
    stopped: dict[str, str] = {}
    found = []
    for event in trace:
        if event.template_name != template_name or event.vm_id is None:
            continue
        if event.kind == "vm-stopped" and event.pool_name:
            stopped[event.vm_id] = event.pool_name
        elif event.kind == "vm-starting":
            for pool in active.values():
                pool.discard(event.vm_id)
            stopped.pop(event.vm_id, None)
        if event.vm_id in stopped and event.account == owner and event.kind in ("vm-stopped", "vm-assigned"):
            active[stopped[event.vm_id]].add(event.vm_id)
        if event.kind in ENDED:
            for name, pool in active.items():
                if event.vm_id in pool:
                    pool.discard(event.vm_id)
                    if not pool:
                        found.append(f"{name} is bare after {event.kind} of {event.vm_id}")
    return found
