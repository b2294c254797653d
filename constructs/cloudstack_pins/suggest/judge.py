"""Weighs deploys against what a pin costs: which template earns a pin on which storage tag, and how sure that is."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cloudstack_pins.suggest.history import DAY, Deploy, History

Advice = Literal["add", "keep", "drop", "leave"]

GIB = 1024**3
MIB = 1024**2
_ORDER: Mapping[Advice, int] = {"add": 0, "keep": 1, "drop": 2, "leave": 3}


@dataclass(frozen=True, kw_only=True)
class TagFacts:
    """A storage tag: how many pools bear it, how many pins a template gets on it, whether the set declares it."""

    name: str
    pools: int
    pins: int
    declared: bool = True


@dataclass(frozen=True, kw_only=True)
class TemplateFacts:
    """A template by its name in CloudStack: its registrations, size in bytes, key and tags in the declaration.

    ``follows_name``: registrations of that name which are gone by now were this template too. ``obstacle`` says why
    it cannot get a (further) pin, None where it can.
    """

    name: str
    ids: frozenset[str]
    size: int | None
    key: str | None = None
    tags: frozenset[str] = frozenset()
    follows_name: bool = True
    obstacle: str | None = None


@dataclass(frozen=True, kw_only=True)
class Terms:
    """From when on a template deserves a pin, the copy speed in bytes a second, and seconds until GC takes a copy."""

    min_deploys: float = 5.0
    min_accounts: int = 2
    copy_rate: float = 100 * MIB
    grace: float = 2 * DAY


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """One template on one storage tag.

    ``accounts`` is a lower bound where VMs changed hands within a usage window. ``earned`` says whether these are
    enough for a pin. ``gib`` is what its pins cost of
    allocated capacity, ``seconds_saved`` what they would have saved in the time covered; None: unknown.
    """

    template: str
    key: str | None
    storage_tag: str
    deploys: int
    accounts: int
    earned: bool
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
    used: dict[tuple[TemplateFacts, str], list[Deploy]] = {
        (template, tag): [] for template in templates for tag in template.tags
    }
    for deploy, template in _of_templates(history.deploys, templates):
        for tag in offerings.get(deploy.offering_id, frozenset()):
            used.setdefault((template, tag), []).append(deploy)
    known = {tag.name: tag for tag in tags}
    made = [
        _suggestion(history, template, known.get(tag) or _undeclared(tag), found, terms)
        for (template, tag), found in used.items()
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


def distinct_accounts(found: Iterable[Deploy]) -> int:
    """Count the accounts that deployed, at least: where one of several may have, all of them count as one."""
    count, seen = 0, set[str]()
    for accounts in sorted(
        {deploy.accounts for deploy in found}, key=lambda accounts: (len(accounts), sorted(accounts))
    ):
        if not accounts & seen:
            count += 1
            seen |= accounts
    return count


def unassigned(history: History, offerings: Mapping[str, frozenset[str]]) -> int:
    """Count the deploys whose offering carries no storage tag, or is gone, and that so speak for no tag."""
    return sum(not offerings.get(deploy.offering_id) for deploy in history.deploys if deploy.at is not None)


def counts(suggestions: Iterable[Suggestion]) -> Counter[Advice]:
    """Count the suggestions by advice."""
    return Counter(suggestion.advice for suggestion in suggestions)


def _of_templates(
    deploys: Iterable[Deploy], templates: Sequence[TemplateFacts]
) -> Iterable[tuple[Deploy, TemplateFacts]]:
    by_id = {template_id: template for template in templates for template_id in template.ids}
    by_name = {template.name: template for template in templates if template.follows_name}
    for deploy in deploys:
        template = by_id.get(deploy.template_id) or by_name.get(deploy.template_name)
        if template is not None:
            yield deploy, template


def _undeclared(tag: str) -> TagFacts:
    return TagFacts(name=tag, pools=1, pins=0, declared=False)


def _suggestion(
    history: History, template: TemplateFacts, tag: TagFacts, found: list[Deploy], terms: Terms
) -> Suggestion:
    fresh = [deploy for deploy in found if deploy.at is not None]
    share = cold_share(found, tag.pools, terms.grace)
    accounts = distinct_accounts(fresh)
    monthly = len(fresh) / history.days * 30
    earned = monthly >= terms.min_deploys and accounts >= terms.min_accounts
    counted = f"{_counted(len(fresh), 'deploy')} in {_counted(round(history.days), 'day')}"
    counted = f"{counted} by {_counted(accounts, 'account')}"
    advice, reason = _advice(history, template, tag, terms, earned=earned)
    size = template.size if tag.declared else None
    # Where CloudStack chooses the pool of one pin, the others stay cold.
    warmed = min(tag.pins / max(tag.pools, 1), 1.0)
    return Suggestion(
        template=template.name,
        key=template.key,
        storage_tag=tag.name,
        deploys=len(fresh),
        accounts=accounts,
        earned=earned,
        cold_share=share,
        gib=None if size is None else 2 * size * tag.pins / GIB,
        seconds_saved=None if size is None else share * warmed * len(fresh) * size / terms.copy_rate,
        advice=advice,
        reason=f"{counted}, {reason}" if reason else counted,
    )


def _advice(
    history: History, template: TemplateFacts, tag: TagFacts, terms: Terms, *, earned: bool
) -> tuple[Advice, str]:
    """Return the advice and what is to be said beside the numbers."""
    below = f"below {limits(terms)}"
    if tag.name in template.tags:
        if earned:
            return "keep", ""
        if history.doubt is not None:
            return "keep", f"{below}, but that proves little: {history.doubt}"
        return "drop", below
    if not earned:
        return "leave", below
    if not tag.declared:
        return "leave", "but the set does not declare the storage tag"
    if template.obstacle is not None:
        return "leave", f"but {template.obstacle}"
    return "add", ""


def limits(terms: Terms) -> str:
    """Return in words what earns a pin."""
    accounts = "one account" if terms.min_accounts == 1 else f"{terms.min_accounts} accounts"
    return f"{terms.min_deploys:g} deploys in 30 days by {accounts}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _rank(suggestion: Suggestion) -> tuple[int, float, int, str, str]:
    worth = suggestion.seconds_saved or 0.0
    return (_ORDER[suggestion.advice], -worth, -suggestion.deploys, suggestion.template, suggestion.storage_tag)
