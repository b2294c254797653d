"""Short forms of what the emulator's tests do: deploy, start, stop, look at ROOT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cloudstack_emulator import Emulator, Keys

DEBIAN = "Debian 12 (x86_64)"


@dataclass(frozen=True)
class Board:
    """An emulator and the names of its default zone instead of ids."""

    emulator: Emulator

    def named(self, kind: str, name: str) -> str:
        """The id of the live object of that name; kind is an attribute of World."""
        objects = getattr(self.emulator.world, kind).values()
        found: str = next(one.id for one in reversed(list(objects)) if one.name == name)
        return found

    def arguments(
        self, template: str = DEBIAN, offering: str = "pin-gold", network: str = "caller-l2", **more: Any
    ) -> dict[str, Any]:
        """Parameters of a deploy."""
        return {
            "zoneid": next(iter(self.emulator.world.zones)),
            "templateid": self.named("templates", template),
            "serviceofferingid": self.named("service_offerings", offering),
            "networkids": self.named("networks", network),
            "startvm": False,
        } | more

    def deploy(self, keys: Keys | None = None, **arguments: Any) -> str:
        """A VM of account pins, not started; its id."""
        result = self.emulator.call("deployVirtualMachine", keys or self.emulator.pins, **self.arguments(**arguments))
        vm_id: str = result["virtualmachine"]["id"]
        return vm_id

    def start(self, vm: str, keys: Keys | None = None, **more: Any) -> dict[str, Any]:
        """Start a VM; the VM as the job tells it."""
        result = self.emulator.call("startVirtualMachine", keys or self.emulator.pins, id=vm, **more)
        started: dict[str, Any] = result["virtualmachine"]
        return started

    def stop(self, vm: str) -> None:
        """Stop a VM by force."""
        self.emulator.call("stopVirtualMachine", self.emulator.pins, id=vm, forced=True)

    def pin(self, **arguments: Any) -> str:
        """Deploy, start, stop; the VM's id."""
        vm = self.deploy(**arguments)
        self.start(vm)
        self.stop(vm)
        return vm

    def expunge(self, vm: str) -> None:
        """Destroy a VM for good."""
        self.emulator.call("destroyVirtualMachine", id=vm, expunge=True)

    def vm(self, vm: str) -> dict[str, Any]:
        """The VM as a root admin sees it."""
        found: dict[str, Any] = self.emulator.call("listVirtualMachines", id=vm)["virtualmachine"][0]
        return found

    def root(self, vm: str) -> dict[str, Any]:
        """The ROOT volume of a VM."""
        volumes = self.emulator.call("listVolumes", virtualmachineid=vm, type="ROOT", listall=True)
        found: dict[str, Any] = volumes["volume"][0]
        return found

    def pool(self, vm: str) -> str | None:
        """The name of the pool of a VM's ROOT, if it has one."""
        return self.root(vm).get("storage")

    def prefer(self, pool: str, account: str = "pins") -> None:
        """Set an account's preferred pool."""
        self.emulator.call(
            "updateConfiguration",
            name="preferred.storage.pool",
            accountid=self.named("accounts", account),
            value=self.named("pools", pool),
        )

    def kinds(self) -> list[str]:
        """What happened, in order."""
        return [event.kind for event in self.emulator.trace]
