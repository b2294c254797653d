"""Removes throw-away VMs: the ones of this run, and those that a killed one left."""

from __future__ import annotations

import threading
from collections.abc import Callable

from cloudstack_pins.activation.holder import Holder
from cloudstack_pins.activation.pause import pause
from cloudstack_pins.cloudstack import Session, VirtualMachine
from cloudstack_pins.errors import CloudStackError, JobFailed, JobLost, NotFound, PinsError, RightsMissing
from cloudstack_pins.model import TAG_PREFIX

TAG_VERIFY = TAG_PREFIX + "verify"
"""Marks throw-away VMs, so that the next run removes what a killed one left. Its value is the set."""
TAG_HOLDER = TAG_PREFIX + "verify-by"
"""Which process made it, so that a second run beside the first one on this machine does no harm."""
_GONE = ("Destroyed", "Expunging")
_LOOK_SECONDS = 2.0


class Interrupted(PinsError):
    """Someone asked for an end; the throw-away VMs are gone, or CloudStack has the order to remove them."""


def display_name(set_name: str) -> str:
    """Return what throw-away VMs are called: it marks those that were killed before they had their tags."""
    return f"cloudstack-pins verify {set_name}"


def tags_of(set_name: str) -> dict[str, str]:
    """Return the tags of this process's throw-away VMs."""
    return {TAG_VERIFY: set_name, TAG_HOLDER: str(Holder.here())}


class Removal:
    """Removes VMs of one set; ``timeout`` bounds how long a VM that is starting is waited for."""

    def __init__(
        self, session: Session, set_name: str, *, stop: threading.Event, timeout: float, tell: Callable[[str], None]
    ) -> None:
        self._session = session
        self._set_name = set_name
        self._stop = stop
        self._timeout = timeout
        self._tell = tell
        self._ordered: set[str] = set()

    def clean_up(self) -> None:
        """Remove what earlier runs left. One of them that is still starting is waited for: it would be measured too."""
        for vm in self._found():
            self._refuse_rival(vm)
            self._tell(f"an earlier run left the throw-away VM {vm.name}")
            self._await_start(vm.id)
            self.remove(vm.id)

    def remove_left(self) -> None:
        """Remove every VM that is still there. Raises PinsError after it has tried all."""
        failures: list[PinsError] = []
        try:
            left = self._found()
        except CloudStackError as error:
            raise PinsError(
                f"whether a throw-away VM is left could not be seen ({error}); the next verify of {self._set_name} "
                "removes it"
            ) from error
        for vm in left:
            if vm.id not in self._ordered:
                try:
                    self.remove(vm.id)
                except PinsError as error:
                    failures.append(error)
        if failures:
            raise failures[0]

    def remove(self, vm_id: str) -> None:
        """Destroy and expunge a VM and wait until it is gone.

        One that is starting can't be removed before its copy has ended, but CloudStack takes the order and carries it
        out then: that is not waited for. Raises PinsError with what is left to do.
        """
        try:
            if self._state(vm_id) == "Starting":
                self._order(vm_id)
                return
            self._destroy(vm_id)
        except NotFound:
            return
        except CloudStackError as error:
            raise PinsError(
                f"the throw-away VM {vm_id} could not be removed ({error}); destroy it, or run verify again"
            ) from error
        self._tell("removed it")

    def _destroy(self, vm_id: str) -> None:
        try:
            self._session.run("destroyVirtualMachine", id=vm_id, expunge=True)
        except RightsMissing:
            # Without the right to expunge it goes with CloudStack's own expunge run.
            self._session.run("destroyVirtualMachine", id=vm_id)
        except (JobFailed, JobLost):
            # A restart of the management server, or a host that was busy: worth a second try.
            self._session.run("destroyVirtualMachine", id=vm_id, expunge=True)

    def _order(self, vm_id: str) -> None:
        # Jobs of one VM queue up in CloudStack: this one runs when the start has ended.
        self._session.submit("destroyVirtualMachine", id=vm_id, expunge=True)
        self._ordered.add(vm_id)
        self._tell(
            f"CloudStack is still copying for the throw-away VM {vm_id} and removes it when that has ended; "
            "not waiting for it"
        )

    def _await_start(self, vm_id: str) -> None:
        clock = self._session.clock
        deadline = clock.now() + self._timeout
        if self._state(vm_id) == "Starting":
            self._tell("waiting until CloudStack has started it, because it can't be removed before")
        while self._state(vm_id) == "Starting" and clock.now() < deadline and not self._stop.is_set():
            pause(clock, _LOOK_SECONDS, self._stop)

    def _state(self, vm_id: str) -> str | None:
        try:
            found = self._session.virtual_machines(id=vm_id, listall=True)
        except NotFound:
            return None
        return found[0].state if found else None

    def _found(self) -> list[VirtualMachine]:
        """Return the set's throw-away VMs: by tag, and this account's own by name where the tags are missing."""
        caller, name = self._session.caller(), display_name(self._set_name)
        tagged = self._session.virtual_machines(listall=True, tags={TAG_VERIFY: self._set_name})
        own = self._session.virtual_machines(account=caller.account, domainid=caller.domain_id, keyword=name)
        untagged = [vm for vm in own if vm.display_name == name and not vm.tags]
        return [vm for vm in (*tagged, *untagged) if vm.state not in _GONE]

    def _refuse_rival(self, vm: VirtualMachine) -> None:
        holder, here = Holder.parse(vm.tags.get(TAG_HOLDER, "")), Holder.here()
        if holder is None or holder.place != here.place or holder.pid == here.pid or holder.is_dead():
            return
        raise PinsError(
            f"another verify of {self._set_name} is at work on this machine (process {holder.pid}); wait until it ends"
        )
