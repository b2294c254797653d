"""Lists read to their end, page by page, while other people change them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from cloudstack_pins.errors import ServerBroken

READINGS = 3

Row = dict[str, Any]


def all_rows(ask: Callable[[int], Row], command: str, key: str) -> list[Row]:
    """Return every row of a list; ``ask`` returns the answer for a page (1, 2, ...), ``key`` names its rows.

    A list may change between two pages: a row that shows up twice counts once. One that shrank may have moved a row to
    a page already read, so it is read again, three times at most.
    """
    rows: list[Row] = []
    for _ in range(READINGS):
        rows, shrank = _read_once(ask, command, key)
        if not shrank:
            break
    return rows


def _read_once(ask: Callable[[int], Row], command: str, key: str) -> tuple[list[Row], bool]:
    rows: dict[str, Row] = {}
    counts: list[int] = []
    seen = 0
    while True:
        answer = ask(len(counts) + 1)
        found = answer.get(key, [])
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise ServerBroken(command, f"the answer's {key!r} is no list of objects")
        rows.update((_identity(row), row) for row in found)
        seen += len(found)
        # An empty list comes without a count, a page past the end with a count and without the list.
        counts.append(int(answer.get("count", seen)))
        if not found or seen >= counts[-1]:
            return list(rows.values()), counts[-1] < max(counts)


def _identity(row: Row) -> str:
    """Return what tells two rows apart: the id and zone (a template has one row per zone), else all of it."""
    if "id" in row:
        return f"{row['id']} {row.get('zoneid', '')}"
    return json.dumps(row, sort_keys=True)
