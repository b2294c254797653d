"""One command as a fresh process: its wall time, its CPU time, and the peak memory of it and all its children."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.05
"""Between two looks at the memory. The kernel keeps each process's peak, so a look late in its life is enough."""


class BenchmarkError(Exception):
    """A measured command failed, or two programs that should do the same did not."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run; ``peak_bytes`` is the sum of the peaks of all its processes, an upper bound of the whole's peak."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    exit_code: int
    output: str


@dataclass(frozen=True, kw_only=True)
class Median:
    """The middle of some runs of one thing; ``lowest`` and ``highest`` are wall seconds."""

    runs: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    lowest: float
    highest: float


def measured(
    command: Sequence[str], *, cwd: Path, environment: Mapping[str, str], accepted: Collection[int] = (0,)
) -> Run:
    """Run a command to its end. Raises BenchmarkError where it ends with another status than ``accepted``."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        with _watched(process.pid) as peaks:
            _, status, usage = _ended(process)
            seconds = time.perf_counter() - began
        output.seek(0)
        run = Run(
            seconds=seconds,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_bytes=max(sum(peaks.values()), usage.ru_maxrss * 1024),
            exit_code=os.waitstatus_to_exitcode(status),
            output=output.read(),
        )
    if run.exit_code not in accepted:
        raise BenchmarkError(f"{' '.join(command)} ended with {run.exit_code}:\n{run.output[-4000:]}")
    return run


def median(runs: Sequence[Run]) -> Median:
    """Return the median of each figure."""
    return Median(
        runs=len(runs),
        seconds=statistics.median(run.seconds for run in runs),
        cpu_seconds=statistics.median(run.cpu_seconds for run in runs),
        peak_bytes=int(statistics.median(run.peak_bytes for run in runs)),
        lowest=min(run.seconds for run in runs),
        highest=max(run.seconds for run in runs),
    )


def in_turns(programs: Mapping[str, Callable[[], Run]], rounds: int) -> dict[str, Median]:
    """Run every program once, then all of them again, ``rounds`` times: what else the machine does meets all alike."""
    runs: dict[str, list[Run]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, run in programs.items():
            runs[name].append(run())
    return {name: median(each) for name, each in runs.items()}


def cpu_seconds_of(pid: int) -> float:
    """Return the CPU time, user and system, that a running process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ended(process: subprocess.Popen[bytes]) -> tuple[int, int, os.struct_rusage]:  # type: ignore[name-defined]
    try:
        ended = os.wait4(process.pid, 0)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()
        raise
    process.returncode = os.waitstatus_to_exitcode(ended[1])
    return ended


@contextlib.contextmanager
def _watched(pid: int) -> Iterator[dict[int, int]]:
    """Note the peak resident memory of each process below ``pid``, by its id, while the block runs."""
    peaks: dict[int, int] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            for one in _tree(pid):
                if (peak := _peak(one)) is not None:
                    peaks[one] = peak
            over.wait(SAMPLE_SECONDS)

    watcher = threading.Thread(target=watch, name="peak memory")
    watcher.start()
    try:
        yield peaks
    finally:
        over.set()
        watcher.join()


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(OSError):
        # Each thread has children of its own; Go forks from any of them.
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text(encoding="ascii").split():
                yield from _tree(int(child))


def _peak(pid: int) -> int | None:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None
