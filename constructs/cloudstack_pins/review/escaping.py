"""Text from outside inside Markdown: shown as it is, and never obeyed."""

from __future__ import annotations

import re
from functools import lru_cache

from cloudstack_pins.plain import plain

LONGEST = 160
"""Longer names are cut in the middle."""
_SIMPLE = re.compile(r"[A-Za-z0-9 _.,:;/()\[\]{}\"'+=%^~*?!-]*")
_WORDS = re.compile(r"(?:[A-Za-z ,;:()%+]|\d(?:\.\d)?)*")


def shortened(text: str, longest: int = LONGEST) -> str:
    """Return a name without control characters, cut in the middle where it is too long to read."""
    shown = plain(text)
    if len(shown) <= longest:
        return shown
    half = (longest - 5) // 2
    return f"{shown[:half]} ... {shown[-half:]}"


@lru_cache(maxsize=4096)  # one name stands in many places, and a comment is written several times to fit
def code(text: str, *, longest: int = LONGEST) -> str:
    """Return a name as inline code that no name can leave.

    Simple ones become a code span. Others become a ``<code>`` element whose text is numeric entities, for a code span
    cannot hold a backtick safely, nor a table cell a pipe; inside it GitHub and GitLab neither mention nor link.
    """
    shown = shortened(text, longest)
    if not shown.strip():
        return "<code>(empty)</code>"
    if _SIMPLE.fullmatch(shown) and shown == shown.strip():
        return f"`{shown}`"
    return f"<code>{''.join(map(_entity, shown))}</code>"


def text(words: str) -> str:
    """Return words that may hold names: as they are where nothing in them can be markup, else as code."""
    return words if _WORDS.fullmatch(words) else code(words)


def entities(text: str) -> str:
    """Return text in which every character that Markdown or HTML could act on is an entity; an @ is broken off."""
    return "".join(_entity(character) for character in shortened(text))


def _entity(character: str) -> str:
    if character == "@":
        # An entity alone would be decoded before mentions are looked for.
        return "&#64;&#8203;"
    return character if character.isalnum() or character == " " else f"&#{ord(character)};"
