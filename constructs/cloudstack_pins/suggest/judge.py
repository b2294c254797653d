"""Weighs deploys against what a pin costs: which template earns a pin on which storage tag, and how sure that is."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cloudstack_pins.suggest.records import Deploy

Advice = Literal["add", "keep", "drop", "leave"]
Source = Literal["usage records", "events", "existing VMs"]

DAY = 86_400.0
GIB = 1024**3
MIB = 1024**2
_ORDER: Mapping[Advice, int] = {"add": 0, "keep": 1, "drop": 2, "leave": 3}


@dataclass(frozen=True, kw_only=True)
class History:
    """Past deploys and how much they prove: the source, the time really covered, and what stayed unknown.

    ``unknown`` counts deploys whose template nobody knows any more.
    """

    source: Source
    deploys: tuple[Deploy, ...]
    asked_since: float
    since: float
    until: float
    unknown: int = 0
    notes: tuple[str, ...] = ()

    @property
    def days(self) -> float:
        """The days covered, at least one."""
        return max((self.until - self.since) / DAY, 1.0)

    @property
    def proves_absence(self) -> bool:
        """Whether few deploys here mean few deploys: nothing unknown, nobody forgotten, the whole time covered."""
        covered = self.since <= self.asked_since + DAY
        return self.source != "existing VMs" and self.unknown == 0 and covered


@dataclass(frozen=True, kw_only=True)
class TagFacts:
    """A storage tag: how many pools bear it, and whether the set declares it."""

    name: str
    pools: int
    declared: bool = True


@dataclass(frozen=True, kw_only=True)
class TemplateFacts:
    """A template by its name in CloudStack: its registrations, size in bytes, key and tags in the declaration."""

    name: str
    ids: frozenset[str]
    size: int | None
    key: str | None = None
    tags: frozenset[str] = frozenset()
    available: bool = True


@dataclass(frozen=True, kw_only=True)
class Terms:
    """From when on a template deserves a pin, the copy speed in bytes a second, and seconds until GC takes a copy."""

    min_deploys: float = 5.0
    min_accounts: int = 2
    copy_rate: float = 100 * MIB
    grace: float = 2 * DAY


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """One template on one storage tag. ``gib`` is what its pins cost on all pools, ``seconds_saved`` what they save."""

    template: str
    key: str | None
    storage_tag: str
    deploys: int
    accounts: int
    cold_share: float
    gib: float | None
    seconds_saved: float | None
    advice: Advice
    reason: str


def judge(
    history: History,
    templates: Sequence[TemplateFacts],
    tags: Sequence[TagFacts],
    offerings: Mapping[str, frozenset[str]],
    terms: Terms,
) -> tuple[Suggestion, ...]:
    """Return a suggestion for each template and tag that is declared or was used, best first.

    ``offerings`` maps an offering's id to its storage tags. A deploy counts for each tag of its offering.
    """
    by_id = {template_id: template for template in templates for template_id in template.ids}
    used: dict[tuple[str, str], list[Deploy]] = {}
    for deploy in history.deploys:
        template = by_id.get(deploy.template_id)
        for tag in offerings.get(deploy.offering_id, frozenset()) if template is not None else ():
            used.setdefault((template.name if template else "", tag), []).append(deploy)
    for template in templates:
        for tag in template.tags:
            used.setdefault((template.name, tag), [])
    facts = {template.name: template for template in templates}
    known = {tag.name: tag for tag in tags}
    made = [
        _suggestion(history, facts[name], known.get(tag) or TagFacts(name=tag, pools=0, declared=False), found, terms)
        for (name, tag), found in used.items()
    ]
    return tuple(sorted(made, key=_rank))


def cold_share(found: Iterable[Deploy], pools: int, grace: float) -> float:
    """Estimate the share of deploys that found no copy on their pool.

    CloudStack picks among the ``pools`` at random. A VM of the template keeps the copy on its pool while it exists and
    about ``grace`` seconds longer, so with m such VMs a pool is cold with probability (1 - 1/pools) ** m.
    """
    ordered = sorted(found, key=lambda deploy: (deploy.at is not None, deploy.at or 0.0))
    ends = sorted(deploy.until + grace for deploy in ordered if deploy.until is not None)
    chances = [
        (1 - 1 / max(pools, 1)) ** max(position - bisect_left(ends, deploy.at), 0)
        for position, deploy in enumerate(ordered)
        if deploy.at is not None
    ]
    return sum(chances) / len(chances) if chances else 0.0


def unassigned(history: History, offerings: Mapping[str, frozenset[str]]) -> int:
    """Count the deploys whose offering carries no storage tag, or is gone, and that so speak for no tag."""
    return sum(not offerings.get(deploy.offering_id) for deploy in history.deploys if deploy.at is not None)


def _suggestion(
    history: History, template: TemplateFacts, tag: TagFacts, found: list[Deploy], terms: Terms
) -> Suggestion:
    fresh = [deploy for deploy in found if deploy.at is not None and deploy.at >= history.since]
    share = cold_share(found, tag.pools, terms.grace)
    accounts = len({deploy.account_id for deploy in fresh})
    saved = None if template.size is None else share * len(fresh) * template.size / terms.copy_rate
    advice, reason = _advice(history, template, tag, len(fresh), accounts, terms)
    return Suggestion(
        template=template.name,
        key=template.key,
        storage_tag=tag.name,
        deploys=len(fresh),
        accounts=accounts,
        cold_share=share,
        gib=None if template.size is None else 2 * template.size * tag.pools / GIB,
        seconds_saved=saved,
        advice=advice,
        reason=reason,
    )


def _advice(
    history: History, template: TemplateFacts, tag: TagFacts, deploys: int, accounts: int, terms: Terms
) -> tuple[Advice, str]:
    monthly = deploys / history.days * 30
    counted = f"{monthly:.1f} deploys in 30 days by {accounts} account{'' if accounts == 1 else 's'}"
    limits = f"at least {terms.min_deploys:g} by {terms.min_accounts}"
    deserved = monthly >= terms.min_deploys and accounts >= terms.min_accounts
    if tag.name in template.tags:
        if deserved:
            return "keep", counted
        if not history.proves_absence:
            return "keep", f"{counted}, below {limits}, but {history.source} do not prove that there were no more"
        return "drop", f"{counted}, below {limits}"
    if not deserved:
        return "leave", f"{counted}, below {limits}"
    if not template.available:
        return "leave", f"{counted}, but the template is gone or not ready"
    if not tag.declared:
        return "leave", f"{counted}, but the set does not declare the storage tag"
    return "add", counted


def _rank(suggestion: Suggestion) -> tuple[int, float, str, str]:
    worth = suggestion.seconds_saved or 0.0
    return (_ORDER[suggestion.advice], -worth, suggestion.template, suggestion.storage_tag)


def counts(suggestions: Iterable[Suggestion]) -> Counter[Advice]:
    """Count the suggestions by advice."""
    return Counter(suggestion.advice for suggestion in suggestions)
