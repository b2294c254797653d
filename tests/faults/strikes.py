"""How each fault is made to strike at a moment, and what has to be done while the program runs on."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cloudstack_emulator.jobs import Job
from tests.faults.cells import Cell, Point
from tests.faults.running import DEADLINE_SECONDS, Running
from tests.faults.scene import SLOW_COPY_SECONDS, Scene

LONG = 3600.0
PAGES = {"reset": ("reset", 1), "dropped": ("dropped", 1), "429": ("http429", 1), "503": ("http503", 1)} | {
    "502": ("html502", 6),
    "malformed": ("malformed", 1),
    "slow": ("slow", 1),
}
JOBS = {"job-fails": "job", "job-vanishes": "job-vanishes", "job-hangs": "job-never-ends"}
SIGNALS = {"sigint": signal.SIGINT, "sigterm": signal.SIGTERM, "sigkill": signal.SIGKILL, "orphan": signal.SIGKILL}
POOL = "PS0"
SAID = "the hypervisor said no"

WITHOUT_RIGHTS = (
    "import ctypes, os, sys; "
    "os.geteuid() or ctypes.CDLL(None).prctl(24, 1, 0, 0, 0) and sys.exit('CAP_DAC_OVERRIDE stays'); "
    "os.execvp(sys.argv[1], sys.argv[1:])"
)
"""Root writes where it likes; without CAP_DAC_OVERRIDE (1) it obeys modes as everybody does."""
HELD = Path(__file__).with_name("held.py")


class Strike:
    """One fault on its way to its moment."""

    def __init__(self, cell: Cell, scene: Scene) -> None:
        self._fault = cell.fault.key
        self._moment = cell.moment
        self._scene = scene
        self._program: Running | None = None
        self._started = threading.Event()
        self.struck = False

    @property
    def prefix(self) -> tuple[str, ...]:
        """What has to stand before the command line."""
        if self._fault == "full":
            # No file can grow at all: the same refusal from write() as a full disk gives, of another number.
            return ("/bin/sh", "-c", 'ulimit -f 0; exec "$0" "$@"')
        if self._fault == "read-only":
            return (sys.executable, "-c", WITHOUT_RIGHTS)
        if self._moment.replaces:
            return (sys.executable, "-P", str(HELD))
        return ()

    def arm(self) -> None:
        """Prepare the emulator, before the program is started."""
        scene, fault = self._scene, self._fault
        if fault in ("full", "read-only"):
            self.struck = True  # the invariants hold it to that: no file may have been written
            for folder in self._folders() if fault == "read-only" else ():
                folder.chmod(0o555)
            return
        if fault == "slow":
            scene.request_seconds = 3
        if self._moment.key == "copy" or (self._moment.key == "apply" and fault in SIGNALS):
            # A copy that does not end: who is told to stop has to stop before that.
            with scene.emulator.world.lock:
                scene.emulator.world.copy_seconds = SLOW_COPY_SECONDS
            if fault == "job-fails":
                scene.emulator.fail("startVirtualMachine", kind="job-after-copy", text=SAID)
        if fault == "orphan":
            scene.job_seconds = 200
        if self._moment.points:
            self._arm(self._moment.points)

    def accompany(self, program: Running) -> None:
        """Stay with the program until it has ended, and end the fault where it would wait for that."""
        self._program = program
        self._started.set()
        if self._fault == "refused":
            # One that has pins on their way waits until the server is back, and says so; the others give up.
            program.says(r"no connection to|connection to \S+ broke")
            self._scene.door.open()
        if self._moment.replaces:
            self.struck = program.says("putting .* in place")
            self._signal()

    def lift(self) -> None:
        """End what only this object knows of."""
        if self._fault == "read-only":
            for folder in self._folders():
                folder.chmod(0o755)

    # Inside

    def _folders(self) -> list[Path]:
        found = {path.parent for path in self._scene.reports.values()} | {self._scene.set_folder}
        return [folder for folder in sorted(found) if folder.exists()]

    def _arm(self, points: tuple[Point, ...]) -> None:
        point, *rest = points
        if rest:
            self._when(point, answered=partial(self._arm, tuple(rest)))
            return
        self._aim(point)
        if self._moment.key == "copy" and self._fault not in SIGNALS:
            # The call that is hit is the first look at the running copy; at the next one the copy may end.
            self._when(point, before=self._scene.finish_copies)

    def _when(self, point: Point, **what: object) -> None:
        self._scene.emulator.when(point.command, match=self._scene.placed(point.match), **what)  # type: ignore[arg-type]

    def _strikes(self, act: Callable[[], object]) -> Callable[[], None]:
        def strike() -> None:
            self.struck = True
            act()

        return strike

    def _aim(self, point: Point) -> None:
        scene, fault = self._scene, self._fault
        world = scene.emulator.world
        if fault in PAGES or (fault in JOBS and self._moment.key != "copy"):
            kind, count = PAGES.get(fault) or (JOBS[fault], 1)
            match = scene.placed(point.match)
            text = SAID if fault == "job-fails" else None
            scene.emulator.fail(point.command, kind=kind, count=count, match=match, seconds=LONG, text=text)
            self._when(point, before=self._strikes(lambda: None))
        elif fault == "job-fails":
            self._when(point, before=self._strikes(lambda: None))
        elif fault == "job-vanishes":
            self._when(point, before=self._strikes(self._forget_jobs))
        elif fault == "job-hangs":
            self._when(point, before=self._strikes(self._silence_jobs))
        elif fault == "refused":
            self._when(point, before=self._strikes(scene.door.shut), drop="call")
        elif fault == "clock":
            self._when(point, before=self._strikes(lambda: setattr(world, "skew", LONG)))
        elif fault == "key":
            self._when(point, before=self._strikes(scene.revoke))
        elif fault == "restart":
            self._when(
                point,
                before=self._strikes(partial(setattr, world, "job_seconds", LONG)),
                answered=self._restart,
                drop="reply",
            )
        elif fault == "maintenance":
            pool = scene.emulator.pool(POOL).id
            self._when(point, before=self._strikes(partial(scene.emulator.call, "enableStorageMaintenance", id=pool)))
        elif fault in ("two", "two-hosts"):
            self._when(point, before=self._strikes(self._another))
        elif fault == "orphan":
            self._when(point, before=self._apply_again)
        else:
            self._when(point, before=self._strikes(self._signal))

    def _forget_jobs(self) -> None:
        for job in self._pending():
            self._scene.emulator.world.jobs.forget(job.id)

    def _silence_jobs(self) -> None:
        for job in self._pending():
            job.silent = True

    def _pending(self) -> list[Job]:
        return [job for job in self._scene.emulator.world.jobs if job.status == 0]

    def _restart(self) -> None:
        self._scene.emulator.restart()
        self._scene.emulator.world.job_seconds = 0.0

    def _another(self) -> None:
        other = self._scene.run_other("another-host" if self._fault == "two-hosts" else None)
        # Either it meets the lease and waits, or there is none and it does all that there is to do.
        other.says("waiting for another activation")

    def _apply_again(self) -> None:
        """Kill Terraform, and apply again while the activation that it leaves waits for an answer."""
        self._signal()
        again = self._scene.run(self._moment)
        self._scene.others.append(again)
        self.struck = again.says("waiting for another activation")
        # Once the orphan has given its lease back, the copy that it has begun may end.
        self._scene.emulator.when("createTags", self._scene.finish_copies, match={"resourcetype": "Network"})

    def _signal(self) -> None:
        assert self._started.wait(DEADLINE_SECONDS)
        assert self._program is not None
        number = SIGNALS[self._fault]
        terraform = self._moment.program in ("apply", "destroy")
        self._program.signal(number, group=terraform and number == signal.SIGINT)
