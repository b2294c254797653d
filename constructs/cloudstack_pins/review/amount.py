"""Bytes of which some may be unknown: a sum that says so instead of guessing."""

from __future__ import annotations

from dataclasses import dataclass

from cloudstack_pins.review.plan import GIB


@dataclass(frozen=True, slots=True)
class Amount:
    """``known`` bytes, and ``unknown`` things whose size nobody said."""

    known: int = 0
    unknown: int = 0

    def __add__(self, other: Amount) -> Amount:
        """Return the sum."""
        return Amount(self.known + other.known, self.unknown + other.unknown)

    def __sub__(self, other: Amount) -> Amount:
        """Return the difference; what is unknown on either side stays unknown, except where the two cancel out."""
        return Amount(self.known - other.known, abs(self.unknown - other.unknown))

    def __bool__(self) -> bool:
        """Whether there is anything at all."""
        return bool(self.known or self.unknown)

    @property
    def text(self) -> str:
        """As people read it: ``41 GiB``, ``41 GiB + 2 of unknown size``, ``unknown``."""
        return _text(gib(self.known), self.known, self.unknown)

    @property
    def signed(self) -> str:
        """The same with a sign: ``+41 GiB``."""
        return _text(f"{'+' if self.known >= 0 else ''}{gib(self.known)}", self.known, self.unknown)


def sized(size: int | None) -> Amount:
    """Return one thing of that size."""
    return Amount(0, 1) if size is None else Amount(size)


def gib(size: int) -> str:
    """Return bytes in GiB, with one decimal where it matters."""
    tenths = round(size * 10 / GIB)
    if tenths == 0 and size:
        return "under 0.1 GiB" if size > 0 else "-0.1 GiB"
    whole, rest = divmod(abs(tenths), 10)
    return f"{'-' if tenths < 0 else ''}{whole}{f'.{rest}' if rest and whole < 100 else ''} GiB"


def _text(shown: str, known: int, unknown: int) -> str:
    if not unknown:
        return shown
    return f"{shown} + {unknown} of unknown size" if known else "unknown"
