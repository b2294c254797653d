"""Where a TOML document says what: its headers and pairs with their place in the text, to change those and no more.

tomlkit moves comments of the following table along with a removed one, and misplaces tables beside dotted keys; so the
lines are cut here, and tomlkit edits values.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_KEYS = re.compile(rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*")
_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BLANKS_OF_LINE = re.compile(r"[ \t]*")
_REST_OF_LINE = re.compile(r"[^\n]*\n?")
_STRING = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'", re.DOTALL)
_BARE = re.compile(r"[^,\]}#\n]*")


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One header or pair. ``path`` is absolute; the text from ``start`` to ``end`` holds its whole lines.

    ``value`` bounds the value of a pair and is None for a header.
    """

    path: tuple[str, ...]
    header: tuple[str, ...]
    start: int
    end: int
    value: tuple[int, int] | None = None


def statements(text: str) -> Iterator[Statement]:
    """Yield the statements of a valid TOML document in order."""
    header: tuple[str, ...] = ()
    at = _end(_BLANK, text, 0)
    while at < len(text):
        start = text.rfind("\n", 0, at) + 1
        if text[at] == "[":
            opening = _end(re.compile(r"\[\[?[ \t]*"), text, at)
            closing = _end(_KEYS, text, opening)
            header = _path(text[opening:closing])
            end = _end(_REST_OF_LINE, text, closing)
            yield Statement(path=header, header=header, start=start, end=end)
        else:
            after_key = _end(_KEYS, text, at)
            begin = _end(re.compile(r"[ \t]*=[ \t]*"), text, after_key)
            finish = _value_end(text, begin)
            end = _end(_REST_OF_LINE, text, finish)
            path = (*header, *_path(text[at:after_key]))
            yield Statement(path=path, header=header, start=start, end=end, value=(begin, finish))
        at = _end(_BLANK, text, end)


def _path(key: str) -> tuple[str, ...]:
    """Read ``a."b c".d``."""
    found: list[str] = []
    value: object = tomllib.loads(f"{key} = 0")
    while isinstance(value, dict):
        [(name, value)] = value.items()
        found.append(name)
    return tuple(found)


def _value_end(text: str, at: int) -> int:
    if text[at] not in "[{":
        string = _STRING.match(text, at)
        return string.end() if string else at + len(_BARE.findall(text[at:])[0].rstrip())
    closing = "]" if text[at] == "[" else "}"
    at = _end(_BLANK, text, at + 1)
    while text[at] != closing:
        if text[at] in "[{\"'":
            at = _value_end(text, at)
        else:
            at += 1
        at = _end(_BLANK, text, at)
    return at + 1


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at
