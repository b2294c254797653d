"""What one declared pin is now, judged by its VM's state and its ROOT, never by a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from cloudstack_pins.model import ANY_POOL, TAG_POOL, TAG_REVISION, TAG_STORAGE_TAG, TAG_TEMPLATE, Owner
from cloudstack_pins.roster import RosterPin
from cloudstack_pins.status.declared import Declared
from cloudstack_pins.status.observation import EXPUNGE_DELAY, Observation, SeenVm
from cloudstack_pins.status.report import PinReport, State


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What every pin of a set is held against."""

    declared: Declared
    seen: Observation
    owner: Owner

    def wanted_pools(self, pin: RosterPin) -> frozenset[str] | None:
        """Return the pools on which this pin keeps what it promises, None where that can't be told."""
        if pin.pool is not None:
            pool = self.declared.pools.get(pin.pool)
            return frozenset([pool.id]) if pool else None
        if self.seen.pools is None:
            return None
        return frozenset(pool.id for pool in self.seen.pools if pin.storage_tag in pool.tags)


def claimed(vm: SeenVm) -> tuple[str, str, str | None, str]:
    """Return which pin a VM claims to be, in the form of ``RosterPin.key``."""
    pool = vm.tags.get(TAG_POOL, "")
    return (
        vm.tags.get(TAG_TEMPLATE, ""),
        vm.tags.get(TAG_STORAGE_TAG, ""),
        None if pool == ANY_POOL else pool,
        vm.tags.get(TAG_REVISION, ""),
    )


def judge_pin(pin: RosterPin, vms: Sequence[SeenVm], rules: Rules) -> PinReport:
    """Return the pin's one state from the VMs that claim to be it."""
    live = [vm for vm in vms if not vm.is_gone]
    gone = [vm for vm in vms if vm.is_gone]
    if len(live) > 1:
        return _duplicate(pin, live, rules)
    if live:
        return _report(pin, live[0], rules)
    if gone:
        return _destroyed(pin, max(gone, key=_age), rules)
    return _built(pin, State.MISSING, protects=False, detail="no VM bears its tags")


def protects(pin: RosterPin, vm: SeenVm, rules: Rules) -> bool:
    """Return whether this VM's ROOT keeps the copy that the pin is about from garbage collection."""
    if vm.root is None or not vm.root.ready or vm.template_id != pin.template_id or vm.state == "Error":
        return False
    wanted = rules.wanted_pools(pin)
    if vm.root.pool_id is None:
        return True
    return not rules.seen.is_gone(vm.root.pool_id) and (wanted is None or vm.root.pool_id in wanted)


def state_of(pin: RosterPin, vm: SeenVm, rules: Rules) -> tuple[State, str]:
    """Return one live VM's state as this pin and the words for it; the worst that is true wins."""
    if vm.state == "Error":
        return State.ERROR, "the VM is in state Error: its ROOT is gone and it can't be started"
    if vm.template_id != pin.template_id:
        return State.WRONG_TEMPLATE, f"made from template {vm.template_id}, declared is {pin.template_id}"
    running = vm.state != "Stopped"
    if vm.root is None or not vm.root.ready:
        if running:
            return State.RUNNING, f"the VM is {vm.state} and its ROOT has no pool yet"
        return State.NOT_ACTIVATED, "ROOT is Allocated: nothing was copied, nothing is protected"
    if rules.seen.is_gone(vm.root.pool_id):
        return State.WRONG_POOL, f"ROOT is on {vm.root.pool_name or vm.root.pool_id}, which is not in the zone any more"
    wanted = rules.wanted_pools(pin)
    if wanted is not None and vm.root.pool_id is not None and vm.root.pool_id not in wanted:
        return State.WRONG_POOL, f"ROOT is on {vm.root.pool_name or vm.root.pool_id}, not on {_wanted_words(pin)}"
    if running:
        return State.RUNNING, f"the VM is {vm.state}: it takes CPU and memory of a host"
    if rules.owner.account is not None and not _owned(vm, rules.owner):
        return State.WRONG_OWNER, f"owned by {vm.account}, declared is {rules.owner.account}"
    return State.ACTIVE, "Stopped, ROOT Ready" + (f" on {vm.root.pool_name}" if vm.root.pool_name else "")


def _owned(vm: SeenVm, owner: Owner) -> bool:
    return vm.account == owner.account and (owner.domain_id is None or vm.domain_id in (None, owner.domain_id))


def _wanted_words(pin: RosterPin) -> str:
    return pin.pool if pin.pool is not None else f"a pool with tag {pin.storage_tag}"


def _report(pin: RosterPin, vm: SeenVm, rules: Rules) -> PinReport:
    state, detail = state_of(pin, vm, rules)
    return _built(pin, state, protects=protects(pin, vm, rules), detail=detail, vms=(vm,))


def _duplicate(pin: RosterPin, live: Sequence[SeenVm], rules: Rules) -> PinReport:
    ranked = sorted(live, key=lambda vm: (not protects(pin, vm, rules), vm.id))
    words = ", ".join(f"{vm.name} ({state_of(pin, vm, rules)[0]})" for vm in ranked)
    return _built(
        pin,
        State.DUPLICATE,
        protects=protects(pin, ranked[0], rules),
        detail=f"{len(live)} VMs bear its tags: {words}",
        vms=tuple(ranked),
    )


def _destroyed(pin: RosterPin, vm: SeenVm, rules: Rules) -> PinReport:
    held = protects(pin, vm, rules)
    delay = rules.seen.seconds(EXPUNGE_DELAY)
    until = vm.changed + timedelta(seconds=delay) if vm.changed is not None and delay is not None else None
    if vm.state == "Expunging":
        held, until, words = False, None, "it is being expunged"
    elif not held:
        words = "its ROOT has no pool: it protects nothing"
    elif until is None:
        words = "protects until it is expunged; when that is can't be seen with this key"
    else:
        words = f"still protects, until {until:%Y-%m-%d %H:%M} UTC at the earliest (expunge.delay)"
    built = _built(pin, State.DESTROYED, protects=held, detail=f"the VM is {vm.state}; {words}", vms=(vm,))
    return replace(built, until=until if held else None)


def _built(pin: RosterPin, state: State, *, protects: bool, detail: str, vms: tuple[SeenVm, ...] = ()) -> PinReport:
    root = vms[0].root if vms else None
    return PinReport(
        key=pin.address.rpartition(".")[2],
        address=pin.address,
        template=pin.template,
        template_id=pin.template_id,
        template_name=pin.template_name,
        storage_tag=pin.storage_tag,
        pool=pin.pool,
        revision=pin.revision,
        previous=pin.previous,
        state=state,
        protects=protects,
        detail=detail,
        vm_ids=tuple(vm.id for vm in vms),
        pool_id=root.pool_id if root else None,
        pool_name=root.pool_name if root else None,
        held=None if pin.size is None else 2 * pin.size,
    )


def _age(vm: SeenVm) -> tuple[float, str]:
    return (vm.changed.timestamp() if vm.changed else 0.0, vm.id)
