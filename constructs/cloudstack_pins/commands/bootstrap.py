"""``cloudstack-pins bootstrap SET``: say, ask, do."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cloudstack_pins.errors import ResolutionError, SettingsError
from cloudstack_pins.plain import plain


def bootstrap(
    folder: Annotated[Path, typer.Argument(metavar="SET", help="The set's folder, as stacks/sandbox.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
) -> None:
    """Make what the set needs and Terraform's provider cannot: its L2 network, and the key's right to use it."""
    from cloudstack_pins.bootstrap import execute, observe, steps_for
    from cloudstack_pins.cloudstack import Access, Session
    from cloudstack_pins.declaration import load

    declaration = load(folder)
    with Session(Access.from_environment(os.environ)) as session:
        preparation = steps_for(declaration, observe(session, declaration))
        if preparation.reasons:
            raise ResolutionError(preparation.reasons)
        for note in preparation.notes:
            typer.echo(plain(f"note: {note}"))
        if not preparation.steps:
            typer.echo(plain(f"nothing to do: network {declaration.network!r} is there and usable"))
            return
        for step in preparation.steps:
            typer.echo(plain(f"{'would' if dry_run else 'will'} {step}"))
        if dry_run:
            return
        if not yes:
            _ask()
        execute(session, preparation.steps, lambda step: typer.echo(plain(f"done: {step}")))


def _ask() -> None:
    try:
        agreed = typer.confirm("Do this?")
    except typer.Abort:
        if sys.stdin.isatty():
            raise  # Ctrl-C
        typer.echo()  # ends the question's line
        raise SettingsError("nobody is here to answer; add --yes, or --dry-run to change nothing") from None
    if not agreed:
        typer.echo("nothing was changed")
        raise typer.Exit(1)
