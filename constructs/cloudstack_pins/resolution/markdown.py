"""What a lock changes, as Markdown for a pull request: names are shown in it and never obeyed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cloudstack_pins.review.escaping import code

BUDGET = 60_000
"""Characters: GitHub's descriptions of pull requests hold 65536."""
_LONGEST = 1000
"""Of a change, which may name two things of 255 characters, each in escapes."""


def to_markdown(sets: Iterable[tuple[str, str, Sequence[str]]], *, budget: int = BUDGET) -> str:
    """Return one paragraph and one list a set, of the lock's path, the verdict and the changes.

    What is beyond ``budget`` is counted instead.
    """
    lines: list[str] = []
    left, cut = budget, 0
    for path, verdict, changes in sets:
        for line in (f"{code(path)} {verdict}", "", *(f"- {code(change, longest=_LONGEST)}" for change in changes), ""):
            left -= len(line) + 1
            if left >= 0:
                lines.append(line)
            else:
                cut += bool(line)
    if cut:
        lines += ["", f"Lines left out for length: {cut}. `cloudstack-pins lock --check` prints them all.", ""]
    return "\n".join(lines)
