"""Text from outside, made safe for a terminal, for the log of a pipeline and for one line."""

from __future__ import annotations

import re
import unicodedata

_REPLACED = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_COMMAND = re.compile(
    r"``(?=`)|##(?=\[|vso\[|teamcity\[)"
    r"|::(?=(?:[a-z]+-[a-z]|debug\b|notice\b|warning\b|error\b|group\b|endgroup\b|echo\b))",
    re.IGNORECASE,
)
"""What GitHub's, Azure's and TeamCity's runners obey in a log: ``##[...]`` anywhere, ``::...::`` at a line's start.

Three backticks in a line end the code block in which Atlantis shows an output. A table that folds a name can put any
part of it at a line's start.
"""


def plain(text: str) -> str:
    r"""Return ``text`` without anything that a terminal or the runner of a pipeline acts on.

    Control characters, escapes, line breaks, bidirectional marks and unassigned code points become ``\x1b``-like
    escapes, and so does one sign of each command to a runner: a hostile name of a template is shown and not obeyed.
    """
    if not (text.isascii() and text.isprintable()):
        text = "".join(_shown(character) for character in text)
    return _COMMAND.sub(_broken, text)


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _REPLACED:
        return character
    return character.encode("unicode_escape").decode("ascii") if ord(character) != 0xAD else "\\xad"


def _broken(found: re.Match[str]) -> str:
    sign = found[0][0]
    return f"{sign}\\x{ord(sign):02x}"
