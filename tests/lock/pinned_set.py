"""A pin set's folder, and a hand that does what Terraform and the activation do, through the emulator's API."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from cloudstack_emulator import Emulator
from cloudstack_pins import declaration, lock, pin_set
from cloudstack_pins.cloudstack import Session
from cloudstack_pins.model import Pin
from cloudstack_pins.resolution import Resolution, resolve

TOML = """
zone = "Sandbox-simulator"
network = "caller-l2"

[storage_tags.gold]
service_offering = "pin-gold"

[templates.debian-12]
template = "Debian 12 (x86_64)"
storage_tags = ["gold"]
"""


class PinnedSet:
    """One set on one emulator, with the key of account "pins"."""

    def __init__(self, folder: Path, emulator: Emulator, session: Session) -> None:
        self.folder = folder
        self.emulator = emulator
        self.session = session
        self.declare(TOML)

    def declare(self, text: str) -> None:
        """Write pins.toml."""
        (self.folder / "pins.toml").write_text(text, encoding="utf-8")

    def resolved(self, today: date | None = None, session: Session | None = None) -> Resolution:
        """Return what ``lock`` would write; nothing is written."""
        path = self.folder / "pins.lock.json"
        before = lock.read(path) if path.exists() else None
        return resolve(session or self.session, declaration.load(self.folder), before, today=today)

    def lock(self, today: date | None = None) -> Resolution:
        """Write the lock as the command does."""
        found = self.resolved(today)
        lock.write(self.folder / "pins.lock.json", found.lock)
        return found

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The pins of toml and lock."""
        return pin_set.load(self.folder).pins

    @property
    def keys(self) -> list[str]:
        """Each pin as "key template-id", with "previous" behind the kept ones."""
        return [f"{pin.key} {pin.template.id}{' previous' if pin.previous else ''}" for pin in self.pins]

    def apply(self) -> None:
        """Make the VMs that are missing and destroy those that no pin has, as Terraform without activation."""
        wanted = {pin.revision + pin.key.removesuffix("_b"): pin for pin in self.pins}
        for machine in self.session.virtual_machines(listall=True, tags={"cloudstack-pins/set": "sandbox"}):
            if machine.state == "Destroyed":
                continue
            tags = machine.tags
            name = f"{tags['cloudstack-pins/template']}_{tags['cloudstack-pins/storage-tag']}"
            place = tags["cloudstack-pins/pool"]
            key = name if place == "any-pool" else f"{name}_{place}"
            if wanted.pop(tags["cloudstack-pins/revision"] + key, None) is None:
                expunge = self.session.caller().is_root_admin or None
                self.session.run("destroyVirtualMachine", id=machine.id, expunge=expunge)
        for pin in wanted.values():
            self._deploy(pin)

    def _deploy(self, pin: Pin) -> None:
        made = self.session.run(
            "deployVirtualMachine",
            zoneid=pin.zone_id,
            templateid=pin.template.id,
            serviceofferingid=pin.storage_tag.service_offering_id,
            networkids=pin.network_id,
            startvm=False,
        )
        machine = made["virtualmachine"]["id"]
        self.session.run("createTags", resourcetype="UserVm", resourceids=machine, tags=pin.tags)

    def activate(self) -> None:
        """Start each VM of the key's account once, on the pool that its tag says, stop it, and hand it over."""
        caller = self.session.caller()
        pools = {pin.pool.key: pin.pool for pin in self.pins if pin.pool}
        for machine in self.session.virtual_machines(listall=True, tags={"cloudstack-pins/set": "sandbox"}):
            if machine.account != caller.account:
                continue
            pool = pools.get(machine.tags["cloudstack-pins/pool"])
            if pool is not None:
                self.session.write(
                    "updateConfiguration", name="preferred.storage.pool", accountid=caller.account_id, value=pool.id
                )
            self.session.run("startVirtualMachine", id=machine.id, clusterid=pool.cluster_id if pool else None)
            self.session.run("stopVirtualMachine", id=machine.id, forced=True)
            self._hand_over(machine.id)

    def _hand_over(self, machine_id: str) -> None:
        owner = pin_set.load(self.folder).owner
        if owner.account is not None:
            self.session.write(
                "assignVirtualMachine",
                virtualmachineid=machine_id,
                account=owner.account,
                domainid=owner.domain_id,
                networkids=self.pins[0].network_id,
            )
