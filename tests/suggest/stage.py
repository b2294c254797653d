"""A cloud with a past: an emulated CloudStack whose clock is moved, a pin set in it, and people who deploy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cloudstack_emulator import Emulator
from cloudstack_emulator.entities import Keys
from cloudstack_pins import declaration, lock, pin_set
from cloudstack_pins.cloudstack import Access, Session
from cloudstack_pins.resolution import resolve
from cloudstack_pins.suggest.advice import advise
from cloudstack_pins.suggest.judge import Suggestion
from cloudstack_pins.suggest.render import Report

HOUR, DAY = 3600.0, 86400.0
DEBIAN, UBUNTU, ROCKY = "Debian 12 (x86_64)", "Ubuntu 24.04 (x86_64)", "Rocky 9 (x86_64)"
TOML = f"""
zone = "Sandbox-simulator"
network = "caller-l2"

[storage_tags.gold]
service_offering = "pin-gold"

# Everyone's default.
[templates.debian-12]
template = "{DEBIAN}"
storage_tags = ["gold"]
"""


class EmulatorTime:
    """The emulator's clock as a session's: waiting moves it, so that no test sleeps."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def now(self) -> float:
        return self._emulator.clock.now()

    def sleep(self, seconds: float) -> None:
        self._emulator.advance(seconds)


class Stage:
    """One set, and people: accounts admin and user deploy with their own keys on their own networks."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self.folder = folder
        self.networks: dict[str, str] = {}
        zone = emulator.call("listZones")["zone"][0]["id"]
        offerings = emulator.call("listServiceOfferings", listall=True)["serviceoffering"]
        self.offerings: dict[str, str] = {row["name"]: row["id"] for row in offerings}
        made = emulator.call("listNetworks", listall=True)["network"]
        self.networks = {row["account"]: row["id"] for row in made}
        offering = emulator.call("listNetworkOfferings", name="DefaultL2NetworkOffering")["networkoffering"][0]["id"]
        self.networks["admin"] = emulator.call(
            "createNetwork", name="admin-l2", networkofferingid=offering, zoneid=zone
        )["network"]["id"]
        self.zone = zone
        folder.mkdir(exist_ok=True)
        self.declare(TOML)

    def session(self, keys: Keys | None = None) -> Session:
        return Session(Access.from_environment(self.emulator.environment(keys)), clock=EmulatorTime(self.emulator))

    # The set

    def declare(self, text: str) -> None:
        (self.folder / "pins.toml").write_text(text, encoding="utf-8")

    def lock(self) -> None:
        path = self.folder / "pins.lock.json"
        with self.session() as session:
            before = lock.read(path) if path.exists() else None
            lock.write(path, resolve(session, declaration.load(self.folder), before).lock)

    def pin(self) -> list[str]:
        """Make the declared pins active, as Terraform and the activation do; their VMs' ids."""
        with self.session() as session:
            account = session.caller().account_id
            made = []
            for pin in pin_set.load(self.folder).pins:
                vm = self.deploy(pin.template.name, account="pins", offering="pin-gold", start=False)
                session.run("createTags", resourcetype="UserVm", resourceids=vm, tags=pin.tags)
                if pin.pool is not None:
                    session.write(
                        "updateConfiguration", name="preferred.storage.pool", accountid=account, value=pin.pool.id
                    )
                    session.run("startVirtualMachine", id=vm, clusterid=pin.pool.cluster_id)
                else:
                    session.run("startVirtualMachine", id=vm)
                session.run("stopVirtualMachine", id=vm, forced=True)
                made.append(vm)
            session.write("resetConfiguration", name="preferred.storage.pool", accountid=account)
        return made

    # People

    def keys(self, account: str) -> Keys:
        return {"admin": self.emulator.root, "pins": self.emulator.pins, "user": self.emulator.user}[account]

    def template(self, name: str) -> str:
        rows = self.emulator.call("listTemplates", templatefilter="all", name=name)["template"]
        newest: str = max(rows, key=lambda row: str(row["created"]))["id"]
        return newest

    def deploy(
        self, template: str, *, account: str = "user", offering: str = "pin-gold", start: bool = True, name: str = ""
    ) -> str:
        with self.session(self.keys(account)) as session:
            made = session.run(
                "deployVirtualMachine",
                zoneid=self.zone,
                templateid=self.template(template),
                serviceofferingid=self.offerings[offering],
                networkids=self.networks[account],
                name=name or None,
                startvm=start,
            )
        return str(made["virtualmachine"]["id"])

    def run(self, command: str, **params: Any) -> dict[str, Any]:
        with self.session(self.emulator.root) as session:
            return session.run(command, **params)

    def destroy(self, vm_id: str) -> None:
        self.run("destroyVirtualMachine", id=vm_id, expunge=True)

    def use(self, template: str, times: int, *, accounts: tuple[str, ...] = ("user", "admin"), **options: Any) -> None:
        """Deploy so often, a VM in each quarter of a day, in turn for each account; every other VM is gone at once."""
        for n in range(times):
            vm = self.deploy(template, account=accounts[n % len(accounts)], **options)
            self.emulator.advance(6 * HOUR)
            if n % 2:
                self.destroy(vm)

    # What comes of it

    def advise(self, *, days: float = 30, keys: Keys | None = None, **options: Any) -> Report:
        with self.session(keys or self.emulator.root) as session:
            return advise(session, self.folder, since=session.clock.now() - days * DAY, **options)


def about(report: Report, template: str, tag: str = "gold") -> Suggestion:
    """The one suggestion about a template and a tag."""
    [found] = [one for one in report.suggestions if (one.template, one.storage_tag) == (template, tag)]
    return found
