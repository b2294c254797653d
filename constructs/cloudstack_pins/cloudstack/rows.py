"""Reading the fields of an API row: CloudStack leaves out what is empty and writes some numbers as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Row = Mapping[str, Any]


def tags_of(row: Row) -> dict[str, str]:
    """Return a row's resource tags."""
    return {text(tag, "key"): text(tag, "value") for tag in row.get("tags") or ()}


def text(row: Row, name: str) -> str:
    """Return a field as text, empty where it is missing."""
    value = row.get(name)
    return "" if value is None else str(value)


def optional(row: Row, name: str) -> str | None:
    """Return a field as text, None where it is missing or empty."""
    value = row.get(name)
    return None if value in (None, "") else str(value)


def whole(row: Row, name: str) -> int:
    """Return a field as a whole number, 0 where it is none."""
    return whole_or_none(row, name) or 0


def whole_or_none(row: Row, name: str) -> int | None:
    """Return a field as a whole number, None where it is none."""
    value = row.get(name)
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError):
        return None


def number(row: Row, name: str, default: float) -> float:
    """Return a field as a number."""
    try:
        return float(row.get(name, default))
    except (TypeError, ValueError):
        return default


def comma_set(row: Row, name: str) -> frozenset[str]:
    """Return a comma list's parts."""
    return frozenset(part.strip() for part in text(row, name).split(",") if part.strip())
