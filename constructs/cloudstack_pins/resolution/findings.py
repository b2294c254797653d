"""Collects every reason against a declaration before any of them ends the run."""

from __future__ import annotations

from collections.abc import Iterable

from cloudstack_pins.fields import listed, near, shown


class Findings:
    """Reasons to refuse and warnings, in the order in which they were found, each once."""

    def __init__(self) -> None:
        self._reasons: dict[str, None] = {}
        self._warnings: dict[str, None] = {}

    @property
    def reasons(self) -> tuple[str, ...]:
        """What has to be repaired before there can be a lock."""
        return tuple(self._reasons)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know; the lock is written."""
        return tuple(self._warnings)

    def refuse(self, key: str, problem: str) -> None:
        """Add a reason; ``key`` is the dotted key of the declaration that it is about."""
        self._reasons[f"{key}: {problem}"] = None

    def warn(self, key: str, problem: str) -> None:
        """Add a warning about the declaration's ``key``."""
        self._warnings[f"{key}: {problem}"] = None

    def unknown(self, key: str, what: str, value: str, known: Iterable[str], repair: str) -> None:
        """Refuse a name that CloudStack does not have, with those that it has (at most 10) or the one that is near."""
        names = sorted(set(known))
        hint = near(value, names, "did you mean")
        if not hint:
            more = f" and {len(names) - 10} more" if len(names) > 10 else ""
            hint = f", there are {listed(names[:10])}{more}"
        self.refuse(key, f"there is no {what} {shown(value)}{hint}; {repair}")
