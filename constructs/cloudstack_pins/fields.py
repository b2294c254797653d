"""Reads the tables of a TOML or JSON document by type, and notices keys that nobody asked for."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from cloudstack_pins.errors import PinsError

Choice = TypeVar("Choice", bound=str)
Failure = Callable[[str, str], PinsError]
"""Makes the error for ``(dotted key, what is wrong)``; the document's own class of error, with its path."""


class Fields:
    """One table of a document. Every read names its key; ``refuse_unknown`` then finds what was never read."""

    def __init__(self, value: object, key: str, failure: Failure) -> None:
        self._key = key
        self.failure = failure
        self._asked: list[str] = []
        if not isinstance(value, Mapping):
            raise failure(key, f"{shown(value)} is not a table of keys and values")
        self._values: Mapping[str, object] = value

    def __contains__(self, name: str) -> bool:
        """Whether the key is there; asking counts as no read."""
        return name in self._values

    @property
    def key(self) -> str:
        """The dotted key of this table, empty for the whole document."""
        return self._key

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of this table, in the document's order."""
        return tuple(self._values)

    def at(self, name: str) -> str:
        """Return the dotted key of ``name`` in this table, as TOML would write it."""
        part = name if name and all(c.isalnum() or c in "-_" for c in name) and name.isascii() else shown(name)
        return f"{self._key}.{part}" if self._key else part

    def error(self, name: str, problem: str) -> PinsError:
        """Return the document's error about ``name`` in this table."""
        return self.failure(self.at(name) if name else self._key, problem)

    def raw(self, name: str) -> object:
        """Return the value as it is, None where it is missing."""
        self._asked.append(name)
        return self._values.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        """Return a string that is not empty; without a default the key is required."""
        value = self._required(name) if default is None else self._values.get(name, default)
        self._asked.append(name)
        if not isinstance(value, str):
            raise self.error(name, f"{shown(value)} is not a string; write it in quotes")
        if not value:
            raise self.error(name, "an empty string names nothing; give a value or drop the key")
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a string that is not empty, or None where the key is missing or null."""
        return None if self.raw(name) is None else self.text(name)

    def choice(self, name: str, allowed: tuple[Choice, ...], default: Choice | None = None) -> Choice:
        """Return one of ``allowed``; without a default the key is required."""
        value = self._required(name) if default is None else self._values.get(name, default)
        self._asked.append(name)
        for candidate in allowed:
            if value == candidate:
                return candidate
        raise self.error(
            name, f"{shown(value)} is not one of {listed(allowed)}; use one of these{near(value, allowed)}"
        )

    def flag(self, name: str, default: bool) -> bool:
        """Return true or false."""
        self._asked.append(name)
        value = self._values.get(name, default)
        if not isinstance(value, bool):
            raise self.error(name, f"{shown(value)} is not a boolean; write true or false without quotes")
        return value

    def integer(self, name: str, *, least: int, most: int | None = None, default: int | None = None) -> int:
        """Return a whole number in the given range; without a default the key is required."""
        value = self._required(name) if default is None else self._values.get(name, default)
        self._asked.append(name)
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or value < least
            or (most is not None and value > most)
        ):
            span = f"from {least} to {most}" if most is not None else f"of {least} or more"
            raise self.error(name, f"{shown(value)} is not a whole number {span}; write one without quotes")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of strings, none empty and none twice; empty where the key is missing."""
        self._asked.append(name)
        value = self._values.get(name, [])
        if not isinstance(value, list):
            raise self.error(name, f'{shown(value)} is not a list; write it in brackets, as ["a", "b"]')
        seen: list[str] = []
        for item in value:
            if not isinstance(item, str):
                raise self.error(name, f"{shown(item)} is not a string; write it in quotes")
            if not item:
                raise self.error(name, "an empty string names nothing; give a name or drop it")
            if item in seen:
                raise self.error(name, f"{shown(item)} stands there twice; drop one")
            seen.append(item)
        return tuple(seen)

    def table(self, name: str) -> Fields:
        """Return the table at ``name``, which is required."""
        value = self._required(name)
        self._asked.append(name)
        return Fields(value, self.at(name), self.failure)

    def optional_table(self, name: str) -> Fields | None:
        """Return the table at ``name``, None where the key is missing or null."""
        return None if self.raw(name) is None else self.table(name)

    def tables(self, name: str) -> dict[str, Fields]:
        """Return the tables inside the table at ``name``, by their key; empty where the key is missing."""
        outer = self.optional_table(name)
        return {} if outer is None else {inner: outer.table(inner) for inner in outer.names}

    def rows(self, name: str) -> tuple[Fields, ...]:
        """Return the tables in the list at ``name``, which is required."""
        value = self._required(name)
        self._asked.append(name)
        if not isinstance(value, list):
            raise self.error(name, f"{shown(value)} is not a list")
        return tuple(Fields(row, f"{self.at(name)}[{i}]", self.failure) for i, row in enumerate(value))

    def refuse_unknown(self) -> None:
        """Raise where the table holds a key that was never read."""
        allowed = tuple(dict.fromkeys(self._asked))
        for name in self._values:
            if name not in allowed:
                raise self.error(
                    name, f"unknown key; allowed here are {listed(allowed)}; drop it{near(name, allowed, 'or write')}"
                )

    def _required(self, name: str) -> object:
        if name not in self._values:
            raise self.error(name, "is missing; add it")
        return self._values[name]


def shown(value: object) -> str:
    """Return ``value`` for an error: on one line, ASCII, and not longer than a line."""
    text = ascii(value) if isinstance(value, (str, int, float, bool, type(None))) else f"a {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:76]}...{text[-1]}"


def listed(names: Iterable[str]) -> str:
    """Return names for an error, quoted and with commas; "nothing" where there are none."""
    return ", ".join(shown(name) for name in names) or "nothing"


def near(value: object, known: Iterable[str], lead: str = "or did you mean") -> str:
    """Return a hint with the known name that looks most like ``value``, or nothing."""
    if not isinstance(value, str):
        return ""
    folded = {name.casefold(): name for name in sorted(known)}
    close = difflib.get_close_matches(value.casefold(), folded, n=1, cutoff=0.6)
    if not close and len(value) > 2:
        close = [name for name in folded if value.casefold() in name]
    return f", {lead} {shown(folded[close[0]])}" if close else ""
