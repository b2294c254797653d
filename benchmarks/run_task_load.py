"""Requests of many runs at once to the run-task service: how long the slowest answer takes."""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cloud import serving as serving_cloud
from benchmarks.figures import Section, Table, at_most, mebibytes, seconds
from benchmarks.measure import BenchmarkError, cpu_seconds_of
from benchmarks.sets import Shape, declare, lock, write_stack
from benchmarks.terraform import PLAN, initialise, plan, terraform
from tests.run_task.hcp_stand_in import Hcp, post
from tests.run_task.service import serving

REQUESTS, ROUNDS = 50, 5
SHAPE, QUICK_SHAPE = Shape(templates=10, pools=10), Shape(templates=1, pools=2)

HOW = (
    "The service as a process, and a stand-in for HCP Terraform that sends it 50 signed post_plan requests at the "
    "same moment, each of another run. An answer is the HTTP status that HCP Terraform waits for; the review of each "
    "plan (fetched from the stand-in, a real plan) runs meanwhile and its result is sent back. Figures are the "
    "medians of five volleys; the slowest answer of all is what the goal is held against."
)


@dataclass(frozen=True, kw_only=True)
class _Volley:
    answers: list[float]
    results: float
    cpu_seconds: float


def run(*, quick: bool = False) -> Section:
    """Measure."""
    shape, requests, rounds = (QUICK_SHAPE, 3, 1) if quick else (SHAPE, REQUESTS, ROUNDS)
    with tempfile.TemporaryDirectory(prefix="run-task-") as name:
        folder = Path(name)
        document = _plan_json(folder, shape)
        with Hcp(plan=document) as hcp, serving(hcp, folder) as service:
            volleys = [_volley(hcp, service.url, service.process.pid, requests) for _ in range(rounds)]
            peak = _peak_memory(service.process.pid)
    slowest = max(max(volley.answers) for volley in volleys)
    rows = (
        ("median answer", seconds(statistics.median(statistics.median(volley.answers) for volley in volleys))),
        ("slowest answer of a volley", seconds(statistics.median(max(volley.answers) for volley in volleys))),
        ("slowest answer of all", seconds(slowest)),
        ("all reviews done and sent back", seconds(statistics.median(volley.results for volley in volleys))),
        ("CPU time of the service, a request", f"{1000 * _cpu(volleys, requests):.0f} ms"),
        ("peak memory of the service", mebibytes(peak)),
        ("size of the plan", f"{shape.pins} pins, {len(document) / 2**20:.2f} MiB"),
    )
    return Section(
        name="run-task",
        title="Run task under load",
        how=HOW,
        tables=(Table(title=f"{requests} requests at once", columns=("what", "figure"), rows=rows),),
        goals=(at_most(f"slowest answer of {requests} requests at once", slowest, 1.0, "s"),),
    )


def _plan_json(folder: Path, shape: Shape) -> bytes:
    with serving_cloud(folder, shape) as cloud:
        stack = declare(folder, shape)
        lock(stack, cloud.environment)
        write_stack(stack, folder)
        initialise(folder, cloud.environment)
        plan(folder, cloud.environment)
        return terraform(folder, cloud.environment, "show", "-json", PLAN).output.encode()


def _volley(hcp: Hcp, url: str, pid: int, requests: int) -> _Volley:
    bodies = [hcp.request("post_plan") for _ in range(requests)]
    start = threading.Barrier(requests + 1)

    def ask(body: dict[str, object]) -> float:
        start.wait()
        began = time.perf_counter()
        if (status := post(f"{url}/post-plan", body)) != 200:
            raise BenchmarkError(f"the service answered {status}")
        return time.perf_counter() - began

    cpu = cpu_seconds_of(pid)
    with ThreadPoolExecutor(requests) as hands:
        answers = [hands.submit(ask, body) for body in bodies]
        start.wait()
        began = time.perf_counter()
        for body in bodies:
            if hcp.results(body, seconds=300)[-1].status != "passed":
                raise BenchmarkError("a review did not pass")
        results = time.perf_counter() - began
    return _Volley(
        answers=[answer.result() for answer in answers], results=results, cpu_seconds=cpu_seconds_of(pid) - cpu
    )


def _cpu(volleys: list[_Volley], requests: int) -> float:
    return statistics.median(volley.cpu_seconds for volley in volleys) / requests


def _peak_memory(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
