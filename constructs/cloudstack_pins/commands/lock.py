"""`cloudstack-pins lock`: names of pins.toml become ids in pins.lock.json."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cloudstack_pins.cloudstack import Session

STALE = 3
"""The exit status of ``--check`` where at least one lock is stale."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One set after a look at CloudStack: the lock's file, the text that it ought to have, what to tell."""

    folder: Path
    path: Path
    text: str
    stale: bool
    changes: tuple[str, ...]
    warnings: tuple[str, ...]


def lock(
    sets: Annotated[list[Path], typer.Argument(metavar="SET...", help="Folders with a pins.toml, as stacks/sandbox.")],
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 3 where a lock is stale, and say why.")
    ] = False,
    markdown: Annotated[
        Path | None,
        typer.Option("--markdown", metavar="FILE", help="Also write what changed for a pull request's description."),
    ] = None,
) -> None:
    """Look up every name of pins.toml in CloudStack and write the ids to pins.lock.json.

    Nothing is written unless every SET could be resolved. The lock says who is meant and holds no capacity and no time:
    without a change a second run writes the same bytes.
    """
    from cloudstack_pins import declaration as declarations
    from cloudstack_pins.cloudstack import Access, Session
    from cloudstack_pins.files import replace_text
    from cloudstack_pins.plain import plain

    # What can be refused without CloudStack is refused first.
    for folder in sets:
        declarations.load(folder / declarations.FILE_NAME)
    with Session(Access.from_environment(os.environ)) as session:
        outcomes = [look(session, folder) for folder in sets]
    for outcome in outcomes:
        for warning in outcome.warnings:
            typer.echo(f"warning: {plain(warning)}", err=True)
    for outcome in outcomes:
        if outcome.stale and not check:
            replace_text(outcome.path, outcome.text)
        typer.echo(plain(f"{outcome.path}: {_verdict(outcome, check)}{_repair(outcome, check)}"))
        for change in outcome.changes:
            typer.echo(f"  {plain(change)}")
    if markdown is not None:
        from cloudstack_pins.resolution.markdown import to_markdown

        verdicts = [(str(each.path), _verdict(each, check), each.changes) for each in outcomes]
        replace_text(markdown, to_markdown(verdicts))
    if check and any(outcome.stale for outcome in outcomes):
        raise typer.Exit(STALE)


def look(session: Session, folder: Path) -> Outcome:
    """Return what the lock of a set ought to be; nothing is written. Raises PinsError."""
    from cloudstack_pins import declaration as declarations
    from cloudstack_pins import lock as locks
    from cloudstack_pins.resolution import resolve

    declaration = declarations.load(folder / declarations.FILE_NAME)
    path = folder / locks.FILE_NAME
    there = path.exists()
    before = locks.read(path) if there else None
    found = resolve(session, declaration, before)
    text = locks.text_of(found.lock)
    stale = not there or path.read_text(encoding="utf-8") != text
    changes = found.changes
    if stale and not changes:
        changes = ("the file is not as `lock` writes it",)
    return Outcome(folder=folder, path=path, text=text, stale=stale, changes=changes, warnings=found.warnings)


def _verdict(outcome: Outcome, check: bool) -> str:
    if not outcome.stale:
        return "is current"
    return "is stale" if check else "written"


def _repair(outcome: Outcome, check: bool) -> str:
    return f"; run `cloudstack-pins lock {shlex.quote(str(outcome.folder))}`" if outcome.stale and check else ""
