"""Dates as callers of the API write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from .errors import ApiError
from .registry import Call

_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z")


def moment(call: Call, name: str, *, end_of_day: bool = False) -> float | None:
    """A date parameter in seconds since the epoch; a day without a time begins it, or ends it (23:59:59)."""
    text = call.text(name)
    if text is None:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return _with_time(call, text)
    return (day + timedelta(days=1, seconds=-1) if end_of_day else day).timestamp()


def _with_time(call: Call, text: str) -> float:
    for form in _FORMATS:
        try:
            found = datetime.strptime(text, form)
        except ValueError:
            continue
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    raise ApiError(
        431,
        f"Unable to parse date {text} for command {call.command.name}, please pass dates in the format mentioned "
        "in the api documentation",
    )


def java_date(moment: float) -> str:
    """A date in CloudStack's error texts: ``Wed Nov 25 00:00:00 UTC 2026``."""
    return datetime.fromtimestamp(moment, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
