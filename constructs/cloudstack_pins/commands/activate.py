"""``cloudstack-pins activate``: make every pin of a stack or plan active."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from cloudstack_pins.activation import Report
    from cloudstack_pins.roster import Roster

STDOUT = Path("-")
_WIDTH_OF_LOGS = 120


def activate(
    stack: Annotated[
        Path,
        typer.Argument(
            metavar="STACK_OR_PLAN_JSON",
            help="A cdk.tf.json, or the output of `terraform show -json`.",
            show_default=False,
        ),
    ],
    max_parallel: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Starts at once (default: as the stack declares, 8).")
    ] = None,
    timeout: Annotated[
        str | None, typer.Option(metavar="TIME", help="For one pin, as 90m or 2h (default: as the stack declares, 2h).")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(metavar="TEMPLATE", help="Only this template; may repeat.")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the outcome as JSON ('-': print it).")
    ] = None,
) -> None:
    """Start each pin once on its pool, verify, stop it, and hand it over; what is active already costs no write.

    Exit status 0 only if each pin is Ready on its pool, Stopped, and owned as declared; else 1.
    """
    # The parent is noted first: Terraform may be gone by the time the rest is imported.
    parent = os.getppid()
    import threading

    from rich.console import Console

    from cloudstack_pins import activation
    from cloudstack_pins.activation.progress import shown
    from cloudstack_pins.activation.signals import ending_on_signals, silence_closed_pipes
    from cloudstack_pins.cloudstack import Access, Session
    from cloudstack_pins.errors import ActivationError

    seconds = _seconds(timeout)
    roster = read_roster(stack)
    console = Console(stderr=json_file == STDOUT, highlight=False)
    if not console.file.isatty():
        # FORCE_COLOR, as CI sets it, makes no terminal that a live view could be drawn on.
        console = Console(stderr=json_file == STDOUT, highlight=False, force_terminal=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _WIDTH_OF_LOGS
    stop = threading.Event()
    with Session(Access.from_environment(os.environ)) as session, ending_on_signals(stop, parent=parent):
        with shown(console) as on_event:
            report = activation.activate(
                session,
                roster,
                clock=session.clock,
                on_event=on_event,
                stop=stop,
                only=only or (),
                max_parallel=max_parallel,
                timeout=seconds,
            )
        silence_closed_pipes()
        _show(report, console, json_file)
    if not report.is_ok:
        raise ActivationError(report.summary())


def read_roster(path: Path) -> Roster:
    """Read the roster of a synthesised stack or of a plan, told apart by what they hold; StackError, PlanError."""
    import json

    from cloudstack_pins.roster import from_plan, from_stack

    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # from_stack reads again and says what is wrong with the file.
        return from_stack(path)
    is_plan = isinstance(document, dict) and "format_version" in document
    if is_plan and ("planned_values" in document or "resource_changes" in document):
        return from_plan(document)
    return from_stack(path)


def _seconds(timeout: str | None) -> int | None:
    from cloudstack_pins.activation.duration import seconds_of

    if timeout is None:
        return None
    try:
        return seconds_of(timeout)
    except ValueError:
        raise typer.BadParameter(
            f"{timeout!r} is no time; write 90s, 30m, 2h or 1h30m", param_hint="--timeout"
        ) from None


def _show(report: Report, console: Console, json_file: Path | None) -> None:
    from cloudstack_pins.activation.table import table_of
    from cloudstack_pins.files import replace_text
    from cloudstack_pins.json_text import json_text

    console.print(table_of(report, console))
    if report.is_ok:
        console.print(report.summary(), markup=False, soft_wrap=True)
    if json_file is None:
        return
    text = json_text(report.document())
    if json_file == STDOUT:
        typer.echo(text, nl=False)
    else:
        replace_text(json_file, text)
