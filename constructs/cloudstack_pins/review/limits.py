"""The policy's limits and CloudStack's thresholds against the forecast. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from cloudstack_pins.plain import plain
from cloudstack_pins.review.amount import gib
from cloudstack_pins.review.danger import Raised, Subject
from cloudstack_pins.review.fate import Fates
from cloudstack_pins.review.forecast import PoolForecast
from cloudstack_pins.review.live_facts import LiveFacts
from cloudstack_pins.review.plan import GIB, PinState, StackFacts
from cloudstack_pins.review.policy import Limits, Policy

Found = tuple[str | None, Raised]


def exceeded(
    stacks: Sequence[tuple[str, Fates]],
    facts: Mapping[str, StackFacts],
    pools: Sequence[PoolForecast],
    policy: Policy,
    live: LiveFacts | None,
) -> list[Found]:
    """Return what is above a limit, or could not be held against one; with the stack it is about, None for all."""
    found = [*_destroyed(stacks, policy), *_copied(pools, policy), *_shares(pools, policy, live)]
    for name, fates in stacks:
        found += [(name, raised) for raised in _names(fates, policy)]
        found += [(name, raised) for raised in _templates(fates, facts[name], live)]
    return found


def pool_limit(pool: PoolForecast, limits: Limits) -> float | None:
    """Return the policy's limit of a pool: its own and those of its tags before the general one; the lowest counts."""
    known = (plain(pool.name), pool.pool_id)  # a plan's roster holds plain names
    own = [share for key, share in limits.pool_shares.items() if plain(key) in known]
    own += [limits.tag_shares[tag] for tag in pool.storage_tags if tag in limits.tag_shares]
    return min(own) if own else limits.allocated_share


def percent(share: float) -> str:
    """Return a share as people read it."""
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


def _destroyed(stacks: Sequence[tuple[str, Fates]], policy: Policy) -> Iterator[Found]:
    limit = policy.limits.pins_destroyed
    gone = [pin for _, fates in stacks for pin in fates.unpinned]
    if limit is not None and len(gone) > limit:
        yield (
            None,
            Raised("too-many-destroyed", _shown(pin.shown for pin in gone), f"{len(gone)}, the limit is {limit}"),
        )


def _copied(pools: Sequence[PoolForecast], policy: Policy) -> Iterator[Found]:
    limit = policy.limits.copied_gib
    if limit is None:
        return
    copied = sum(pool.copied.known for pool in pools)
    unknown = sum(pool.copied.unknown for pool in pools)
    if copied > limit * GIB:
        yield None, Raised("too-much-copied", (), f"{gib(copied)}, the limit is {limit:g} GiB")
    elif unknown:
        yield None, Raised("limit-unchecked", (Subject("limits.copied_gib", f"{unknown} copies of unknown size"),))


def _shares(pools: Sequence[PoolForecast], policy: Policy, live: LiveFacts | None) -> Iterator[Found]:
    if live is None:
        limits = policy.limits
        if limits.allocated_share is not None or limits.pool_shares or limits.tag_shares:
            yield None, Raised("limit-unchecked", (Subject("limits.allocated_share", "without --live"),))
        yield None, Raised("capacity-unchecked")
        return
    over_limit, over_threshold, down, missing, unchecked = [], [], [], [], []
    for pool in pools:
        if pool.live is None:
            if pool.pool_id is not None or not pool.name.startswith("any pool of "):
                missing.append(Subject(pool.name))
            continue
        share, limit = pool.share(pool.peak), pool_limit(pool, policy.limits)
        if pool.gains and share is not None and limit is not None and share > limit:
            over_limit.append(Subject(pool.name, f"{percent(share)} at the peak, the limit is {percent(limit)}"))
        elif pool.gains and limit is not None and (pool.peak - pool.before).unknown:
            unchecked.append(Subject(pool.name, f"the limit is {percent(limit)}, and copies of unknown size come"))
        over_threshold += [Subject(pool.name, detail) for detail in _over_thresholds(pool)]
        if pool.gains and pool.live.state != "Up":
            down.append(Subject(pool.name, f"state {pool.live.state}"))
    groups = {
        "pool-over-limit": over_limit,
        "pool-over-threshold": over_threshold,
        "pool-not-up": down,
        "pool-missing": missing,
        "limit-unchecked": unchecked,
    }
    for identity, subjects in groups.items():
        if subjects:
            yield None, Raised(identity, tuple(sorted(subjects)))


def _over_thresholds(pool: PoolForecast) -> Iterator[str]:
    if pool.live is None or not pool.gains:
        return
    share, threshold = pool.share(pool.peak), pool.live.allocated_threshold
    if share is not None and threshold is not None and share > threshold:
        yield f"{percent(share)} allocated at the peak, the threshold is {percent(threshold)}"
    used, threshold = pool.used_share, pool.live.used_threshold
    if used is not None and threshold is not None and used >= threshold:
        yield f"{percent(used)} used with the copies, the threshold is {percent(threshold)}"


def _names(fates: Fates, policy: Policy) -> Iterator[Raised]:
    protected = [pin for pin in fates.unpinned if pin.state.template in policy.protected_templates]
    if protected:
        yield Raised("protected-template", _shown(pin.shown for pin in protected))
    allowed = policy.allowed_storage_tags
    if allowed is None:
        return
    foreign = {m.state.storage_tag for m in fates.machines if m.after and m.state.storage_tag not in allowed}
    if foreign:
        yield Raised("tag-not-allowed", _shown(foreign), f"allowed are {', '.join(sorted(allowed)) or 'none'}")


def _templates(fates: Fates, facts: StackFacts, live: LiveFacts | None) -> Iterator[Raised]:
    coming = [machine.state for machine in fates.machines if machine.after and not machine.before]
    touched = [machine.state for machine in fates.machines if machine.after != machine.before]
    unknown = {_template(state, facts) for state in touched if not _size_known(state, facts)}
    if unknown:
        yield Raised("size-unknown", tuple(sorted(unknown)))
    if live is None:
        return
    by_name = {template.name: template for template in live.templates.values()}
    missing, unready = set(), set()
    for state in coming:
        if state.template_id is None:
            continue
        template = live.templates.get(state.template_id) or by_name.get(state.template_id)
        if template is None:
            missing.add(_template(state, facts))
        elif not template.ready:
            unready.add(_template(state, facts))
    for identity, subjects in (("template-missing", missing), ("template-not-ready", unready)):
        if subjects:
            yield Raised(identity, tuple(sorted(subjects)))


def _size_known(state: PinState, facts: StackFacts) -> bool:
    fact = facts.templates.get(state.template_id or "")
    return fact is not None and fact.size is not None


def _template(state: PinState, facts: StackFacts) -> Subject:
    fact = facts.templates.get(state.template_id or "")
    shown = fact.name if fact and fact.name else state.template_id or "an id that is decided at apply"
    return Subject(state.template, shown)


def _shown(names: Iterable[str]) -> tuple[Subject, ...]:
    return tuple(sorted({Subject(name) for name in names}))
