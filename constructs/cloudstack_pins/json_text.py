"""Reports as JSON text, which commands print where a pipeline's runner reads along."""

from __future__ import annotations

import json
from typing import Any

_ESCAPED = {"##": "#\\u0023", "``": "`\\u0060"}
"""A runner obeys ``##[...]`` anywhere in a line; three backticks end a code block."""


def json_text(document: Any) -> str:
    """Return a document as JSON, ending in a line break: ASCII, and nothing in it that a runner or Markdown obeys.

    Names in it are data and stay as they are: what they hold of that is written as escapes of JSON.
    """
    text = json.dumps(document, indent=2, allow_nan=False)
    for signs, escape in _ESCAPED.items():
        text = text.replace(signs, escape)
    return text + "\n"
