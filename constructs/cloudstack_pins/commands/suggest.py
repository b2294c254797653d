"""``cloudstack-pins suggest SET``: which templates deserve a pin."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cloudstack_pins.suggest.judge import Suggestion

_DAY = 86_400.0
_MOST_DAYS = 3660


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
    from rich.console import Console

    from cloudstack_pins import declaration as declarations
    from cloudstack_pins.cloudstack import Access, Session
    from cloudstack_pins.files import replace_text
    from cloudstack_pins.suggest import render
    from cloudstack_pins.suggest.advice import advise, read_lock

    for name, value in (("--copy-rate", copy_rate), ("--min-deploys", min_deploys)):
        if value is not None and not math.isfinite(value):
            raise typer.BadParameter(f"{name} {value} is no number to reckon with; give one as 80")
    # What can be refused without CloudStack is refused first; a lock that is missing or old is no hindrance.
    declared = declarations.load(folder / declarations.FILE_NAME)
    read_lock(declared)
    with Session(Access.from_environment(os.environ)) as session:
        begin = parse_since(since, session.clock.now())
        report = advise(
            session, folder, since=begin, copy_rate=copy_rate, min_deploys=min_deploys, min_accounts=min_accounts
        )
    prints_json = json_file == Path("-")
    if prints_json:
        typer.echo(render.text(report), nl=False)
    else:
        if json_file is not None:
            replace_text(json_file, render.text(report))
        render.show(Console(highlight=False), report)
    if write:
        # JSON on standard output stays JSON.
        typer.echo(_write(folder, report.suggestions), err=prints_json)


def parse_since(text: str, now: float) -> float:
    """Read ``30d`` or a date (UTC) as seconds since 1970; raises typer.BadParameter."""
    from datetime import UTC, datetime

    days = text.removesuffix("d")
    if days.isascii() and days.isdecimal() and len(days) < 7 and 0 < int(days) <= _MOST_DAYS:
        return now - int(days) * _DAY
    try:
        at = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError:
        at = now
    if not now - _MOST_DAYS * _DAY <= at < now:
        raise typer.BadParameter(
            f"--since {text!r} is neither a past date as 2026-11-01 nor a number of days as 30d, ten years at most"
        )
    return at


def _write(folder: Path, suggestions: Sequence[Suggestion]) -> str:
    """Replace pins.toml and return what to say."""
    from cloudstack_pins.declaration import FILE_NAME
    from cloudstack_pins.files import replace_text
    from cloudstack_pins.plain import plain
    from cloudstack_pins.suggest.edit import edited

    path = folder / FILE_NAME
    before = path.read_bytes().decode("utf-8")
    after = edited(before, suggestions, path)
    if after == before:
        return f"{plain(str(path))}: nothing to change"
    replace_text(path, after)
    lock = f"cloudstack-pins lock {shlex.quote(str(folder))}"
    return plain(f"{path}: written; run `{lock}` and open a pull request")
