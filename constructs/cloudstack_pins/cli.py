"""The command line: finds the command, calls it, and turns errors into one line and an exit status.

Exit status: 0 done, 1 error (usage errors too), 3 findings or a stale lock, 4 refused by policy, 130 interrupted, 143
ended by SIGTERM. Never 2, which Terraform's ``-detailed-exitcode`` uses for "changes".
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module, metadata
from typing import Annotated

import typer
from typer.main import get_command

from cloudstack_pins.errors import PinsError
from cloudstack_pins.plain import plain

COMMANDS: dict[str, str] = {
    "lock": "cloudstack_pins.commands.lock:lock",
    "bootstrap": "cloudstack_pins.commands.bootstrap:bootstrap",
    "activate": "cloudstack_pins.commands.activate:activate",
    "review": "cloudstack_pins.commands.review:review",
    "status": "cloudstack_pins.commands.status:status",
    "suggest": "cloudstack_pins.commands.suggest:suggest",
    "verify": "cloudstack_pins.commands.verify:verify",
    "run-task": "cloudstack_pins.commands.run_task:app",
}
"""Each command's module and name; a module is imported only when its command (or the list of all) is asked for."""

PROGRAM = "cloudstack-pins"
INTERRUPTED = 130
TERMINATED = 143
_ENDED = "{}; run the same command again, it goes on from here"


class _Terminated(BaseException):
    """SIGTERM, taken the way of Ctrl-C: temporary files go, and the end is said."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; nothing but text reaches the terminal."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    logging.basicConfig(level=logging.WARNING, format=f"{PROGRAM}: %(message)s", handlers=[_to_stderr()])
    try:
        with _terminable():
            return _run(arguments)
    except PinsError as error:
        return _fail(str(error))
    except typer.TyperException as error:
        return _fail(f"{_message(error)} (see `{_help_for(arguments)}`)")
    except _Terminated:
        return _fail(_ENDED.format("terminated"), TERMINATED)
    except (KeyboardInterrupt, typer.Abort):
        return _fail(_ENDED.format("interrupted"), INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has gone, as with `| head`: nothing more to say, and no second error at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def build_parser(names: Sequence[str] = tuple(COMMANDS)) -> typer.Typer:
    """Return the command line with these commands; tests and the documentation read it."""
    app = typer.Typer(
        name=PROGRAM,
        help="Keep a declared set of Apache CloudStack templates cached on primary storage.",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    # A callback keeps Typer from turning a single command into the program itself.
    app.callback(invoke_without_command=True)(_root)
    for name in names:
        module, _, attribute = COMMANDS[name].partition(":")
        command = getattr(import_module(module), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def _to_stderr() -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    # urllib3 warns of each try of a call that is repeated; what counts is the error in the end.
    handler.addFilter(lambda record: record.levelno >= logging.ERROR or not record.name.startswith("urllib3"))
    return handler


def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", is_eager=True, help="Say the version and end.")] = False,
) -> None:
    """Keep a declared set of Apache CloudStack templates cached on primary storage."""
    if version:
        typer.echo(f"{PROGRAM} {metadata.version(PROGRAM)}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        raise typer.BadParameter(f"name a command: {', '.join(COMMANDS)}")


def _run(arguments: list[str]) -> int:
    asked = _asked(arguments)
    names = (asked,) if asked is not None else tuple(COMMANDS)
    command = get_command(build_parser(names))
    status = command.main(args=arguments, prog_name=PROGRAM, standalone_mode=False)
    if status == INTERRUPTED:
        # Typer takes a KeyboardInterrupt for itself, and says nothing.
        raise KeyboardInterrupt
    return status if isinstance(status, int) else 0


def _asked(arguments: list[str]) -> str | None:
    first = next((argument for argument in arguments if not argument.startswith("-")), None)
    return first if first in COMMANDS else None


def _help_for(arguments: list[str]) -> str:
    asked = _asked(arguments)
    return f"{PROGRAM} {asked} --help" if asked is not None else f"{PROGRAM} --help"


def _message(error: typer.TyperException) -> str:
    text = str(getattr(error, "format_message", error.__str__)())
    return (text or type(error).__name__).rstrip(".")


def _fail(text: str, status: int = 1) -> int:
    for line in text.splitlines() or [""]:
        print(f"{PROGRAM}: {plain(line)}", file=sys.stderr)  # noqa: T201
    return status


@contextmanager
def _terminable() -> Iterator[None]:
    """Raise at SIGTERM as Python does at SIGINT; commands with an orderly end of their own put theirs in its place."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(_number: int, _frame: object) -> None:
    raise _Terminated
