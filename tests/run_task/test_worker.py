from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cloudstack_pins.errors import PlanError
from cloudstack_pins.run_task.metrics import Metrics
from cloudstack_pins.run_task.outcomes import TaskResult
from cloudstack_pins.run_task.request import TaskRequest
from cloudstack_pins.run_task.worker import Progress, Work, Worker

PASSED = TaskResult(status="passed", message="all well")


class Reports:
    """Keeps what would be sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []
        self.beat = threading.Event()

    def report(self, request: TaskRequest, result: TaskResult) -> bool:
        self.sent.append((request.run_id, result.status, result.message))
        if result.status == "running":
            self.beat.set()
        return True


def request(run: str, stage: str = "post_plan") -> TaskRequest:
    return TaskRequest(
        payload_version=1,
        stage=stage,
        organization="acme",
        workspace="pins",
        run_id=run,
        task_result_id=f"result-{run}",
        callback_url="https://app.terraform.io/callback",
        access_token="token",
    )


@contextmanager
def working(work: Work, reports: Reports, *, update: float = 30, deadline: float = 600) -> Iterator[Worker]:
    worker = Worker(
        {"post_plan": work, "post_apply": work}, reports, Metrics(), update_seconds=update, deadline_seconds=deadline
    )
    try:
        yield worker
    finally:
        worker.drain()


def test_a_repeated_request_runs_once() -> None:
    reports, runs = Reports(), []

    def work(request: TaskRequest, _progress: Progress, _stop: threading.Event) -> TaskResult:
        runs.append(request.run_id)
        return PASSED

    with working(work, reports) as worker:
        assert worker.submit(request("1"))
        assert not worker.submit(request("1"))
        assert worker.submit(request("2"))

    assert sorted(runs) == ["1", "2"]
    assert sorted(reports.sent) == [("1", "passed", "all well"), ("2", "passed", "all well")]


def test_signs_of_life_carry_the_progress_until_the_result() -> None:
    reports = Reports()

    def work(_request: TaskRequest, progress: Progress, _stop: threading.Event) -> TaskResult:
        progress.text = "17 of 40 active"
        assert reports.beat.wait(30)
        return PASSED

    with working(work, reports, update=0.01) as worker:
        worker.submit(request("1"))

    assert ("1", "running", "17 of 40 active") in reports.sent
    assert reports.sent[-1] == ("1", "passed", "all well")


def test_activations_run_one_after_the_other() -> None:
    reports, at_once, most = Reports(), [0], [0]
    lock = threading.Lock()

    def work(_request: TaskRequest, _progress: Progress, _stop: threading.Event) -> TaskResult:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        reports.beat.wait(0.01)
        with lock:
            at_once[0] -= 1
        return PASSED

    with working(work, reports) as worker:
        for run in range(20):
            worker.submit(request(str(run), "post_apply"))
        # Wait for the queue before draining, which would send the rest home.
        while worker.running:
            threading.Event().wait(0.01)

    assert most == [1]
    assert [status for _, status, _ in reports.sent] == ["passed"] * 20


def test_a_task_that_takes_too_long_gets_its_result_and_goes_on() -> None:
    reports, finish, finished = Reports(), threading.Event(), threading.Event()

    def work(_request: TaskRequest, progress: Progress, _stop: threading.Event) -> TaskResult:
        progress.text = "39 of 40 active, 1 copying"
        assert finish.wait(30)
        finished.set()
        return PASSED

    with working(work, reports, deadline=0.02) as worker:
        worker.submit(request("1"))
        while not reports.sent:
            threading.Event().wait(0.01)
        assert not finished.is_set()
        finish.set()

    assert finished.is_set()
    [(_, status, message)] = reports.sent
    assert status == "failed"
    assert "39 of 40 active, 1 copying" in message
    assert "cloudstack-pins status" in message


def test_a_stop_reaches_the_work_and_sends_those_who_wait_home() -> None:
    reports, started = Reports(), threading.Event()

    def work(_request: TaskRequest, _progress: Progress, stop: threading.Event) -> TaskResult:
        started.set()
        assert stop.wait(30)
        return TaskResult(status="failed", message="stopped at 1 of 2")

    with working(work, reports) as worker:
        worker.submit(request("1", "post_apply"))
        assert started.wait(30)
        worker.submit(request("2", "post_apply"))

    assert sorted(reports.sent)[0] == ("1", "failed", "stopped at 1 of 2")
    assert sorted(reports.sent)[1][:2] == ("2", "failed")


def test_an_error_is_the_result() -> None:
    reports = Reports()

    def work(request: TaskRequest, _progress: Progress, _stop: threading.Event) -> TaskResult:
        raise PlanError("the plan is truncated") if request.run_id == "1" else ZeroDivisionError("secret")

    with working(work, reports) as worker:
        worker.submit(request("1"))
        worker.submit(request("2"))

    first, second = sorted(reports.sent)
    assert first == ("1", "failed", "the plan is truncated")
    assert "log says more" in second[2]
    assert "secret" not in second[2]
