"""Where the demo plays: a folder of its own, and commands that end when the demo ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
GRACE_SECONDS = 30.0


class StageError(Exception):
    """A command of the demo failed, or something did not turn out as promised."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A copy of the project's application, the environment of its commands, and the terminal."""

    folder: Path
    console: Console
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def stack(self) -> Path:
        """The folder of the synthesised stack, where Terraform runs."""
        return self.folder / "cdktf.out" / "stacks" / "sandbox"

    def say(self, text: str, style: str = "") -> None:
        """Show a line; ``text`` is shown as it is."""
        self.console.print(Text(text, style=style), soft_wrap=True)

    def chapter(self, number: int, title: str) -> None:
        """Begin a step."""
        self.console.print()
        self.console.print(Text(f"{number}. {title}", style="bold cyan"), soft_wrap=True)

    def run(
        self, *command: str, cwd: Path | None = None, shown: Callable[[str], bool] = lambda line: True, expect: int = 0
    ) -> str:
        """Run a command, show it and the lines of its output that are ``shown``, and return all of its output.

        Raises StageError, after all of the output, where it does not end with the status ``expect``.
        """
        self.say(f"$ {' '.join(command)}", "bold")
        lines: list[str] = []
        with _started(command, cwd or self.folder, self.environment) as process:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                if shown(line):
                    self.say(f"  {line.rstrip()}", "dim" if line.strip() else "")
        if process.returncode != expect:
            if not all(shown(line) for line in lines):
                self.say("".join(lines))
            raise StageError(f"{' '.join(command)} ended with {process.returncode}, expected was {expect}")
        return "".join(lines)


@contextmanager
def set_up(console: Console, environment: Mapping[str, str]) -> Iterator[Stage]:
    """Copy the application and the example set into a temporary folder, which goes when the demo ends."""
    with tempfile.TemporaryDirectory(prefix="cloudstack-pins-demo-") as name:
        folder = Path(name)
        for file in ("main.py", "cdktf.json"):
            shutil.copy(ROOT / file, folder)
        # Without its lock, so that one can see it being made.
        ignored = shutil.ignore_patterns("pins.lock.json")
        shutil.copytree(ROOT / "stacks" / "sandbox", folder / "stacks" / "sandbox", ignore=ignored)
        yield Stage(folder=folder, console=console, environment=_environment(environment))


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This environment without settings of this machine that would lead elsewhere, and with ``settings``."""
    foreign = ("TF_", "CLOUDSTACK_", "CDKTF_", "FORCE_COLOR")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    commands = (str(Path(sys.executable).parent), str(ROOT / "node_modules" / ".bin"), kept.get("PATH", os.defpath))
    return {
        **kept,
        "PATH": os.pathsep.join(commands),
        "CHECKPOINT_DISABLE": "1",
        "CI": "true",
        "NO_COLOR": "1",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        "TF_IN_AUTOMATION": "1",
        **settings,
    }


@contextmanager
def _started(command: tuple[str, ...], cwd: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Start a command in a process group of its own, and end that group, gently first, when the demo is interrupted."""
    process: subprocess.Popen[str] | None = None
    try:
        with _signals_held_back():
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        yield process
        process.wait()
    except BaseException:
        if process is not None:
            _end(process)
        raise
    finally:
        if process is not None and process.stdout is not None:
            process.stdout.close()


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Let an interrupt wait: raised inside Popen it would leave a child that nobody knows of."""
    held: list[int] = []
    before = {number: signal.signal(number, lambda given, _: held.append(given)) for number in _INTERRUPTS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for given in held[:1]:
        signal.raise_signal(given)


def _end(process: subprocess.Popen[str]) -> None:
    # One interrupt: Terraform takes a second one as an order to drop everything.
    for number, seconds in ((signal.SIGINT, GRACE_SECONDS), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            continue
        return
