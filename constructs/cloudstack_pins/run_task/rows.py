"""Findings and pins as outcomes of a run task."""

from __future__ import annotations

from cloudstack_pins.activation import PinOutcome, Report
from cloudstack_pins.plain import plain
from cloudstack_pins.review.catalogue import Severity
from cloudstack_pins.review.escaping import text
from cloudstack_pins.review.judgement import Decision, Finding, Review
from cloudstack_pins.review.markdown import to_markdown
from cloudstack_pins.run_task.outcomes import Level, Outcome

_LEVELS: dict[Severity, Level] = {"info": "info", "warning": "warning", "refused": "error"}
_STATUS: dict[Severity, str] = {"info": "noted", "warning": "look", "refused": "refused"}
_DECISIONS: dict[Decision, Severity] = {"safe": "info", "look": "warning", "refused": "refused"}
SUMMARY_ID = "review"


def review_rows(review: Review) -> tuple[Outcome, ...]:
    """Return one outcome a finding, worst first as the review has them, and the whole review as the first."""
    decision = _DECISIONS[review.decision]
    whole = Outcome(
        id=SUMMARY_ID,
        description=plain(review.verdict),
        body=to_markdown(review),
        severity=decision,
        status=_STATUS[decision],
        level=_LEVELS[decision],
    )
    return (whole, *(_finding_row(finding) for finding in review.findings))


def activation_rows(report: Report) -> tuple[Outcome, ...]:
    """Return one outcome for each pin that is not active."""
    return tuple(_pin_row(pin) for pin in report.pins if pin.state != "active")


def _finding_row(finding: Finding) -> Outcome:
    severity = finding.effective
    subjects = [
        f"- {text(subject.name)}" + (f": {text(subject.detail)}" if subject.detail else "")
        for subject in finding.subjects
    ]
    parts = [finding.meaning, *(["\n".join(subjects)] if subjects else []), f"**Repair:** {finding.repair}"]
    if finding.waiver is not None:
        parts.append(f"Waived until {finding.waiver.until}: {text(finding.waiver.reason)}")
    about = f" ({finding.detail})" if finding.detail else ""
    return Outcome(
        id=finding.id,
        description=plain(f"{finding.title}{about}"),
        body="\n\n".join(parts),
        severity=severity,
        status="waived" if finding.waiver is not None else _STATUS[severity],
        level=_LEVELS[severity],
    )


def _pin_row(pin: PinOutcome) -> Outcome:
    where = pin.storage_tag if pin.pool is None else f"{pin.storage_tag}/{pin.pool_name or pin.pool}"
    failed = pin.state == "failed"
    known = "\n".join(f"- {text(fact)}" for fact in pin.known)
    said = f"CloudStack said: {text(pin.said)}" if pin.said else ""
    body = "\n\n".join(part for part in (text(pin.reason), said, known, f"Address: {text(pin.address)}") if part)
    return Outcome(
        id=pin.address,
        description=plain(f"{pin.template} on {where}: {pin.reason or pin.state}"),
        body=body,
        severity="error" if failed else "info",
        status=pin.state,
        level="error" if failed else "info",
    )
