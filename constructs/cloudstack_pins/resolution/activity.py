"""Which revisions of a set's pins exist in CloudStack, and which of them are active."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cloudstack_pins.cloudstack import Session, VirtualMachine, Volume
from cloudstack_pins.declaration import Declaration
from cloudstack_pins.model import ANY_POOL, TAG_POOL, TAG_REVISION, TAG_SET, TAG_STORAGE_TAG, TAG_TEMPLATE, Pin

Identity = tuple[str, str, str, str]
"""Template key, storage tag, pool key, revision: what a VM's tags say besides its set."""

_GONE = frozenset(("Destroyed", "Expunging", "Error"))


@dataclass(frozen=True, kw_only=True)
class Activity:
    """The pools (None: not seen or not shown) of the ROOTs that are Ready under Stopped VMs, by the VMs' identity.

    ``complete`` says that this key sees every VM of the set, so that one that is not here does not exist.
    """

    existing: frozenset[Identity] = frozenset()
    ready: Mapping[Identity, frozenset[str | None]] | None = None
    complete: bool = True

    def exists(self, pin: Pin) -> bool:
        """Whether a VM of the pin's revision is there, or may be there unseen."""
        return not self.complete or _identity(pin) in self.existing

    def active(self, pin: Pin) -> bool:
        """Whether a VM of the pin's revision protects its copy: ROOT Ready on its pool, Stopped."""
        pools = (self.ready or {}).get(_identity(pin), frozenset())
        return pin.pool.id in pools if pin.pool is not None else bool(pools)


def observe_activity(session: Session, declaration: Declaration, former_set_name: str) -> Activity:
    """Read the VMs of the set, by one list, and the ROOT volumes of the accounts that own them, by one list each."""
    names = {declaration.set_name, former_set_name}
    machines = [
        machine
        for name in sorted(names)
        for machine in session.virtual_machines(listall=True, tags={TAG_SET: name})
        if machine.state not in _GONE
    ]
    owners = sorted({(machine.account, machine.domain_id) for machine in machines})
    roots = {
        volume.virtual_machine_id: volume
        for account, domain_id in owners
        for volume in session.volumes(listall=True, type="ROOT", account=account, domainid=domain_id)
    }
    return judge_activity(machines, roots, declaration, complete=session.caller().is_root_admin)


def judge_activity(
    machines: list[VirtualMachine], roots: Mapping[str | None, Volume], declaration: Declaration, *, complete: bool
) -> Activity:
    """Return what these VMs and ROOT volumes say; a former key counts as the key that took its place."""
    templates = {old: entry.key for entry in declaration.templates.values() for old in entry.formerly}
    tags = {old: entry.name for entry in declaration.storage_tags.values() for old in entry.formerly}
    ready: dict[Identity, frozenset[str | None]] = {}
    existing: set[Identity] = set()
    for machine in machines:
        said = machine.tags
        template, tag = said.get(TAG_TEMPLATE, ""), said.get(TAG_STORAGE_TAG, "")
        identity = (
            templates.get(template, template),
            tags.get(tag, tag),
            said.get(TAG_POOL, ""),
            said.get(TAG_REVISION, ""),
        )
        existing.add(identity)
        root = roots.get(machine.id)
        if machine.state == "Stopped" and root is not None and root.state == "Ready":
            ready[identity] = ready.get(identity, frozenset()) | {root.pool_id}
    return Activity(existing=frozenset(existing), ready=ready, complete=complete)


def _identity(pin: Pin) -> Identity:
    return (pin.template.key, pin.storage_tag.name, pin.pool.key if pin.pool else ANY_POOL, pin.revision)
