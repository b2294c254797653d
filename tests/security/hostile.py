"""Names that try everything, and what has to be so wherever they are shown."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterable
from html.parser import HTMLParser

from cloudstack_pins.plain import plain
from tests.markdown import Markup, markup
from tests.security.life import Life

PAYLOADS = (
    "\x1b]0;owned\x07\x1b[2J\x9b2J",
    "\u202egnp.exe\u2066\u200b\ufeff",
    "\r\n::error::told\n# h",
    "##[error]told ::add-mask::a",
    "\u2028\u2029\x85\x0b\x00-->",
    "|`**b**`|<!-- --",
    "<script>alert(1)</script>",
    "\"' onload=alert(1) x='",
    '${file("/etc/hostname")}%{ if true }',
    "$(touch pwned)`touch pwned`;touch pwned #",
    "@admin @org/team",
    "[l](http://evil.example)![i](http://evil.example)",
    "<img src=http://evil.example>",
    "[bold]m[/bold]{{7*7}}",
    '```\n@org/team\n"} 1\nb{c="\\',
)
"""Short enough that none is cut where it is shown."""
DECLARED = tuple(payload for payload in PAYLOADS if payload.isprintable() and plain(payload) == payload)
"""Those that pins.toml takes as well."""
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
RICH = re.compile(r"\x1b\[[0-9;?]*[mKAhlGJ]|\r")
"""What Rich itself sends to a terminal: styles, and moves of the cursor."""
OURS = re.compile(
    r"</?code>|<br>|<details><summary>[^<>]*</summary>|</details>|<!-- cloudstack-pins review: [\w,.-]+ -->"
)
"""The HTML in our own Markdown."""


def named(mark: str, number: int) -> str:
    """A name of which ``mark`` is the part that no form changes, with one of the payloads."""
    return f"{mark}{PAYLOADS[number % len(PAYLOADS)]}"


def assert_harmless(text: str) -> None:
    """Nothing that a terminal or a pipeline's runner acts on, nothing that nobody sees."""
    odd = {character for character in text if unicodedata.category(character) in UNSEEN} - {"\n"}
    assert not odd, odd
    told = re.search(r"^\s*::[a-z-]+[^\n]*::.*|##\[.*", text, re.MULTILINE)
    assert told is None, told[0]
    assert "```" not in text


def assert_harmless_on_a_terminal(text: str) -> None:
    for each in ("\x1b]", "\x07", "\x1b[2J", "\x9b"):
        assert each not in text
    assert_harmless(RICH.sub("", text))


class Page(HTMLParser):
    """A page's text, and everything in it that is more than text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words = ""
        self.scripts: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.tags: set[str] = set()
        self._in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self._in_script = tag == "script"

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts.append(data)
            self._in_script = False
        else:
            self.words += data


def assert_harmless_page(text: str) -> Page:
    page = Page(text)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    places = [value for name, value in page.attributes if name in ("href", "src", "action", "xlink:href")]
    assert [place for place in places if "evil" in place or "javascript" in place] == []
    assert "img" not in page.tags
    assert not [script for script in page.scripts if "alert(1)" in script]
    assert_harmless(text)
    return page


def assert_harmless_markdown(text: str) -> Markup:
    found = markup(text)
    assert found.links == []
    foreign = {part for part in found.html if not OURS.fullmatch(part)}
    assert not foreign, foreign
    assert not re.search(r"@\w|http|\*\*b", found.bare)
    assert not re.search(r"@(?:admin|org)", text)
    assert_harmless(text)
    return found


def assert_shown(names: Iterable[str], text: str) -> None:
    """Every name is there, as it is or plain."""
    missing = [name for name in names if plain(name) not in text and name not in text]
    assert not missing, missing


def texts(document: object) -> str:
    """All the text in a JSON document, a line each."""
    if isinstance(document, dict):
        return "\n".join(f"{key}\n{texts(value)}" for key, value in document.items())
    return "\n".join(map(texts, document)) if isinstance(document, list) else str(document)


def texts_of_json(text: str) -> str:
    """The same of a document that is harmless as it is written."""
    assert_harmless(text)
    return texts(json.loads(text))


def on_a_terminal(life: Life, *arguments: str, columns: int = 10_000) -> str:
    """Run one of our commands with a terminal for its output; so wide that no name is folded."""
    ours, theirs = pty.openpty()
    environment = {**life.environment, "TERM": "xterm-256color", "COLUMNS": str(columns)}
    environment.pop("NO_COLOR")
    with subprocess.Popen(
        [sys.executable, "-m", "cloudstack_pins", *arguments],
        cwd=life.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        chunks = []
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not chunk:
                break
            chunks.append(chunk)
    os.close(ours)
    return RICH.sub("", _checked(b"".join(chunks).decode("utf-8", "replace")))


def _checked(text: str) -> str:
    assert_harmless_on_a_terminal(text)
    return text
