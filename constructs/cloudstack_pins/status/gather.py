"""Look at CloudStack: a number of list calls that depends on pools and pages, never on who else owns VMs there.

With a root admin's key: one list of the set's VMs by tag, one by tag and ``storageid`` for each pool (a volume has a
pool only once the copy is there), pools, templates, settings. ROOT volumes are listed, by owner, only for VMs that
were found on no pool. Other keys see no pools: their ROOTs' state comes from their own volumes, and what they can't
see is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cloudstack_pins.cloudstack import Session, VirtualMachine, Volume
from cloudstack_pins.errors import NotFound, RightsMissing, SettingsError, SignatureRefused
from cloudstack_pins.model import TAG_SET
from cloudstack_pins.status.declared import Declared
from cloudstack_pins.status.observation import Caller, Observation, SeenPool, SeenRoot, SeenSchedule, SeenVm
from cloudstack_pins.status.surroundings import Surroundings, at_once

_OF_THE_KEY = " of this key "
"""In a reason against a lock: it is about the key in use, not about the set."""

Row = Mapping[str, Any]
LockCheck = Callable[[Session], tuple[tuple[str, ...], tuple[str, ...]]]
"""Compares the lock with CloudStack: what a new one would change, and why one would be refused, in words."""


def observe(
    session: Session, declared: Declared, *, lock_check: LockCheck | None = None, schedules: bool = False
) -> Observation:
    """Return what CloudStack holds now of this set.

    ``schedules`` also asks for the schedules of each VM, one call a VM: CloudStack has no list of all.
    """
    look = _Look(session, declared)
    return look.observe(lock_check, schedules)


class _Look:
    """One look: the calls, and what turned out to be out of this key's sight."""

    def __init__(self, session: Session, declared: Declared) -> None:
        self.session = session
        self.declared = declared
        self.is_root = session.caller().is_root_admin
        self.unseen: list[str] = []

    def observe(self, lock_check: LockCheck | None, with_schedules: bool) -> Observation:
        caller = self.session.caller()
        around = Surroundings(self.session, self.declared, self.unseen)
        pools = around.pools()
        rows = self._tagged()
        if not self.is_root:
            self._refuse_to_guess(rows)
        vms = self._with_roots(rows, pools or ())
        settings = around.settings()
        changes, problems = self._lock(lock_check)
        return Observation(
            at=datetime.fromtimestamp(self.session.clock.now(), UTC),
            caller=Caller(
                account=caller.account,
                account_id=caller.account_id,
                domain_id=caller.domain_id,
                is_root_admin=caller.is_root_admin,
            ),
            vms=vms,
            strays=self._strays(),
            pools=pools,
            template_ids=around.template_ids(),
            settings=settings,
            preference=around.preference(),
            lease=around.lease(),
            network_is_gone=around.network_is_gone,
            schedules=self._schedules(vms) if with_schedules else None,
            lock_changes=changes,
            lock_problems=problems,
            unseen=tuple(self.unseen),
        )

    def _refuse_to_guess(self, rows: Sequence[Row]) -> None:
        """Raise SettingsError where this key sees none of the pins because they are another account's."""
        owner, caller = self.declared.owner.account, self.session.caller()
        if owner is not None and owner != caller.account and not rows:
            raise SettingsError(
                f"pins of set {self.declared.set_name} belong to {owner}, whose VMs the key of account "
                f"{caller.account} may not see; look with the key of a root admin"
            )
        self.unseen.append("VMs of other accounts: a pin that one of them owns shows as missing")
        self.unseen.append("destroyed VMs: a destroyed pin that still protects shows as missing")

    def _tagged(self, **filters: Any) -> list[Row]:
        tags = {TAG_SET: self.declared.set_name}
        return list(
            self.session.list(
                "listVirtualMachines",
                "virtualmachine",
                tags=tags,
                listall=True,
                zoneid=self.declared.zone_id,
                **filters,
            )
        )

    def _with_roots(self, rows: Sequence[Row], pools: Sequence[SeenPool]) -> tuple[SeenVm, ...]:
        roots = self._roots_by_pool(pools) if self.is_root else {}
        vms = [seen_vm(row, roots.get(str(row.get("id")))) for row in rows]
        lost = [vm for vm in vms if vm.root is None and vm.state != "Error"]
        by_volume = self._roots_by_owner(lost)
        return tuple(replace(vm, root=by_volume[vm.id]) if vm.id in by_volume else vm for vm in vms)

    def _roots_by_pool(self, pools: Sequence[SeenPool]) -> dict[str, SeenRoot]:
        """Return the ROOTs on the pools that matter to the set; being listed there proves the copy."""
        names = {pool.id: pool.name for pool in self.declared.pools.values()}
        names |= {pool.id: pool.name for pool in pools if pool.tags & set(self.declared.storage_tags)}
        here = {pool.id for pool in pools}
        asked = sorted(pool_id for pool_id in names if pool_id in here or not pools)
        found = at_once(lambda pool_id: self._tagged(storageid=pool_id), asked)
        return {
            str(row.get("id")): SeenRoot(ready=True, pool_id=pool_id, pool_name=names[pool_id])
            for pool_id, rows in zip(asked, found, strict=True)
            for row in rows
        }

    def _roots_by_owner(self, vms: Iterable[SeenVm]) -> dict[str, SeenRoot]:
        wanted = {vm.id for vm in vms}
        owners = sorted({(vm.account, vm.domain_id or "") for vm in vms})
        roots: dict[str, SeenRoot] = {}
        for account, domain_id in owners:
            try:
                volumes = self.session.volumes(account=account, domainid=domain_id or None, type="ROOT")
            except RightsMissing:
                self.unseen.append(f"the volumes of account {account}: whether its pins are active can't be told")
                continue
            for volume in volumes:
                if volume.virtual_machine_id in wanted and volume.state not in ("Destroy", "Expunged"):
                    roots[volume.virtual_machine_id] = _root(volume)
        return roots

    def _strays(self) -> tuple[SeenVm, ...]:
        caller = self.session.caller()
        try:
            rows = self.session.list(
                "listVirtualMachines",
                "virtualmachine",
                account=caller.account,
                domainid=caller.domain_id,
                networkid=self.declared.network_id,
            )
        except NotFound:
            return ()  # the network is gone, which is a finding of its own
        return tuple(seen_vm(row, None) for row in rows if not row.get("tags"))

    def _schedules(self, vms: Sequence[SeenVm]) -> tuple[SeenSchedule, ...] | None:
        live = [vm for vm in vms if not vm.is_gone]
        try:
            found = at_once(lambda vm: self.session.list("listVMSchedule", "vmschedule", virtualmachineid=vm.id), live)
        except (RightsMissing, SignatureRefused):
            self.unseen.append("VM schedules: this server or this key has no listVMSchedule")
            return None
        return tuple(
            SeenSchedule(
                id=str(row.get("id")),
                vm_id=vm.id,
                action=str(row.get("action", "")).lower(),
                words=str(row.get("description") or row.get("schedule") or "no description"),
            )
            for vm, rows in zip(live, found, strict=True)
            for row in rows
            if row.get("enabled", True)
        )

    def _lock(self, check: LockCheck | None) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
        if check is None:
            return None, ()
        try:
            changes, problems = check(self.session)
        except RightsMissing as error:
            self.unseen.append(f"whether the lock is stale ({error.command} is not allowed)")
            return None, ()
        if problems and (not self.is_root or any(_OF_THE_KEY in problem for problem in problems)):
            # The lock is made with another key, which may do what this one may not.
            self.unseen.append(f"whether the lock is stale: with this key it can't be made ({'; '.join(problems)})")
            return None, ()
        return changes, problems


def seen_vm(row: Row, root: SeenRoot | None) -> SeenVm:
    """Return a row of listVirtualMachines as a seen VM."""
    vm = VirtualMachine.from_api(row)
    return SeenVm(
        id=vm.id,
        name=vm.name,
        state=vm.state,
        account=vm.account,
        domain_id=vm.domain_id or None,
        template_id=vm.template_id or None,
        tags=vm.tags,
        root=root,
        created=moment(vm.created),
        changed=moment(row.get("lastupdated")),
        lease_ends=moment(vm.lease_expiry),
        lease_action=vm.lease_action.upper() if vm.lease_action else None,
    )


def moment(text: object) -> datetime | None:
    """Return one of CloudStack's dates in UTC, None for what is none."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)
    except ValueError:
        return None


def _root(volume: Volume) -> SeenRoot:
    return SeenRoot(ready=volume.state == "Ready", pool_id=volume.pool_id, pool_name=volume.pool_name)
