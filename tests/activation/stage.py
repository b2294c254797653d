"""A pin set on an emulated CloudStack, as Terraform leaves it before the activation: VMs that were never started."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from cloudstack_emulator import Emulator
from cloudstack_emulator.entities import Keys
from cloudstack_pins.activation import Event, Report, activate
from cloudstack_pins.cloudstack import Access, Clock, Session
from cloudstack_pins.model import (
    Activation,
    DeclaredTemplate,
    Owner,
    Pin,
    PinSet,
    Pool,
    StorageTag,
    Template,
)
from cloudstack_pins.roster import Roster, RosterPin

NAMES = {
    "debian-12": "Debian 12 (x86_64)",
    "ubuntu-24": "Ubuntu 24.04 (x86_64)",
    "rocky-9": "Rocky 9 (x86_64)",
}
OFFERINGS = {"gold": "pin-gold", "silver": "pin-silver"}


class EmulatorTime:
    """The emulator's clock as a session's: waiting moves it, so that no test sleeps."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def now(self) -> float:
        return self._emulator.clock.now()

    def sleep(self, seconds: float) -> None:
        self._emulator.advance(seconds)


class HastyTime:
    """Real time with waits of a few milliseconds: for threads, which would age each other's leases by waiting."""

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.005))


@dataclass
class Stage:
    """One set on one emulator; ``clock`` is what sessions and activations wait with."""

    emulator: Emulator
    clock: Clock
    network_id: str = ""
    domain_id: str = ""
    events: list[Event] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def session(self, keys: Keys | None = None) -> Session:
        return Session(Access.from_environment(self.emulator.environment(keys)), clock=self.clock)

    # The declared set

    def system_network(self, name: str = "pins-l2") -> str:
        """Make what bootstrap makes, and use it: an L2 network of ``system`` that account pins may use."""
        call = self.emulator.call
        zone = call("listZones")["zone"][0]
        pins = call("listAccounts", name="pins", listall=True)["account"][0]
        offering = call("listNetworkOfferings", name="DefaultL2NetworkOffering")["networkoffering"][0]
        self.domain_id = pins["domainid"]
        self.network_id = call(
            "createNetwork",
            name=name,
            displaytext=name,
            networkofferingid=offering["id"],
            zoneid=zone["id"],
            account="system",
            domainid=self.domain_id,
        )["network"]["id"]
        call("createNetworkPermissions", networkid=self.network_id, accountids=pins["id"])
        return self.network_id

    def use_network(self, name: str) -> str:
        rows = self.emulator.call("listNetworks", listall=True)["network"]
        self.network_id = next(row["id"] for row in rows if row["name"] == name)
        return self.network_id

    def pin_set(
        self,
        templates: Iterable[str] = ("debian-12",),
        tags: Iterable[str] = ("gold", "silver"),
        *,
        owner: str | None = "system",
        any_pool: bool = False,
        name: str = "sandbox",
        **activation: Any,
    ) -> PinSet:
        tags = tuple(tags)
        return PinSet(
            name=name,
            zone_id=self.emulator.call("listZones")["zone"][0]["id"],
            network_id=self.network_id,
            owner=Owner(account=owner, domain_id=self.domain_id if owner else None),
            storage_tags={tag: self.storage_tag(tag, any_pool=any_pool) for tag in tags},
            templates=tuple(DeclaredTemplate(template=self.template(key), storage_tags=tags) for key in templates),
            activation=Activation(**activation),
        )

    def template(self, key: str) -> Template:
        name = NAMES.get(key, key)
        rows = self.emulator.call("listTemplates", templatefilter="all", name=name)["template"]
        row = max(rows, key=lambda row: str(row["created"]))
        return Template(key=key, id=row["id"], name=name, size=row["size"], hypervisor=row["hypervisor"])

    def storage_tag(self, tag: str, *, any_pool: bool = False) -> StorageTag:
        offerings = self.emulator.call("listServiceOfferings", listall=True)["serviceoffering"]
        offering = next(row["id"] for row in offerings if row["name"] == OFFERINGS[tag])
        return StorageTag(
            name=tag,
            service_offering_id=offering,
            coverage="any-pool" if any_pool else "every-pool",
            pools=() if any_pool else self.pools(tag),
        )

    def pools(self, tag: str) -> tuple[Pool, ...]:
        hosts = self.emulator.call("listHosts", type="Routing")["host"]
        found = []
        for row in self.emulator.call("listStoragePools")["storagepool"]:
            if tag in row.get("tags", "").split(","):
                host = next((h["id"] for h in hosts if row["name"].startswith(h["name"])), None)
                found.append(
                    Pool(
                        id=row["id"],
                        name=row["name"],
                        key=row["name"],
                        cluster_id=row.get("clusterid"),
                        scope=row["scope"],
                        host_id=host if row["scope"] == "HOST" else None,
                    )
                )
        return tuple(found)

    # What Terraform and we do with it

    def deploy(self, pin_set: PinSet, *, keys: Keys | None = None) -> dict[str, str]:
        """Create the pins as the provider does: not started, tagged. Returns the VM's id per address."""
        return {pin.address: self.deploy_pin(pin, keys=keys) for pin in pin_set.pins}

    def deploy_pin(self, pin: Pin, *, keys: Keys | None = None) -> str:
        with self.session(keys) as session:
            vm = session.run(
                "deployVirtualMachine",
                zoneid=pin.zone_id,
                templateid=pin.template.id,
                serviceofferingid=pin.storage_tag.service_offering_id,
                networkids=pin.network_id,
                displayname=pin.display_name,
                startvm=False,
            )["virtualmachine"]
            session.run("createTags", resourceids=vm["id"], resourcetype="UserVm", tags=pin.tags)
        return str(vm["id"])

    def activate(self, pin_set: PinSet, *, keys: Keys | None = None, **options: Any) -> Report:
        with self.session(keys) as session:
            return activate(
                session,
                roster_of(pin_set),
                clock=self.clock,
                on_event=self.events.append,
                stop=self.stop,
                **options,
            )

    def run(self, command: str, keys: Keys | None = None, **params: Any) -> dict[str, Any]:
        """Run one command of somebody else to its end, by default as root admin."""
        with self.session(keys or self.emulator.root) as session:
            return session.run(command, **params)

    # What came of it

    def vm(self, vm_id: str) -> dict[str, Any]:
        row: dict[str, Any] = self.emulator.call("listVirtualMachines", id=vm_id, listall=True)["virtualmachine"][0]
        return row

    def root(self, vm_id: str) -> dict[str, Any]:
        rows = self.emulator.call("listVolumes", virtualmachineid=vm_id, type="ROOT", listall=True)["volume"]
        row: dict[str, Any] = rows[0]
        return row

    def preference(self, account: str = "pins") -> str:
        account_id = self.emulator.call("listAccounts", name=account, listall=True)["account"][0]["id"]
        rows = self.emulator.call("listConfigurations", name="preferred.storage.pool", accountid=account_id)
        return str(rows["configuration"][0].get("value") or "")

    def prefer(self, pool_id: str, account: str = "pins") -> None:
        account_id = self.emulator.call("listAccounts", name=account, listall=True)["account"][0]["id"]
        self.emulator.call("updateConfiguration", name="preferred.storage.pool", accountid=account_id, value=pool_id)

    def network_tags(self) -> dict[str, str]:
        rows = self.emulator.call("listTags", resourcetype="Network", resourceid=self.network_id, listall=True)
        return {row["key"]: row["value"] for row in rows.get("tag", ())}

    def tag_a_tenants_network(self, tags: dict[str, str]) -> None:
        """Tag the network of account user, by its own key, with these tags and no others."""
        with self.session(self.emulator.user) as session:
            network_id = session.list("listNetworks", "network", keyword="user-l2")[0]["id"]
            if session.list("listTags", "tag", resourceid=network_id, resourcetype="Network"):
                session.run("deleteTags", resourceids=network_id, resourcetype="Network")
            session.run("createTags", resourceids=network_id, tags=tags, resourcetype="Network")

    def commands(self, since: int = 0) -> list[str]:
        return [request.command for request in self.emulator.requests[since:]]


