"""``cloudstack-pins verify SET``: measures what a pin saves, with two throw-away VMs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

_INTERRUPTED = 130


def verify(
    folder: Annotated[Path, typer.Argument(metavar="SET", help="The folder of a set, as stacks/sandbox.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Really deploy and remove two VMs; nothing runs without it.")
    ] = False,
    template: Annotated[
        str | None, typer.Option(metavar="KEY", help="The declared template to test; default: the largest active pin.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(metavar="NAME", help="The template without a pin; default: one of nearly that size.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="How long a start may take.")] = 3600.0,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON; - to print it.")
    ] = None,
) -> None:
    """Deploy one throw-away VM of a pinned and one of an unpinned template, measure both starts, remove both.

    The VMs are removed on failure, on Ctrl-C and on SIGTERM, and by the next run after a kill.
    """
    import math
    import threading

    from cloudstack_pins.activation.signals import ending_on_signals, silence_closed_pipes
    from cloudstack_pins.cloudstack import Access, Session
    from cloudstack_pins.errors import SettingsError
    from cloudstack_pins.files import replace_text
    from cloudstack_pins.pin_set import load
    from cloudstack_pins.plain import plain
    from cloudstack_pins.status import sources
    from cloudstack_pins.verify import choice, result
    from cloudstack_pins.verify.removal import Interrupted
    from cloudstack_pins.verify.trial import Trial

    if not math.isfinite(timeout):
        raise typer.BadParameter(f"--timeout {timeout} is no time; give seconds as 3600")
    pin_set, source = load(folder), sources.read(folder)
    if not yes:
        raise SettingsError("verify deploys two VMs, starts them and removes them; say --yes if that is wanted")

    def tell(line: str) -> None:
        # Where nobody reads any more, the VMs are removed all the same.
        silence_closed_pipes()
        typer.echo(plain(line), err=True)

    stop = threading.Event()
    with ending_on_signals(stop), Session(Access.from_environment(os.environ)) as session:
        chosen = choice.choose(session, pin_set, source.report(session), template=template, against=against)
        trial = Trial(session, pin_set.name, chosen, stop=stop, timeout=timeout, tell=tell)
        try:
            with trial:
                pinned, unpinned = trial.measure(chosen.pinned), trial.measure(chosen.unpinned)
        except Interrupted as error:
            typer.echo(f"cloudstack-pins: {error}", err=True)
            raise typer.Exit(_INTERRUPTED) from error
    if json_file == Path("-"):
        typer.echo(result.text(pin_set.name, pinned, unpinned), nl=False)
        return
    if json_file is not None:
        replace_text(json_file, result.text(pin_set.name, pinned, unpinned))
    for line in result.words(pinned, unpinned):
        typer.echo(line)
