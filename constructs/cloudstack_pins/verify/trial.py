"""Deploys a throw-away VM, measures its start, and removes it on every way out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from cloudstack_pins.cloudstack import Session, VirtualMachine
from cloudstack_pins.errors import CloudStackError, NotFound, PinsError, RightsMissing
from cloudstack_pins.model import TAG_PREFIX
from cloudstack_pins.verify.choice import Choice, Subject

TAG_VERIFY = TAG_PREFIX + "verify"
"""Marks throw-away VMs, so that the next run removes what a killed one left. Its value is the set."""
_TRIES = 5


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One start: which template, on which pool, in how many seconds from the command to its end."""

    subject: Subject
    pool_id: str
    pool_name: str
    seconds: float


class Interrupted(PinsError):
    """Someone asked for an end; the throw-away VMs are gone."""


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

    def __enter__(self) -> Trial:
        """Remove what an earlier run may have left."""
        self._remove_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove every throw-away VM of this set."""
        self._remove_all()

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
            f"pin {subject.name} on every pool of {self._choice.storage_tag} or look at `cloudstack-pins status`"
        )

    def _once(self, subject: Subject) -> Measured:
        self._refuse_end()
        kind = "pinned" if subject.pinned else "not pinned"
        self._tell(f"deploying a throw-away VM of {subject.name} ({kind})")
        vm_id = self._deploy(subject)
        try:
            begin = self._session.clock.now()
            where = {"clusterid": self._choice.cluster_id} if self._choice.cluster_id is not None else {}
            job = self._session.submit("startVirtualMachine", id=vm_id, **where)
            self._session.wait(job, command="startVirtualMachine", seconds=self._timeout)
            seconds = self._session.clock.now() - begin
            pool_id, pool_name = self._pool_of(vm_id)
        finally:
            self._remove(vm_id)
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
            displayname=f"cloudstack-pins verify {self._set_name}",
            startvm=False,
        )
        vm_id = VirtualMachine.from_api(deployed["virtualmachine"]).id
        try:
            self._session.run(
                "createTags", resourceids=[vm_id], resourcetype="UserVm", tags={TAG_VERIFY: self._set_name}
            )
        except BaseException:
            self._remove(vm_id)
            raise
        return vm_id

    def _pool_of(self, vm_id: str) -> tuple[str, str]:
        [root] = self._session.volumes(virtualmachineid=vm_id, type="ROOT", listall=True)
        if root.pool_id is None:
            raise PinsError(
                "this key may not see on which pool a volume is, so nothing would be proved; use a root admin's key"
            )
        return root.pool_id, root.pool_name or root.pool_id

    def _remove_all(self) -> None:
        for vm in self._session.virtual_machines(listall=True, tags={TAG_VERIFY: self._set_name}):
            if vm.state not in ("Destroyed", "Expunging"):
                self._remove(vm.id)

    def _remove(self, vm_id: str) -> None:
        try:
            self._session.run("destroyVirtualMachine", id=vm_id, expunge=True)
        except RightsMissing:
            # Without the right to expunge it goes with CloudStack's own expunge run.
            self._session.run("destroyVirtualMachine", id=vm_id)
        except NotFound:
            return
        except CloudStackError as error:
            raise PinsError(
                f"the throw-away VM {vm_id} could not be removed ({error}); destroy it, or run verify again"
            ) from error
        self._tell("removed it")

    def _refuse_end(self) -> None:
        if self._stop.is_set():
            raise Interrupted("interrupted; the throw-away VMs are removed")
