"""Status as JSON for programs; ``status.schema.json`` beside this module says its form."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from importlib import resources
from typing import Any

from cloudstack_pins.json_text import json_text
from cloudstack_pins.status.report import GcReport, OrphanReport, PinReport, PoolReport, Report, SetReport

FORMAT = 1


def document(report: Report) -> dict[str, Any]:
    """Return the report as plain values; times are UTC in ISO 8601, sizes bytes, null means "can't be seen"."""
    return {
        "format": FORMAT,
        "at": _time(report.at),
        "exit_status": report.exit_status,
        "sets": [_set(each) for each in report.sets],
    }


def text(report: Report) -> str:
    """Return the report as JSON text, ending in a line break."""
    return json_text(document(report))


def schema() -> dict[str, Any]:
    """Return the JSON schema of ``document``."""
    found: dict[str, Any] = json.loads(resources.files(__package__).joinpath("status.schema.json").read_text("utf-8"))
    return found


def _set(report: SetReport) -> dict[str, Any]:
    return {
        "set": report.set_name,
        "source": report.source,
        "zone_id": report.zone_id,
        "owner": report.owner,
        "counts": {str(state): count for state, count in report.counts().items()},
        "copies_missing": report.copies_missing,
        "held": report.held,
        "pins": [_plain(pin) for pin in report.pins],
        "pools": [_plain(pool) for pool in report.pools],
        "orphans": [_plain(orphan) for orphan in report.orphans],
        "findings": [{"id": finding.id, **asdict(finding)} for finding in report.findings],
        "notes": list(report.notes),
        "unseen": list(report.unseen),
        "gc": _plain(report.gc),
    }


def _plain(value: PinReport | PoolReport | OrphanReport | GcReport) -> dict[str, Any]:
    return {name: _time(item) if isinstance(item, datetime) else item for name, item in asdict(value).items()}


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
