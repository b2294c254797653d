"""``cloudstack-pins status``: what is pinned now, against what is declared."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

_SECONDS = 30.0


def status(
    sets: Annotated[
        list[str], typer.Argument(metavar="SET...", help="A set's folder, or its cdk.tf.json.", show_default=False)
    ],
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write JSON ('-': print).")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write one self-contained page.")] = None,
    prometheus: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write metrics for the textfile collector.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again every 30 seconds, or every number given after it.")
    ] = False,
    schedules: Annotated[bool, typer.Option(help="Also look for VM schedules: one call a pin.")] = False,
) -> None:
    """Compare declared pins with what CloudStack holds now; exit 0: all active, 3: findings, 1: error."""
    from rich.console import Console

    from cloudstack_pins.cloudstack import Access, Session
    from cloudstack_pins.status import sources
    from cloudstack_pins.status.look import Look, Outputs
    from cloudstack_pins.status.table import show
    from cloudstack_pins.status.watch import watch as watching

    paths, seconds = _arguments(sets, watch)
    outputs = Outputs(json=json_file, html=html, prometheus=prometheus)
    found = [sources.read(path) for path in paths]
    console = Console(highlight=False, stderr=outputs.prints_json)
    with Session(Access.from_environment(os.environ)) as session:
        look = Look(session, found, outputs, schedules=schedules)
        if watch:
            raise typer.Exit(watching(look, console, clock=session.clock, seconds=seconds))
        report = look()
    if outputs.prints_json:
        typer.echo(outputs.json_text(report), nl=False)
    else:
        show(report, console)
    raise typer.Exit(report.exit_status)


def _arguments(sets: list[str], watch: bool) -> tuple[list[Path], float]:
    """Return the sets and the seconds of ``--watch SECONDS``, which the parser leaves among the sets."""
    numbers = [text for text in sets if watch and text.replace(".", "", 1).isdigit() and not Path(text).exists()]
    if len(numbers) > 1:
        raise typer.BadParameter(f"--watch takes one number of seconds, not {' and '.join(numbers)}")
    seconds = float(numbers[0]) if numbers else _SECONDS
    if seconds < 1:
        raise typer.BadParameter("--watch looks every second at most; give 1 or more")
    paths = [Path(text) for text in sets if text not in numbers]
    if not paths:
        raise typer.BadParameter("name at least one set, such as stacks/sandbox")
    return paths, seconds
