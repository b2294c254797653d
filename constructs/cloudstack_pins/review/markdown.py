"""The review as a comment in a pull request: Markdown of at most 65,000 characters, the same for the same input."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from cloudstack_pins.review import views
from cloudstack_pins.review.escaping import code, text
from cloudstack_pins.review.judgement import Review, StackReview
from cloudstack_pins.review.words import actions_in_words, change_in_words, reason_in_words

BUDGET = 65_000
"""Characters; GitHub takes 65,536."""
_ALL = 10**9
_SOURCES = 5
_SYMBOLS = {"safe": "✅", "look": "⚠️", "refused": "⛔"}
_QUIET_CELLS = {"pinned", "-"}


@dataclass(frozen=True)
class Detail:
    """A folded part: a title in our own words, and lines of Markdown that are safe already."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Cut:
    """How much is shown: folded parts, rows of each table, names of each finding, findings."""

    details: int = _ALL
    rows: int = _ALL
    subjects: int = _ALL
    findings: int = _ALL


class _Own(str):
    """Text of this package, or made safe already."""

    __slots__ = ()


def to_markdown(review: Review, *, budget: int = BUDGET) -> str:
    """Return the comment.

    What is too long loses its folded parts first, then rows of tables, each with a count of what was left out; the
    verdict stays whole, and the danger as long as it fits by itself.
    """
    details = list(_details(review))
    render = _renderer(review, details)

    def fits(cut: _Cut) -> bool:
        return len(render(cut)) <= budget

    cut = _Cut()
    longest = max((len(finding.subjects) for finding in review.findings), default=0)
    steps: tuple[tuple[str, int], ...] = (
        ("details", len(details)),
        ("rows", max(len(review.pools), len(review.stacks), *(len(stack.pins) for stack in review.stacks))),
        ("subjects", longest),
        ("findings", len(review.findings)),
    )
    for name, most in steps:
        if fits(cut):
            break
        cut = _largest(cut, name, most, fits)
    return render(cut)


def marker(review: Review) -> str:
    """Return the hidden line by which a sticky comment is found again: the same for the same stacks."""
    names = ",".join(_marked(stack.name) for stack in review.stacks)
    if len(names) > 200:
        names = f"{len(review.stacks)}-stacks-{hashlib.sha256(names.encode()).hexdigest()[:12]}"
    return f"<!-- cloudstack-pins review: {names} -->"


def _marked(name: str) -> str:
    """Return a name that cannot end an HTML comment, and differs where names differ."""
    encoded = re.sub(r"[^A-Za-z0-9._+-]", lambda match: f"%{match[0].encode().hex()}", name)
    return encoded.replace("--", "-%2d") if "--" in encoded else encoded