def roster_of(pin_set: PinSet) -> Roster:
    """The roster that a stack of this set bears."""
    pools = {pool.key: pool for tag in pin_set.storage_tags.values() for pool in tag.pools}
    return Roster(
        set_name=pin_set.name,
        zone_id=pin_set.zone_id,
        network_id=pin_set.network_id,
        owner=pin_set.owner,
        activation=pin_set.activation,
        pools=pools,
        pins=tuple(roster_pin(pin) for pin in pin_set.pins),
    )


def roster_pin(pin: Pin) -> RosterPin:
    return RosterPin(
        address=pin.address,
        template=pin.template.key,
        storage_tag=pin.storage_tag.name,
        pool=pin.pool.key if pin.pool else None,
        revision=pin.revision,
        template_id=pin.template.id,
        template_name=pin.template.name,
        size=pin.template.size,
        previous=pin.previous,
    )


def with_template(pin_set: PinSet, template: Template) -> PinSet:
    """The same set after a lock that found a newer registration."""
    changed = [
        replace(declared, template=template) if declared.template.key == template.key else declared
        for declared in pin_set.templates
    ]
    return replace(pin_set, templates=tuple(changed))


def states(report: Report) -> dict[str, str]:
    return {pin.address.removeprefix("cloudstack_instance."): pin.state for pin in report.pins}


def assert_active(stage: Stage, pin_set: PinSet, vms: dict[str, str], account: str) -> None:
    """Ready on its pool, Stopped, owned as declared, still on its network."""
    for pin in pin_set.pins:
        vm, root = stage.vm(vms[pin.address]), stage.root(vms[pin.address])
        assert (vm["state"], vm["account"]) == ("Stopped", account), pin.address
        assert vm["nic"][0]["networkid"] == pin_set.network_id
        assert root["state"] == "Ready"
        if pin.pool is not None:
            assert root["storageid"] == pin.pool.id, pin.address
