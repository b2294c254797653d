"""The documentation's pages as programs: their commands, and what happens in the world between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
_PARTS = re.compile(r"```console\n(?P<console>.*?)```|<!-- test: (?P<event>.*?) -->", re.DOTALL)
_EXIT = re.compile(r"# exit (\d)")


@dataclass(frozen=True)
class Command:
    """A line of a console block; its comment may say the exit status and what it prints."""

    line: str
    status: int
    comment: str


@dataclass(frozen=True)
class Event:
    """What someone else does to CloudStack or to the declaration, hidden in a comment of the page."""

    words: str


def steps(page: str) -> Iterator[Command | Event]:
    for part in _PARTS.finditer((ROOT / "docs" / page).read_text(encoding="utf-8")):
        if part["event"] is not None:
            yield Event(part["event"])
            continue
        for line in part["console"].splitlines():
            assert line.startswith("$ "), f"{page}: {line}"
            command, _, comment = line[2:].partition(" #")
            status = _EXIT.search(line)
            yield Command(command.strip(), int(status[1]) if status else 0, comment.strip())
