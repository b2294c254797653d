"""The work of each stage: review the plan before a person confirms, activate its pins after the apply."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from cloudstack_pins.activation import Event, Report, activate
from cloudstack_pins.cloudstack import SYSTEM_CLOCK, Access, Session
from cloudstack_pins.errors import PlanError
from cloudstack_pins.review.judgement import Review, judge
from cloudstack_pins.review.live import gather
from cloudstack_pins.review.plan import Plan
from cloudstack_pins.review.plan_json import read_plan
from cloudstack_pins.review.policy import Policy, load_policy
from cloudstack_pins.roster import Roster, from_plan
from cloudstack_pins.run_task.hcp import Hcp
from cloudstack_pins.run_task.outcomes import TaskResult
from cloudstack_pins.run_task.request import TaskRequest
from cloudstack_pins.run_task.rows import activation_rows, review_rows
from cloudstack_pins.run_task.settings import Settings
from cloudstack_pins.run_task.worker import Progress


class Stages:
    """Does the work that requests ask for, with one set of settings and one access to CloudStack.

    ``environ`` holds the CloudStack access; it is read at each use, so that a rotated key needs no restart of the
    settings. Each method ends with a result or raises a PinsError, whose text becomes the result.
    """

    def __init__(self, settings: Settings, hcp: Hcp, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._hcp = hcp
        self._environ = environ

    def check(self) -> None:
        """Raise now what would fail at the first request: a bad policy, a missing access to CloudStack."""
        self._policy()
        Access.from_environment(self._environ)

    def post_plan(self, request: TaskRequest, progress: Progress, _stop: threading.Event) -> TaskResult:
        """Review the run's plan, speculative or not, as ``cloudstack-pins review`` does."""
        progress.text = "reviewing the plan"
        policy = self._policy()
        with self._hcp.plan(request) as path:
            plan = read_plan(path)
        review = self._reviewed(plan, policy)
        return TaskResult(
            status="passed" if review.acceptable else "failed", message=review.verdict, outcomes=review_rows(review)
        )

    def post_apply(self, request: TaskRequest, progress: Progress, stop: threading.Event) -> TaskResult:
        """Activate exactly the pins of the run's plan."""
        progress.text = "fetching the plan"
        with self._hcp.plan(request) as path:
            roster = from_plan(_document(path))
        if not roster.pins:
            return TaskResult(
                status="passed", message=f"{roster.set_name}: the plan holds no pins, nothing to activate"
            )
        report = self._activated(roster, progress, stop)
        return TaskResult(
            status="passed" if report.is_ok else "failed",
            message=f"{report.set_name}: {_summary(report)}",
            outcomes=activation_rows(report),
        )

    def _policy(self) -> Policy | None:
        return None if self._settings.policy is None else load_policy(self._settings.policy)

    def _reviewed(self, plan: Plan, policy: Policy | None) -> Review:
        today = datetime.fromtimestamp(SYSTEM_CLOCK.now(), UTC).date()
        if not self._settings.live:
            return judge([plan], policy=policy, today=today)
        with Session(Access.from_environment(self._environ)) as session:
            live = gather(session, [plan])
        return judge([plan], policy=policy, live=live, today=today)

    def _activated(self, roster: Roster, progress: Progress, stop: threading.Event) -> Report:
        def note(event: Event) -> None:
            progress.text = f"{event.active} of {event.total} active"

        progress.text = f"0 of {len(roster.pins)} active"
        with Session(Access.from_environment(self._environ)) as session:
            return activate(
                session,
                roster,
                clock=session.clock,
                on_event=note,
                stop=stop,
                max_parallel=self._settings.max_parallel,
            )


def _document(path: Path) -> dict[str, object]:
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise PlanError(f"the plan from HCP Terraform is not JSON ({error}); start the run again") from error
    if not isinstance(document, dict):
        raise PlanError("the plan from HCP Terraform is no JSON object; start the run again")
    return document


def _summary(report: Report) -> str:
    if not report.interrupted:
        return report.summary()
    active, total = report.counts["active"], len(report.pins)
    return (
        f"the service was stopped at {active} of {total} active; the next run, or `cloudstack-pins activate`, continues"
    )
