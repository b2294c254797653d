"""Text from outside, made safe for a terminal and for one line."""

from __future__ import annotations

import unicodedata

_REPLACED = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def plain(text: str) -> str:
    r"""Return ``text`` without anything that a terminal acts on.

    Control characters, escapes, line breaks, bidirectional marks and unassigned code points become ``\x1b``-like
    escapes, so that a hostile name of a template is shown and not obeyed.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _REPLACED:
        return character
    return character.encode("unicode_escape").decode("ascii") if ord(character) != 0xAD else "\\xad"
