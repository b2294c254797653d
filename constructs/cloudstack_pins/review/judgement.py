"""Plans in, a review out: the judging half, pure. The date comes in as a value and decides about waivers only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from cloudstack_pins.review.amount import Amount, gib
from cloudstack_pins.review.catalogue import CATALOGUE, SEVERITIES, Severity
from cloudstack_pins.review.danger import Raised, Subject, dangers
from cloudstack_pins.review.fate import FatedPin, Fates, fated
from cloudstack_pins.review.forecast import PoolForecast, forecast
from cloudstack_pins.review.limits import exceeded
from cloudstack_pins.review.live_facts import LiveFacts, LiveTemplate
from cloudstack_pins.review.plan import Plan, StackFacts, TemplateFact
from cloudstack_pins.review.policy import Policy, Waiver
from cloudstack_pins.review.stack_facts import merged

Decision = Literal["safe", "look", "refused"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One finding of one stack (None: of all together). ``severity`` is the policy's; a waiver takes its force."""

    id: str
    severity: Severity
    stack: str | None
    title: str
    meaning: str
    repair: str
    detail: str = ""
    subjects: tuple[Subject, ...] = ()
    waiver: Waiver | None = None

    @property
    def effective(self) -> Severity:
        """What it counts as: a waived one is for information."""
        return "info" if self.waiver else self.severity


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The numbers of a verdict. Templates are counted once for each set; ``in_place`` counts pins."""

    pinned_templates: int
    pinned_pools: int
    rotating_templates: int
    unpinned_templates: int
    in_place: int
    staying_pins: int
    moved_pins: int
    deposed_pins: int
    forgotten_pins: int
    activates: bool
    copied: Amount
    allocated: Amount

    @property
    def changes(self) -> bool:
        """Whether any pin changes."""
        return any((self.pinned_templates, self.rotating_templates, self.unpinned_templates, self.in_place))


@dataclass(frozen=True, kw_only=True)
class StackReview:
    """One plan: its pins with their fates, and what is known of it."""

    name: str
    fates: Fates
    facts: StackFacts
    totals: Totals
    decision: Decision
    verdict: str

    @property
    def plan(self) -> Plan:
        """The plan itself."""
        return self.fates.plan

    @property
    def pins(self) -> tuple[FatedPin, ...]:
        """The pins with their fates."""
        return self.fates.pins

    def template(self, template_id: str | None) -> TemplateFact | None:
        """What is known of a template registration."""
        return self.facts.templates.get(template_id or "")


@dataclass(frozen=True, kw_only=True)
class Review:
    """All that the forms show. ``live`` is None where CloudStack was not asked."""

    stacks: tuple[StackReview, ...]
    pools: tuple[PoolForecast, ...]
    findings: tuple[Finding, ...]
    totals: Totals
    decision: Decision
    verdict: str
    policy: Policy
    live: LiveFacts | None

    @property
    def acceptable(self) -> bool:
        """Whether nothing is refused: exit status 0 instead of 4."""
        return self.decision != "refused"

    @property
    def danger(self) -> tuple[Finding, ...]:
        """What a person should see first: everything refused or warned of."""
        return tuple(finding for finding in self.findings if finding.effective != "info")

    @property
    def notes(self) -> tuple[Finding, ...]:
        """The rest of the findings, waived ones among it."""
        return tuple(finding for finding in self.findings if finding.effective == "info")


def judge(
    plans: Sequence[Plan],
    *,
    locks: Sequence[StackFacts] = (),
    live: LiveFacts | None = None,
    policy: Policy | None = None,
    today: date,
) -> Review:
    """Review plans together; pools that they share are predicted with all of them applied."""
    rules = policy or Policy()
    named = _named(plans)
    facts = {name: _facts(plan, locks, live) for name, plan in named}
    fates = [(name, fated(plan)) for name, plan in named]
    pools = forecast(fates, facts, live)
    raised: list[tuple[str | None, Raised]] = []
    for name, of_stack in fates:
        raised += [(name, item) for item in dangers(of_stack, facts[name])]
    raised += exceeded(fates, facts, pools, rules, live)
    # What is about all stacks together is about the only one, so that a waiver may name it.
    sole = named[0][0] if len(named) == 1 else None
    findings = _findings(raised, rules, today, sole)
    stacks = tuple(_stack(name, of_stack, facts[name], live, findings) for name, of_stack in fates)
    totals = _totals([of_stack for _, of_stack in fates], pools)
    decision = _decision(findings)
    return Review(
        stacks=stacks,
        pools=tuple(pools),
        findings=findings,
        totals=totals,
        decision=decision,
        verdict=_verdict(totals, findings),
        policy=rules,
        live=live,
    )


def _named(plans: Sequence[Plan]) -> list[tuple[str, Plan]]:
    """Give each plan a name of its own: the stack's, with the file's where two share it."""
    names = Counter(plan.name for plan in plans)
    seen: Counter[str] = Counter()
    named = []
    for plan in plans:
        name = plan.name if names[plan.name] == 1 else f"{plan.name} ({plan.source})"
        seen[name] += 1
        named.append((name if seen[name] == 1 else f"{name} #{seen[name]}", plan))
    return sorted(named, key=lambda pair: pair[0])


def _facts(plan: Plan, locks: Sequence[StackFacts], live: LiveFacts | None) -> StackFacts:
    own = [lock for lock in locks if lock.set_name in (None, plan.facts.set_name, plan.name)]
    # Template ids are unique in the world, so sizes may come from any lock; pools' keys only from the stack's own.
    others = [StackFacts(templates=lock.templates) for lock in locks if lock not in own]
    return merged([plan.facts, *own, *others, StackFacts(templates=_seen_templates(live))])


def _seen_templates(live: LiveFacts | None) -> dict[str, TemplateFact]:
    """Return what CloudStack says of templates, by id, and by a name that one registration alone bears."""
    templates = list(live.templates.values()) if live else []
    names = Counter(template.name for template in templates)
    facts = {one.name: _seen_template(one) for one in templates if names[one.name] == 1}
    return facts | {one.id: _seen_template(one) for one in templates}


def _seen_template(template: LiveTemplate) -> TemplateFact:
    return TemplateFact(key="", name=template.name, size=template.size)


def _findings(
    raised: Iterable[tuple[str | None, Raised]], policy: Policy, today: date, sole: str | None
) -> tuple[Finding, ...]:
    raised = list(raised)
    expired = list(_expired(raised, policy, today, sole))
    findings = [_finding(stack, item, policy, today, sole) for stack, item in [*raised, *expired]]
    worst = {severity: -rank for rank, severity in enumerate(SEVERITIES)}
    return tuple(
        sorted(findings, key=lambda found: (worst[found.effective], found.id, found.stack or "", found.subjects))
    )


def _expired(
    raised: Sequence[tuple[str | None, Raised]], policy: Policy, today: date, sole: str | None
) -> Iterator[tuple[str | None, Raised]]:
    for stack in sorted({stack for stack, _ in raised}, key=lambda name: name or ""):
        for waiver in policy.waivers:
            hit = any(waiver.covers(item.id, at or sole) for at, item in raised if at == stack)
            if hit and waiver.until < today:
                detail = f"until {waiver.until.isoformat()}: {waiver.reason}"
                yield stack, Raised("waiver-expired", (Subject(waiver.id, detail),))


def _finding(stack: str | None, raised: Raised, policy: Policy, today: date, sole: str | None) -> Finding:
    entry = CATALOGUE[raised.id]
    at = stack or sole
    valid = [waiver for waiver in policy.waivers if waiver.covers(raised.id, at) and waiver.until >= today]
    return Finding(
        id=raised.id,
        severity=policy.severity(raised.id),
        stack=stack,
        title=entry.title,
        meaning=entry.meaning,
        repair=entry.repair,
        detail=raised.detail,
        subjects=raised.subjects,
        waiver=max(valid, key=lambda waiver: waiver.until) if valid else None,
    )


def _stack(
    name: str, fates: Fates, facts: StackFacts, live: LiveFacts | None, findings: Sequence[Finding]
) -> StackReview:
    own = [finding for finding in findings if finding.stack in (None, name)]
    totals = _totals([fates], forecast([(name, fates)], {name: facts}, live))
    return StackReview(
        name=name, fates=fates, facts=facts, totals=totals, decision=_decision(own), verdict=_verdict(totals, own)
    )


def _totals(stacks: Sequence[Fates], pools: Sequence[PoolForecast]) -> Totals:
    new: set[tuple[str, str]] = set()
    new_pools: set[tuple[str, str]] = set()
    rotating: set[tuple[str, str]] = set()
    unpinned: set[tuple[str, str]] = set()
    counts: Counter[str] = Counter()
    for fates in stacks:
        standing = {pin.state.place for pin in fates.of("pinned", "previous")}
        for pin in fates.pins:
            template = (pin.change.state.set_name, pin.change.state.template)
            two_locks = pin.fate == "new" and pin.change.state.place in standing
            if pin.fate == "rotating" or two_locks:
                rotating.add(template)
            elif pin.fate == "new":
                new.add(template)
                state = pin.change.state
                new_pools.add(("pool", state.pool) if state.pool is not None else ("tag", state.storage_tag))
            counts[pin.fate] += 1
            counts["moved"] += pin.change.previous_address is not None
        unpinned |= {(pin.state.set_name, pin.state.template) for pin in fates.unpinned}
    return Totals(
        pinned_templates=len(new),
        pinned_pools=len(new_pools),
        rotating_templates=len(rotating),
        unpinned_templates=len(unpinned),
        in_place=counts["gap"] + counts["in place"],
        staying_pins=counts["pinned"] + counts["previous"],
        moved_pins=counts["moved"],
        deposed_pins=counts["deposed"],
        forgotten_pins=counts["forgotten"],
        activates=any(guard.triggered for fates in stacks for guard in fates.plan.guards),
        copied=sum((pool.copied for pool in pools), Amount()),
        allocated=sum((pool.growth for pool in pools), Amount()),
    )


def _decision(findings: Iterable[Finding]) -> Decision:
    worst = {finding.effective for finding in findings}
    return "refused" if "refused" in worst else "look" if "warning" in worst else "safe"


def _verdict(totals: Totals, findings: Iterable[Finding]) -> str:
    return f"{_doing(totals)}: {_judged(findings)}"


def _doing(totals: Totals) -> str:
    besides = []
    if totals.deposed_pins:
        besides.append(f"destroys {_count(totals.deposed_pins, 'deposed pin')}")
    if totals.forgotten_pins:
        besides.append(f"forgets {_count(totals.forgotten_pins, 'pin')}")
    if totals.changes:
        return ", ".join([_changing(totals), *besides])
    if totals.activates:
        besides.append("runs the activation")
    if not besides and not totals.staying_pins:
        return "no pins in this plan"
    return ", ".join([*(besides or ["no changes"]), _staying(totals)])


def _staying(totals: Totals) -> str:
    moved = f", {totals.moved_pins} of them moved" if totals.moved_pins else ""
    stay = "stays" if totals.staying_pins == 1 else "stay"
    return f"{_count(totals.staying_pins, 'pin')} {stay} as before{moved}"


def _changing(totals: Totals) -> str:
    pins = f"pins {_count(totals.pinned_templates, 'template')}"
    if totals.pinned_templates:
        pins += f" on {_count(totals.pinned_pools, 'pool')}"
    return (
        f"{pins}{_sizes(totals)}, rotates {totals.rotating_templates}, "
        f"unpins {totals.unpinned_templates}, replaces {totals.in_place} in place"
    )


def _sizes(totals: Totals) -> str:
    copied, allocated = totals.copied, totals.allocated
    if not copied and not allocated:
        return ""
    if (copied.unknown or allocated.unknown) and not copied.known and not allocated.known:
        return " (sizes unknown)"
    sign = "+" if allocated.known >= 0 else ""
    unknown = f", {_count(copied.unknown, 'copy', 'copies')} of unknown size apart" if copied.unknown else ""
    return f" (+{gib(copied.known)} copied, {sign}{gib(allocated.known)} allocated{unknown})"


def _judged(findings: Iterable[Finding]) -> str:
    counts = Counter(finding.effective for finding in findings)
    if counts["refused"]:
        return f"refused for {_count(counts['refused'], 'reason')}"
    if counts["warning"]:
        return f"look at {_count(counts['warning'], 'warning')} before the merge"
    return "safe to merge"


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"