def _largest(cut: _Cut, name: str, most: int, fits: Callable[[_Cut], bool]) -> _Cut:
    """Return the cut with the most of ``name`` that fits; with none of it where nothing fits."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if fits(replace(cut, **{name: middle})):
            low = middle
        else:
            high = middle - 1
    return replace(cut, **{name: low})


def _renderer(review: Review, details: Sequence[Detail]) -> Callable[[_Cut], str]:
    template = _environment().get_template("review.md.j2")
    values = {
        "review": review,
        "symbol": _SYMBOLS[review.decision],
        "marker": marker(review),
        "several": len(review.stacks) > 1,
        "groups": [
            ("refused", "Refused", [f for f in review.danger if f.effective == "refused"]),
            ("warning", "Warnings", [f for f in review.danger if f.effective == "warning"]),
        ],
        "matrices": [(stack, views.matrix(stack)) for stack in review.stacks],
        "pools": views.pool_rows(review),
        "details": details,
        "footer": _footer(review),
    }

    def render(cut: _Cut) -> str:
        whole = template.render(values, cut=cut)
        return re.sub(r"\n{3,}", "\n\n", whole).strip("\n") + "\n"

    return render


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cloudstack_pins.review"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,
        finalize=_finalize,
    )
    environment.filters.update(
        own=lambda value: _Own(value), text=lambda value: _Own(text(value)), cell=_cell, first_rows=_first, rest=_rest
    )
    return environment


def _finalize(value: Any) -> str:
    """Make everything code that no filter has declared safe: forgetting to escape is not possible."""
    return value if isinstance(value, _Own) else code(str(value))


def _first(rows: Sequence[Any], most: int) -> Sequence[Any]:
    return rows[:most]


def _rest(rows: Sequence[Any], most: int, what: str, before: str, after: str, *, bare: bool = False) -> str:
    left = len(rows) - most
    if left <= 0:
        return ""
    if bare:
        return f"{before}{left} {what}"
    return f"{before}and {left} more {what}{'' if left == 1 else 's'}, left out for length{after}\n"


def _cell(fates: str) -> str:
    return _Own(fates if fates in _QUIET_CELLS else f"**{fates}**")


def _details(review: Review) -> Iterator[Detail]:
    """Yield the folded parts, the most useful first: the last ones go first when room is short."""
    yield from _rotation(review)
    yield from _unpinning(review)
    yield from _notes(review)
    yield from _drift(review)
    yield from _others(review)
    yield from _pins(review)


def _rotation(review: Review) -> Iterator[Detail]:
    rows = [rotation for stack in review.stacks for rotation in views.rotations(stack)]
    if not rows:
        return
    lines = [
        f"{views.rotation_in_words(review)} The peak in the table of pools is that moment.",
        "",
        "| template | old | new | pools |",
        "| --- | --- | --- | --- |",
    ]
    for row in rows:
        places = ", ".join(code(place) for place in row.places)
        lines.append(f"| {code(row.template)} | {code(row.old)} | {code(row.new)} | {places} |")
    yield Detail(f"Rotation ({len(rows)})", tuple(lines))


def _unpinning(review: Review) -> Iterator[Detail]:
    rows = list(views.leaving_rows(review))
    if not rows:
        return
    lines = [
        "No pin of these stacks protects these copies any more. Garbage collection takes a copy in the second pass "
        "that finds it unused, in the first where it was marked before; a VM of anybody else that was made from it "
        "keeps it." + ("" if review.live else " The interval is not known without `--live`."),
        "",
        "| template | pool | copy | goes |",
        "| --- | --- | --: | --- |",
    ]
    lines += [f"| {code(template)} | {code(pool)} | {size} | {window} |" for template, pool, size, window in rows]
    yield Detail(f"Copies that garbage collection will take ({len(rows)})", tuple(lines))


def _notes(review: Review) -> Iterator[Detail]:
    if not review.notes:
        return
    lines = []
    for note in review.notes:
        of = f" in {code(note.stack)}" if note.stack and len(review.stacks) > 1 else ""
        detail = f" ({text(note.detail)})" if note.detail else ""
        names = "; ".join(
            code(subject.name) + (f" {text(subject.detail)}" if subject.detail else "") for subject in note.subjects
        )
        waived = ""
        if note.waiver:
            waived = f" **Waived** until {note.waiver.until.isoformat()}: {text(note.waiver.reason)}."
        lines.append(f"- {note.title}{detail}{of}: {note.meaning}.{waived} ({code(note.id)})")
        lines += [f"  {names}"] if names else []
    yield Detail(f"Notes ({len(review.notes)})", tuple(lines))


def _drift(review: Review) -> Iterator[Detail]:
    found = [(stack, drift) for stack in review.stacks for drift in stack.plan.drift]
    if found:
        lines = [
            f"- {code(drift.address)} {_outside(drift.actions)}"
            + (f": {', '.join(code(name) for name in drift.changed)}" if drift.changed else "")
            for _, drift in found
        ]
        yield Detail(f"Changed outside of Terraform ({len(found)})", tuple(lines))


def _outside(actions: tuple[str, ...]) -> str:
    return "was destroyed" if "delete" in actions else "was changed"


def _others(review: Review) -> Iterator[Detail]:
    for own, title in ((False, "Other resources"), (True, "What goes with the pins")):
        rows = [other for stack in review.stacks for other in stack.plan.others if other.own is own]
        guards = [g for stack in review.stacks for g in stack.plan.guards if own and g.actions != ("no-op",)]
        lines = [f"- {code(guard.address)} {actions_in_words(guard.actions)}" for guard in guards]
        for other in rows:
            because = f": {text(reason_in_words(other.reason))}" if other.reason else ""
            lines.append(f"- {code(other.address)} {text(actions_in_words(other.actions))}{because}")
        if lines:
            yield Detail(f"{title} ({len(lines)})", tuple(lines))


def _pins(review: Review) -> Iterator[Detail]:
    for stack in review.stacks:
        rows = views.changed_pins(stack)
        if not rows:
            continue
        lines = ["| pin | pool | | template | copied | allocated |", "| --- | --- | --- | --- | --: | --: |"]
        lines += [
            f"| {code(row.address)} | {code(row.where)} | {text(change_in_words(row.change.change))} "
            f"| {code(row.template)} | {row.copied} | {row.allocated} |"
            for row in rows
        ]
        of = f" of {_plain_name(stack)}" if len(review.stacks) > 1 else ""
        yield Detail(f"Pins that change{of} ({len(rows)})", tuple(lines))


def _plain_name(stack: StackReview) -> str:
    """Return a stack's name for a summary, where Markdown is not read and HTML is."""
    return code(stack.name) if not re.fullmatch(r"[A-Za-z0-9_.-]+", stack.name) else stack.name


def _footer(review: Review) -> str:
    versions = sorted({stack.plan.terraform_version for stack in review.stacks if stack.plan.terraform_version})
    sources = ", ".join(code(stack.plan.source) for stack in review.stacks[:_SOURCES])
    more = f" and {len(review.stacks) - _SOURCES} more" if len(review.stacks) > _SOURCES else ""
    made = f" by Terraform {', '.join(code(version) for version in versions)}" if versions else ""
    return (
        f"From {sources}{more}{made}. Terraform cannot see a pin whose copy has lapsed: `cloudstack-pins status` can. "
        "`cloudstack-pins review --explain ID` says what a finding means."
    )
