"""What the ``roster`` output of a plan and a lock say besides the pins: mode, pools, templates' sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from cloudstack_pins import lock
from cloudstack_pins.errors import PlanError
from cloudstack_pins.model import Mode
from cloudstack_pins.review.plan import PoolFact, StackFacts, TemplateFact


def facts_from_outputs(outputs: Mapping[str, Any], source: str) -> StackFacts:
    """Return what the stack's ``roster`` output says, before and after; empty where there is none.

    The value before counts as well: only it knows the registrations that a rotation takes away, and a plan that
    destroys the stack has no other. A roster that is marked sensitive is left alone.
    """
    after: Mapping[str, Any] = {}
    before: Mapping[str, Any] = {}
    planned = _open_value(outputs.get("planned_values.outputs.roster"))
    prior = _open_value(outputs.get("prior_state.values.outputs.roster"))
    changed = outputs.get("output_changes.roster")
    if isinstance(changed, dict):
        after = {} if changed.get("after_sensitive") is True else _mapping(changed.get("after"))
        before = {} if changed.get("before_sensitive") is True else _mapping(changed.get("before"))
    after, before = planned or after, before or prior
    facts = merged([_facts(after, source), _facts(before, source)])
    return replace(facts, pools_after=frozenset(key for key, _ in _entries(after.get("pools"))))


def facts_from_lock(path: Path) -> StackFacts:
    """Return pools and templates of a ``pins.lock.json``; raises LockError where it is none."""
    found = lock.read(path)
    locked = [entry.template for entry in found.templates.values()]
    pools = {
        pool.key: PoolFact(id=pool.id, name=pool.name) for tag in found.storage_tags.values() for pool in tag.pools
    }
    return StackFacts(
        set_name=found.set_name,
        zone_id=found.zone.id,
        pools=pools,
        templates={
            template.id: TemplateFact(key=template.key, name=template.name, size=template.size)
            for template in (*(kept.template for kept in found.previous), *locked)
        },
        pools_after=frozenset(pools),
    )


def merged(facts: Iterable[StackFacts]) -> StackFacts:
    """Return one StackFacts of several; the first that says something wins, a known size beats an unknown one."""
    ordered = list(facts)
    pools: dict[str, PoolFact] = {}
    templates: dict[str, TemplateFact] = {}
    for fact in ordered:
        pools = {**fact.pools, **pools}
        for identity, template in fact.templates.items():
            known = templates.get(identity)
            if known is None or (known.size is None and template.size is not None):
                templates[identity] = template
    return StackFacts(
        set_name=next((fact.set_name for fact in ordered if fact.set_name), None),
        zone_id=next((fact.zone_id for fact in ordered if fact.zone_id), None),
        mode=next((fact.mode for fact in ordered if fact.mode), None),
        pools=pools,
        templates=templates,
        pools_after=next((fact.pools_after for fact in ordered if fact.pools_after), frozenset()),
        previous=ordered[0].previous if ordered else frozenset(),
    )


def _facts(roster: Mapping[str, Any], source: str) -> StackFacts:
    if not roster:
        return StackFacts()
    mode = _mapping(roster.get("activation")).get("mode")
    if mode is not None and mode not in get_args(Mode):
        raise PlanError(
            f"{source}: the output roster says activation mode {mode!r}; known are {', '.join(get_args(Mode))}; "
            "update cloudstack-pins"
        )
    previous = roster.get("previous")
    return StackFacts(
        set_name=str(roster.get("set") or "") or None,
        zone_id=str(roster.get("zone_id") or "") or None,
        mode=mode,
        pools={
            key: PoolFact(id=str(pool.get("id")), name=str(pool.get("name") or key))
            for key, pool in _entries(roster.get("pools"))
        },
        templates={key: _template(value, "") for key, value in _entries(roster.get("templates"))},
        previous=frozenset(str(address) for address in previous) if isinstance(previous, list) else frozenset(),
    )


def _template(value: Mapping[str, Any], key: str) -> TemplateFact:
    size = value.get("size")
    known = isinstance(size, int) and not isinstance(size, bool) and size > 0
    name = str(value.get("name") or "")
    return TemplateFact(key=str(value.get("key") or key), name=name, size=size if known else None)


def _open_value(output: Any) -> Mapping[str, Any]:
    if not isinstance(output, dict) or output.get("sensitive") is True:
        return {}
    return _mapping(output.get("value"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _entries(value: Any) -> list[tuple[str, Mapping[str, Any]]]:
    return [(str(key), item) for key, item in _mapping(value).items() if isinstance(item, dict)]
