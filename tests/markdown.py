"""What GitHub and GitLab make of Markdown, as far as a name in it could do harm."""

from __future__ import annotations

from dataclasses import dataclass, field

from markdown_it import MarkdownIt

_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_BROKEN_OFF = "\u200b"
"""Stands behind an @ that must mention nobody."""


@dataclass
class Markup:
    """A text's structure: its blocks in order, links and images, its HTML, and its words.

    ``words`` holds all that a reader sees, ``bare`` what stands outside code, where mentions and addresses work.
    """

    blocks: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    html: set[str] = field(default_factory=set)
    words: str = ""
    bare: str = ""


def markup(text: str) -> Markup:
    """Return what is in a text."""
    found, code = Markup(), 0
    for block in _MARKDOWN.parse(text):
        if block.type.endswith("_open") or block.type in ("fence", "code_block", "hr"):
            found.blocks.append(block.type)
        if block.type == "html_block":
            found.html.add(block.content.strip())
        for token in block.children or ():
            if token.type in ("link_open", "image"):
                found.links.append(str(token.attrs))
            if token.type == "html_inline":
                found.html.add(token.content)
                code += {"<code>": 1, "</code>": -1}.get(token.content, 0)
            if token.type in ("text", "code_inline"):
                found.words += token.content.replace(_BROKEN_OFF, "")
            if token.type == "text" and not code:
                found.bare += token.content
        found.words += "\n" if block.type == "inline" else ""
    return found
