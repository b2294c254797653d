"""Findings for people: the first few of each kind, the rest folded away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from cloudstack_pins.status.report import Finding

SHOWN_OF_A_KIND = 8


def folded(findings: Iterable[Finding]) -> tuple[list[Finding], list[tuple[str, list[Finding]]]]:
    """Return the findings to show, in their order, and for each kind with more of them its name and the rest."""
    first: list[Finding] = []
    rest: dict[str, list[Finding]] = defaultdict(list)
    counts: dict[str, int] = defaultdict(int)
    for finding in findings:
        counts[finding.kind] += 1
        (first if counts[finding.kind] <= SHOWN_OF_A_KIND else rest[finding.kind]).append(finding)
    return first, sorted(rest.items())
