"""Look at CloudStack: a number of list calls that depends on pools and pages, never on who else owns VMs there.

With a root admin's key: one list of the set's VMs by tag, one by tag and ``storageid`` for each pool (a volume has a
pool only once the copy is there), pools, templates, settings. ROOT volumes are listed, by owner, only for VMs that
were found on no pool. Other keys see no pools: their ROOTs' state comes from their own volumes, and what they can't
see is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from cloudstack_pins.activation import lease
from cloudstack_pins.cloudstack import Session, StoragePool, VirtualMachine, Volume
from cloudstack_pins.errors import NotFound, RightsMissing, SignatureRefused
from cloudstack_pins.model import TAG_SET
from cloudstack_pins.status.declared import Declared
from cloudstack_pins.status.observation import (
    ALLOCATED_THRESHOLD,
    EXPUNGE_DELAY,
    EXPUNGE_INTERVAL,
    GC_ENABLED,
    GC_INTERVAL,
    GC_TEMPLATES_ENABLED,
    PREFERENCE,
    USED_THRESHOLD,
    Caller,
    Observation,
    SeenLease,
    SeenPool,
    SeenRoot,
    SeenSchedule,
    SeenVm,
)

Row = Mapping[str, Any]
LockCheck = Callable[[Session], tuple[tuple[str, ...], tuple[str, ...]]]
"""Compares the lock with CloudStack: what a new one would change, and why one would be refused, in words."""

_AT_ONCE = 8
_SETTINGS = (GC_ENABLED, GC_TEMPLATES_ENABLED, GC_INTERVAL, EXPUNGE_DELAY, EXPUNGE_INTERVAL)
_T = TypeVar("_T")
_R = TypeVar("_R")


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
        pools = self._pools()
        rows = self._tagged()
        vms = self._with_roots(rows, pools or ())
        settings = self._settings()
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
            template_ids=self._template_ids(),
            settings=settings,
            preference=self._preference(),
            lease=self._lease(),
            schedules=self._schedules(vms) if with_schedules else None,
            lock_changes=changes,
            lock_problems=problems,
            unseen=tuple(self.unseen),
        )

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
        found = _at_once(lambda pool_id: self._tagged(storageid=pool_id), asked)
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

    def _pools(self) -> tuple[SeenPool, ...] | None:
        try:
            pools = self.session.storage_pools(zoneid=self.declared.zone_id)
        except RightsMissing:
            self.unseen.append("storage pools: which pool a pin is on, their state, room and tags (root admin only)")
            return None
        ours = {pool.id for pool in self.declared.pools.values()}
        tags = set(self.declared.storage_tags)
        return tuple(_at_once(lambda pool: self._pool(pool, pool.id in ours or bool(pool.tags & tags)), pools))

    def _pool(self, pool: StoragePool, ours: bool) -> SeenPool:
        thresholds = [
            self._threshold(setting, pool.id) if ours else None for setting in (USED_THRESHOLD, ALLOCATED_THRESHOLD)
        ]
        return SeenPool(
            id=pool.id,
            name=pool.name,
            state=pool.state,
            scope=pool.scope,
            cluster_id=pool.cluster_id,
            tags=pool.tags,
            total=pool.bytes_total,
            allocated=pool.bytes_allocated,
            used=pool.bytes_used,
            overprovision_factor=pool.overprovision_factor,
            used_threshold=thresholds[0],
            allocated_threshold=thresholds[1],
        )

    def _threshold(self, setting: str, pool_id: str) -> float | None:
        try:
            value = self.session.setting(setting, storageid=pool_id)
            return None if value is None else float(value)
        except (RightsMissing, ValueError):
            return None

    def _template_ids(self) -> frozenset[str] | None:
        if not self.is_root:
            self.unseen.append("destroyed VMs: a destroyed pin that still protects shows as missing (root admin only)")
            self.unseen.append("templates of others: whether a pinned template was deleted can't be told")
            return None
        return frozenset(each.id for each in self.session.templates(zoneid=self.declared.zone_id))

    def _settings(self) -> dict[str, str]:
        try:
            values = _at_once(self.session.setting, _SETTINGS)
        except RightsMissing:
            self.unseen.append("settings: garbage collection, expunge delay and pool thresholds (root admin only)")
            return {}
        return {name: value for name, value in zip(_SETTINGS, values, strict=True) if value is not None}

    def _preference(self) -> str | None:
        try:
            value = self.session.setting(PREFERENCE, accountid=self.session.caller().account_id)
            # An account without a value of its own shows the global one, which no activation has left.
            return value if value and value != self.session.setting(PREFERENCE) else None
        except RightsMissing:
            self.unseen.append(f"{PREFERENCE}: whether one was left on the account (root admin only)")
            return None

    def _lease(self) -> SeenLease | None:
        try:
            networks = self.session.networks(id=self.declared.network_id, listall=True)
        except (RightsMissing, NotFound):
            networks = []
        if not networks:
            self.unseen.append(f"network {self.declared.network_id}: whether an activation is under way")
            return None
        held = lease.read(networks[0].tags)
        if held is None:
            return None
        return SeenLease(
            holder=held.holder,
            expires=None if held.until is None else datetime.fromtimestamp(held.until, UTC),
            over=held.is_over(self.session.clock.now()),
            keys=(lease.TAG, *(key for key, _ in held.renewals)),
        )

    def _strays(self) -> tuple[SeenVm, ...]:
        caller = self.session.caller()
        rows = self.session.list(
            "listVirtualMachines",
            "virtualmachine",
            account=caller.account,
            domainid=caller.domain_id,
            networkid=self.declared.network_id,
        )
        return tuple(seen_vm(row, None) for row in rows if not row.get("tags"))

    def _schedules(self, vms: Sequence[SeenVm]) -> tuple[SeenSchedule, ...] | None:
        live = [vm for vm in vms if not vm.is_gone]
        try:
            found = _at_once(lambda vm: self.session.list("listVMSchedule", "vmschedule", virtualmachineid=vm.id), live)
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
            return check(self.session)
        except RightsMissing as error:
            self.unseen.append(f"whether the lock is stale ({error.command} is not allowed)")
            return None, ()


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


def _at_once(act: Callable[[_T], _R], things: Iterable[_T]) -> list[_R]:
    """Return ``act`` of each thing, in order, several calls at a time."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return list(pool.map(act, things))
