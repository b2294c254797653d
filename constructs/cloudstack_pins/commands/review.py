"""``cloudstack-pins review``: what merging a plan would do to the pins, and whether to merge it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloudstack_pins.errors import SettingsError
from cloudstack_pins.files import replace_text

if TYPE_CHECKING:
    from cloudstack_pins.review import LiveFacts, Plan, Review
    from cloudstack_pins.review.plan import StackFacts

REFUSED = 4


def review(
    plan_json: Annotated[
        list[Path] | None,
        typer.Argument(help="Plans as `terraform show -json` writes them; - reads one from standard input."),
    ] = None,
    lock: Annotated[
        list[Path] | None, typer.Option("--lock", help="A pins.lock.json that says templates' sizes; may be repeated.")
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Ask CloudStack for capacities and thresholds (root admin's keys).")
    ] = False,
    policy: Annotated[Path | None, typer.Option("--policy", help="A pins-policy.toml.")] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", help="Write a comment for a pull request; - prints it.")
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write the review as JSON; - prints it.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write the review as one page; - prints it.")] = None,
    explain: Annotated[str | None, typer.Option("--explain", help="Say what the finding with this id means.")] = None,
) -> None:
    """Say what a plan would do to the pins: exit status 0 acceptable, 1 error, 4 refused."""
    if explain is not None:
        typer.echo(_explained(explain), nl=False)
        return
    if not plan_json:
        raise SettingsError("review: no plan is named; name the output of `terraform show -json PLANFILE`")
    if sum(str(path) == "-" for path in (markdown, json, html)) > 1:
        raise SettingsError("review: only one of --markdown, --json and --html can be - (printed); name files")
    from cloudstack_pins.review import facts_from_lock, judge, load_policy, to_html, to_json, to_markdown

    rules = load_policy(policy) if policy else None
    locks = [facts_from_lock(path) for path in lock or ()]
    plans = [_read(path) for path in plan_json]
    found = judge(
        plans,
        locks=locks,
        live=_live(plans, locks) if live else None,
        policy=rules,
        today=datetime.now(UTC).date(),
    )
    forms: list[tuple[Path | None, Callable[[Review], str]]] = [
        (markdown, to_markdown),
        (json, to_json),
        (html, to_html),
    ]
    printed = [_write(path, form(found)) for path, form in forms if path is not None]
    if not any(printed):
        _show(found)
    if not found.acceptable:
        raise typer.Exit(REFUSED)


def _read(path: Path) -> Plan:
    from cloudstack_pins.review import parse_plan, read_plan

    return parse_plan(sys.stdin.buffer, source="standard input") if str(path) == "-" else read_plan(path)


def _live(plans: list[Plan], locks: list[StackFacts]) -> LiveFacts:
    from cloudstack_pins.cloudstack import Access, Session
    from cloudstack_pins.review import gather

    with Session(Access.from_environment(os.environ)) as session:
        return gather(session, plans, locks)


def _write(path: Path, text: str) -> bool:
    """Write a form to its file, or print it; return whether it was printed."""
    if str(path) == "-":
        typer.echo(text, nl=False)
        return True
    replace_text(path, text)
    return False


def _show(found: Review) -> None:
    from rich.console import Console

    from cloudstack_pins.review import print_review

    print_review(found, Console(highlight=False, soft_wrap=False))


def _explained(identity: str) -> str:
    from cloudstack_pins.review.catalogue import CATALOGUE, explain

    if identity not in CATALOGUE:
        raise SettingsError(f"--explain: {identity!r} is no finding; known are {', '.join(sorted(CATALOGUE))}")
    return explain(identity)
