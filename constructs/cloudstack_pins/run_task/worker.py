"""Runs the work of each request once, keeps HCP Terraform informed, and comes to an end in time."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from cloudstack_pins.errors import PinsError
from cloudstack_pins.run_task.outcomes import TaskResult
from cloudstack_pins.run_task.request import TaskRequest

_LOG = logging.getLogger(__name__)
_REMEMBERED = 10_000
_AT_ONCE = 2
"""More would not be done sooner, and would keep the service from answering: Python runs one of them at a time."""


@dataclass
class Progress:
    """The sentence that signs of life carry; the work changes it, the heartbeat reads it."""

    text: str = "waiting for its turn"


Work = Callable[[TaskRequest, Progress, threading.Event], TaskResult]
"""Does a stage; ends early, with what was reached, once the event is set."""


class Reports(Protocol):
    """Where results go."""

    def report(self, request: TaskRequest, result: TaskResult) -> bool:
        """Send one result; False where it was not taken."""


class Counts(Protocol):
    """Where the worker counts what it does."""

    def finished(self, stage: str, status: str, *, sent: bool) -> None:
        """Count a final result and whether HCP Terraform took it."""


@dataclass(eq=False)
class _Task:
    request: TaskRequest
    progress: Progress = field(default_factory=Progress)
    done: threading.Event = field(default_factory=threading.Event)
    result: TaskResult | None = None


class Worker:
    """Takes requests, runs each once in a thread of its own, sends signs of life and one final result.

    Activations of one CloudStack account run one after the other: ``serial`` names the stages that queue; of the others
    a few run at once, and the rest wait. A task that is not done after ``deadline_seconds`` gets its final result then;
    what it started goes on.
    """

    def __init__(
        self,
        work: dict[str, Work],
        reports: Reports,
        counts: Counts,
        *,
        serial: frozenset[str] = frozenset({"post_apply"}),
        deadline_seconds: float = 55 * 60,
        update_seconds: float = 45,
    ) -> None:
        self._work = work
        self._reports = reports
        self._counts = counts
        self._serial = serial
        self._deadline_seconds = deadline_seconds
        self._update_seconds = update_seconds
        self._turn = threading.Lock()
        self._slots = threading.Semaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._running: set[threading.Thread] = set()
        self._stop = threading.Event()

    @property
    def is_stopping(self) -> bool:
        """Whether new requests should be sent elsewhere."""
        return self._stop.is_set()

    @property
    def running(self) -> int:
        """How many requests are being worked on."""
        with self._lock:
            return len(self._running)

    def submit(self, request: TaskRequest) -> bool:
        """Start the work unless this very request has been taken before, as after a retry of HCP Terraform."""
        with self._lock:
            if request.key in self._seen:
                return False
            self._seen[request.key] = None
            while len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
            thread = threading.Thread(target=self._follow, args=(_Task(request),), name=f"task {request.run_id}")
            self._running.add(thread)
        thread.start()
        return True

    def answer(self, request: TaskRequest, result: TaskResult) -> None:
        """Send a final result that needs no work, such as for a workspace that is not served."""

        def work(_request: TaskRequest, _progress: Progress, _stop: threading.Event) -> TaskResult:
            return result

        with self._lock:
            thread = threading.Thread(target=self._follow, args=(_Task(request), work))
            self._running.add(thread)
        thread.start()

    def drain(self) -> None:
        """Stop taking work, tell what runs to come to an end, and wait until every result is sent."""
        self._stop.set()
        while True:
            with self._lock:
                thread = next(iter(self._running), None)
            if thread is None:
                return
            thread.join()

    def _follow(self, task: _Task, work: Work | None = None) -> None:
        runner = threading.Thread(target=self._run, args=(task, work), name=f"work {task.request.run_id}")
        runner.start()
        try:
            self._heartbeat(task)
            result = task.result or self._unfinished(task)
            sent = self._reports.report(task.request, result)
            self._counts.finished(task.request.stage, result.status, sent=sent)
        finally:
            runner.join()
            with self._lock:
                self._running.discard(threading.current_thread())

    def _heartbeat(self, task: _Task) -> None:
        waited = 0.0
        while not task.done.wait(step := min(self._update_seconds, self._deadline_seconds - waited)):
            waited += step
            if waited >= self._deadline_seconds:
                return
            self._reports.report(task.request, TaskResult(status="running", message=task.progress.text))

    def _run(self, task: _Task, work: Work | None) -> None:
        try:
            task.result = self._in_turn(task, work or self._work[task.request.stage])
        except PinsError as error:
            task.result = TaskResult(status="failed", message=str(error))
        except Exception:
            _LOG.exception("%s of run %s failed", task.request.stage, task.request.run_id)
            task.result = TaskResult(status="failed", message="an error of the service itself; its log says more")
        finally:
            task.done.set()

    def _in_turn(self, task: _Task, work: Work) -> TaskResult:
        if task.request.stage not in self._serial:
            with self._slots:
                return work(task.request, task.progress, self._stop)
        with self._turn:
            if self._stop.is_set():
                return TaskResult(
                    status="failed", message="the service was stopped before this run's turn; start it again"
                )
            return work(task.request, task.progress, self._stop)

    @staticmethod
    def _unfinished(task: _Task) -> TaskResult:
        return TaskResult(
            status="failed",
            message=(
                f"not finished in time: {task.progress.text}; it goes on, and `cloudstack-pins status` tells the rest"
            ),
        )
