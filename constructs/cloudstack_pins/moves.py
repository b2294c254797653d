"""``moved`` blocks: resources keep their place in the state when a template's or a storage tag's key is renamed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from cloudstack_pins import addresses
from cloudstack_pins.errors import ExpansionError
from cloudstack_pins.model import Pin, StorageTag


def moved_blocks(
    pins: Sequence[Pin],
    tags: Mapping[str, StorageTag],
    formerly: Mapping[str, Sequence[str]],
    *,
    declared: Iterable[str],
) -> list[dict[str, str]]:
    """Return the moves that ``formerly`` of templates and storage tags asks for, sorted, without duplicates.

    ``formerly`` holds the former keys of each template's key, ``declared`` every address of the stack: what is still
    declared is never moved away. Terraform allows one move from and one move to an address, so several former keys
    become a chain.

    Raises ExpansionError where two things claim one former address.
    """
    existing = frozenset(declared)
    moves: dict[str, str] = {}
    for chain in (*_pin_chains(pins, formerly), *_tag_chains(tags.values())):
        if chain[-1] not in existing:
            continue
        former = [address for address in dict.fromkeys(chain) if address not in existing]
        for source, target in pairwise([*former, chain[-1]]):
            if moves.setdefault(source, target) != target:
                raise ExpansionError(
                    f"{source} is claimed by {moves[source]} and by {target}; "
                    "name the former key in one 'formerly' only"
                )
    return [{"from": source, "to": moves[source]} for source in sorted(moves)]


def _pin_chains(pins: Iterable[Pin], formerly: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    for pin in pins:
        pool = pin.pool.key if pin.pool else None
        yield [
            addresses.instance(template, tag, pool, pin.side)
            for template in (*formerly.get(pin.template.key, ()), pin.template.key)
            for tag in (*pin.storage_tag.formerly, pin.storage_tag.name)
        ]


def _tag_chains(tags: Iterable[StorageTag]) -> Iterator[list[str]]:
    for tag in tags:
        names = (*tag.formerly, tag.name)
        for address in (addresses.made_offering, addresses.offering_data, addresses.tag_data):
            yield [address(name) for name in names]
        for pool in tag.pools:
            yield [addresses.pool_data(name, pool.key) for name in names]
