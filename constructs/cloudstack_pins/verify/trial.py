"""Deploys a throw-away VM, measures its start, and removes it on every way out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from cloudstack_pins.activation.pause import pause
from cloudstack_pins.cloudstack import Session, VirtualMachine
from cloudstack_pins.errors import PinsError, TimedOut
from cloudstack_pins.plain import plain
from cloudstack_pins.verify.choice import Choice, Subject
from cloudstack_pins.verify.removal import Interrupted, Removal, display_name, tags_of

_TRIES = 5
_LOOK_SECONDS = 0.5
"""How often the start's job is looked at: what a measured time may be too long by."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One start: which template, on which pool, in how many seconds from the command to its end."""

    subject: Subject
    pool_id: str
    pool_name: str
    seconds: float


class Trial:
    """Deploys and measures for one set; a context manager whose end removes every VM that it made.

    ``stop`` asks for an orderly end, ``timeout`` bounds each start in seconds, ``tell`` gets one line an event.
    """

    def __init__(
        self,
        session: Session,
        set_name: str,
        choice: Choice,
        *,
        stop: threading.Event,
        timeout: float,
        tell: Callable[[str], None],
    ) -> None:
        self._session = session
        self._set_name = set_name
        self._choice = choice
        self._stop = stop
        self._timeout = timeout
        self._tell = tell
        self._removal = Removal(session, set_name, stop=stop, timeout=timeout, tell=tell)

    def __enter__(self) -> Trial:
        """Remove what an earlier run may have left. Raises PinsError while another one is at work here."""
        self._removal.clean_up()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove every throw-away VM of this set that is still there."""
        self._removal.remove_left()

    def measure(self, subject: Subject) -> Measured:
        """Deploy ``subject`` and measure its first start.

        A pinned template counts only on a pool that holds its pin. CloudStack chooses the pool, so a miss is tried
        again.
        """
        for _ in range(_TRIES):
            measured = self._once(subject)
            if not subject.pinned or measured.pool_id in self._choice.pools:
                return measured
            self._tell(f"it was placed on {measured.pool_name}, where no pin of it is; trying again")
        raise PinsError(
            f"CloudStack placed it {_TRIES} times on pools without its pin; "
            f"pin {plain(subject.name)} on every pool of {self._choice.storage_tag} or look at `cloudstack-pins status`"
        )

    def _once(self, subject: Subject) -> Measured:
        self._refuse_end()
        kind = "pinned" if subject.pinned else "not pinned"
        self._tell(f"deploying a throw-away VM of {subject.name} ({kind})")
        vm_id = self._deploy(subject)
        try:
            self._refuse_end()
            seconds = self._start(vm_id)
            pool_id, pool_name = self._pool_of(vm_id)
        finally:
            self._removal.remove(vm_id)
        self._refuse_end()
        return Measured(subject=subject, pool_id=pool_id, pool_name=pool_name, seconds=seconds)

    def _deploy(self, subject: Subject) -> str:
        choice = self._choice
        deployed = self._session.run(
            "deployVirtualMachine",
            templateid=subject.template_id,
            zoneid=choice.zone_id,
            serviceofferingid=choice.offering_id,
            networkids=[choice.network_id],
            displayname=display_name(self._set_name),
            startvm=False,
        )
        vm_id = VirtualMachine.from_api(deployed["virtualmachine"]).id
        try:
            self._session.run("createTags", resourceids=[vm_id], resourcetype="UserVm", tags=tags_of(self._set_name))
        except BaseException:
            self._removal.remove(vm_id)
            raise
        return vm_id

    def _start(self, vm_id: str) -> float:
        """Start the VM and return how long that took. Raises Interrupted as soon as someone asks for an end."""
        clock, command = self._session.clock, "startVirtualMachine"
        where = {"clusterid": self._choice.cluster_id} if self._choice.cluster_id is not None else {}
        begin = clock.now()
        job = self._session.submit(command, id=vm_id, **where)
        while True:
            try:
                self._session.wait(job, command=command, seconds=0)
            except TimedOut:
                self._refuse_end()
                if clock.now() - begin >= self._timeout:
                    raise TimedOut(command, f"it did not start within {self._timeout:g} s (--timeout)") from None
            else:
                return clock.now() - begin
            pause(clock, _LOOK_SECONDS, self._stop)

    def _pool_of(self, vm_id: str) -> tuple[str, str]:
        [root] = self._session.volumes(virtualmachineid=vm_id, type="ROOT", listall=True)
        if root.pool_id is None:
            raise PinsError(
                "this key may not see on which pool a volume is, so nothing would be proved; use a root admin's key"
            )
        return root.pool_id, root.pool_name or root.pool_id

    def _refuse_end(self) -> None:
        if self._stop.is_set():
            raise Interrupted("interrupted; nothing was measured")
