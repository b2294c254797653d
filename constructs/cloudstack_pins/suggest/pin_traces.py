"""Pins leave traces like any VM: which VMs and records are theirs and speak for nobody's wish."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cloudstack_pins.cloudstack import VirtualMachine
from cloudstack_pins.model import TAG_PREFIX, PinSet
from cloudstack_pins.suggest.history import owner

_NAME_OF_UNNAMED = "VM-"


@dataclass(frozen=True, kw_only=True)
class PinTraces:
    """Knows pins that exist by their tags; those that are gone by offering, owner and a name given by CloudStack.

    ``owners`` are the accounts of the pins that exist, and the one that the set names.
    """

    ids: frozenset[str]
    offerings: frozenset[str]
    owners: frozenset[str]

    @classmethod
    def of(cls, machines: Iterable[VirtualMachine], pin_set: PinSet) -> PinTraces:
        """Gather them from all VMs that exist and from the set."""
        pins = [vm for vm in machines if is_pin(vm)]
        locked = (tag.service_offering_id for tag in pin_set.storage_tags.values())
        return cls(
            ids=frozenset(pin.id for pin in pins),
            offerings=frozenset([*(pin.service_offering_id for pin in pins), *(one for one in locked if one)]),
            owners=frozenset([*(owner(pin.domain_id, pin.account) for pin in pins), *_named_owner(pin_set)]),
        )

    def bear(self, vm_id: str, *, name: str, offering_id: str, account: str) -> bool:
        """Whether that VM, which may be gone, is or was a pin, by what it was when ``account`` owned it."""
        if vm_id in self.ids:
            return True
        return is_unnamed(name) and offering_id in self.offerings and account in self.owners


def _named_owner(pin_set: PinSet) -> list[str]:
    return [] if pin_set.owner.is_caller else [owner(pin_set.owner.domain_id, pin_set.owner.account)]


def is_unnamed(name: str) -> bool:
    """Whether CloudStack gave that name, as it does to pins."""
    return name.startswith(_NAME_OF_UNNAMED)


def is_pin(vm: VirtualMachine) -> bool:
    """Whether a VM is a pin of any set, or a throw-away VM of ``verify``."""
    return any(tag.startswith(TAG_PREFIX) for tag in vm.tags)
