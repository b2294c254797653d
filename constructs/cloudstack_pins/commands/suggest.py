"""``cloudstack-pins suggest SET``: which templates deserve a pin."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

_DAY = 86_400.0


def suggest(
    folder: Annotated[Path, typer.Argument(metavar="SET", help="The folder of a set, as stacks/sandbox.")],
    since: Annotated[
        str, typer.Option(metavar="DATE|DAYS", help="How far to look back: 2026-11-01, or a number of days as 30d.")
    ] = "30d",
    copy_rate: Annotated[
        float | None, typer.Option(metavar="MIB", min=0.1, help="Copy speed in MiB/s; else measured, else 100.")
    ] = None,
    min_deploys: Annotated[
        float, typer.Option(min=0.1, help="Deploys in 30 days from which on a pin is earned.")
    ] = 5.0,
    min_accounts: Annotated[int, typer.Option(min=1, help="Distinct accounts from which on a pin is earned.")] = 2,
    write: Annotated[
        bool, typer.Option("--write", help="Write the additions and removals into pins.toml, for a pull request.")
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write all as JSON; - to print it.")
    ] = None,
) -> None:
    """Advise which templates to pin, from usage records, else events, else the VMs that exist.

    Counts deploys and distinct accounts for each template and storage tag, estimates how many deploys found a cold pool
    and what a pin would have saved, and says how sure the source is. Nothing is removed on the word of a source that
    does not prove absence.
    """
    import json

    from rich.console import Console

    from cloudstack_pins import declaration as declarations
    from cloudstack_pins.cloudstack import Access, Session
    from cloudstack_pins.files import replace_text
    from cloudstack_pins.pin_set import load
    from cloudstack_pins.suggest import edit, facts, history, judge, render

    declared = declarations.load(folder / declarations.FILE_NAME)
    pin_set = load(folder)
    with Session(Access.from_environment(os.environ)) as session:
        now = session.clock.now()
        found = facts.gather(session, declared, pin_set)
        past = history.gather(session, pin_set.zone_id, since=_since(since, now), until=now)
    measured = copy_rate is None and found.copy_rate is not None
    rate = copy_rate * judge.MIB if copy_rate is not None else found.copy_rate or judge.Terms().copy_rate
    terms = judge.Terms(min_deploys=min_deploys, min_accounts=min_accounts, copy_rate=rate, grace=found.grace)
    suggestions = judge.judge(past, found.templates, found.tags, found.offerings, terms)
    unassigned = judge.unassigned(past, found.offerings)
    document = render.document(folder.name, past, suggestions, terms, measured=measured, unassigned=unassigned)
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if json_file is not None and str(json_file) != "-":
        replace_text(json_file, text)
    if str(json_file) == "-":
        typer.echo(text, nl=False)
    else:
        render.show(Console(), past, suggestions, terms, measured=measured, unassigned=unassigned)
    if write:
        _write(declared.path, edit.edited(declared.path.read_text(encoding="utf-8"), suggestions))


def _since(text: str, now: float) -> float:
    """Read ``30d`` or a date (UTC); raises typer.BadParameter."""
    from datetime import UTC, datetime

    days = text.removesuffix("d")
    if days.isdigit() and 0 < int(days) <= 3660:
        return now - int(days) * _DAY
    try:
        at = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError:
        at = now
    if at >= now:
        raise typer.BadParameter(f"--since {text!r} is neither a past date as 2026-11-01 nor a number of days as 30d")
    return at


def _write(path: Path, text: str) -> None:
    """Replace pins.toml once it is sure that what replaces it can be read."""
    from cloudstack_pins import declaration as declarations
    from cloudstack_pins.files import replace_text

    if text == path.read_text(encoding="utf-8"):
        typer.echo(f"{path}: nothing to change")
        return
    declarations.parse(text, path)
    replace_text(path, text)
    typer.echo(f"{path}: written; run `cloudstack-pins lock {path.parent}` and open a pull request")
