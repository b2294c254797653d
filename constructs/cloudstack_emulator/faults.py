"""Failures on demand: which command, how often, of what kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from .errors import ApiError

KINDS = (
    "job",
    "job-after-copy",
    "error",
    "http503",
    "http429",
    "html502",
    "dropped",
    "reset",
    "slow",
    "malformed",
    "job-vanishes",
    "job-never-ends",
    "refuse-key",
)


@dataclass(eq=False, kw_only=True)
class Fault:
    """One order to fail.

    ``after`` calls pass first; ``count`` calls fail; ``match`` are parameters that have to be equal.
    """

    command: str
    kind: str = "job"
    count: int = 1
    code: int = 530
    text: str | None = None
    after: int = 0
    seconds: float = 0.0
    match: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a kind that does not exist."""
        if self.kind not in KINDS:
            raise ValueError(f"kind of failure: {self.kind!r} is unknown; known are {', '.join(KINDS)}")

    def error(self, otherwise: str = "Injected failure") -> ApiError:
        """The refusal that was ordered; ``otherwise`` is its text where none was."""
        return ApiError(self.code, self.text or otherwise)

    def fits(self, command: str, params: Mapping[str, str]) -> bool:
        """Whether a call is one of those that are meant; the command ``*`` means every one."""
        return self.command.lower() in ("*", command.lower()) and all(
            params.get(name.lower()) == value for name, value in self.match.items()
        )


class Faults:
    """The orders that are open; the oldest that fits is used up first."""

    def __init__(self) -> None:
        self._open: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Take an order in."""
        self._open.append(fault)

    def clear(self) -> None:
        """Drop all orders."""
        self._open.clear()

    def take(self, command: str, params: Mapping[str, str]) -> Fault | None:
        """The order that this call has to obey, counted down."""
        for fault in self._open:
            if not fault.fits(command, params):
                continue
            if fault.after > 0:
                fault.after -= 1
                return None
            fault.count -= 1
            if fault.count <= 0:
                self._open.remove(fault)
            return fault
        return None


@dataclass(eq=False, kw_only=True)
class Occasion:
    """Something to do when a call arrives: ``before`` it is run, and once it is ``answered`` and not yet told.

    ``after`` calls pass first; ``drop`` closes the connection instead of running the "call", or of sending its "reply".
    """

    command: str
    before: Callable[[], object] | None = None
    answered: Callable[[], object] | None = None
    after: int = 0
    drop: Literal["", "call", "reply"] = ""
    match: Mapping[str, str] = field(default_factory=dict)

    def fits(self, command: str, params: Mapping[str, str]) -> bool:
        """Whether a call is the one that is meant."""
        return self.command.lower() == command.lower() and all(
            params.get(name.lower()) == value for name, value in self.match.items()
        )


class Occasions:
    """What is waiting for its call; each happens once."""

    def __init__(self) -> None:
        self._open: list[Occasion] = []

    def add(self, occasion: Occasion) -> None:
        """Take one in."""
        self._open.append(occasion)

    def clear(self) -> None:
        """Drop all."""
        self._open.clear()

    def take(self, command: str, params: Mapping[str, str]) -> Occasion | None:
        """The one that this call is, if any."""
        for occasion in self._open:
            if not occasion.fits(command, params):
                continue
            if occasion.after > 0:
                occasion.after -= 1
                return None
            self._open.remove(occasion)
            return occasion
        return None
