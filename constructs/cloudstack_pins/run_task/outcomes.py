"""What a run task's result looks like in HCP Terraform: a status, a message, and one outcome a finding or pin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cloudstack_pins.plain import plain

Status = Literal["running", "passed", "failed"]
Level = Literal["none", "info", "warning", "error"]

MESSAGE_LIMIT = 1000
DESCRIPTION_LIMIT = 300
BODY_LIMIT = 900_000
"""Bytes of Markdown: HCP Terraform advises less than 1 MB and refuses 5 MB."""
TOTAL_LIMIT = 4_000_000
CUT = "\n\n(cut here: the text is longer than HCP Terraform takes)"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One row of a result: an id, one line, Markdown behind it, and the tags that HCP Terraform shows specially."""

    id: str
    description: str
    body: str
    severity: str
    status: str
    level: Level


@dataclass(frozen=True, kw_only=True)
class TaskResult:
    """A result, or with status "running" a sign of life."""

    status: Status
    message: str
    outcomes: Sequence[Outcome] = ()


def payload(result: TaskResult) -> dict[str, Any]:
    """Return the JSON:API document of a callback, within HCP Terraform's limits."""
    data: dict[str, Any] = {
        "type": "task-results",
        "attributes": {"status": result.status, "message": _line(result.message, MESSAGE_LIMIT)},
    }
    if result.outcomes:
        data["relationships"] = {"outcomes": {"data": _within_total(result.outcomes)}}
    return {"data": data}


def _within_total(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Keep every row; bodies go, last first, once all of them together are more than HCP Terraform takes."""
    left = TOTAL_LIMIT
    rows = []
    for outcome in outcomes:
        body = _cut(outcome.body, min(BODY_LIMIT, max(left, 0)))
        left -= len(body.encode())
        rows.append(_row(outcome, body))
    return rows


def _row(outcome: Outcome, body: str) -> dict[str, Any]:
    return {
        "type": "task-result-outcomes",
        "attributes": {
            "outcome-id": plain(outcome.id),
            "description": _line(outcome.description, DESCRIPTION_LIMIT),
            "body": body,
            "tags": {
                "Status": [{"label": outcome.status, "level": outcome.level}],
                "Severity": [{"label": outcome.severity, "level": outcome.level}],
            },
        },
    }


def _line(text: str, limit: int) -> str:
    line = plain(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _cut(text: str, limit: int) -> str:
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    kept = encoded[: max(limit - len(CUT.encode()), 0)].decode("utf-8", "ignore")
    return kept + CUT if kept else ""
