"""A set's folder on an emulated CloudStack, with a stand-in for Terraform, so that every repair can be run."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cloudstack_emulator.registry import COMMANDS
from cloudstack_pins import declaration as declarations
from cloudstack_pins import lock as locks
from cloudstack_pins import pin_set as pin_sets
from cloudstack_pins.model import Pin, PinSet
from cloudstack_pins.resolution import resolve
from cloudstack_pins.status import sources
from cloudstack_pins.status.report import Finding, PinReport, SetReport
from tests.activation.stage import Stage

PINS = """\
zone = "Sandbox-simulator"
network = "pins-l2"
owner = "system"

[storage_tags.gold]
service_offering = "pin-gold"

[storage_tags.silver]
service_offering = "pin-silver"

[templates.debian-12]
template = "Debian 12 (x86_64)"
storage_tags = ["gold", "silver"]

[templates.rocky-9]
template = "Rocky 9 (x86_64)"
storage_tags = ["gold"]
"""


@dataclass
class Bench:
    """``state`` is what Terraform would know: the VM of each address."""

    stage: Stage
    folder: Path
    state: dict[str, str] = field(default_factory=dict)

    @property
    def call(self) -> Any:
        return self.stage.emulator.call

    def declare(self, text: str = PINS) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "pins.toml").write_text(text, encoding="utf-8")

    def lock(self) -> PinSet:
        file = self.folder / locks.FILE_NAME
        declaration = declarations.load(self.folder / "pins.toml")
        with self.stage.session() as session:
            locks.write(file, resolve(session, declaration, locks.read(file) if file.exists() else None).lock)
        return self.pin_set

    @property
    def pin_set(self) -> PinSet:
        return pin_sets.load(self.folder)

    def pin(self, key: str) -> Pin:
        return next(pin for pin in self.pin_set.pins if pin.key == key)

    def vm_id(self, key: str) -> str:
        return self.state[f"cloudstack_instance.{key}"]

    def report(self, keys: Any = None, *, schedules: bool = False) -> SetReport:
        with self.stage.session(keys) as session:
            return sources.read(self.folder).report(session, schedules=schedules)

    def seen(self, key: str) -> PinReport:
        return next(pin for pin in self.report().pins if pin.key == key)

    # What a person would type

    def repair(self, finding: Finding) -> None:
        """Run a finding's commands in order, as it stands there."""
        for line in finding.repair:
            if not line.startswith("#"):
                self.type(line)

    def type(self, line: str) -> None:
        words = shlex.split(line)
        if words[0] == "cmk":
            self._cmk(words[1:])
        elif words[:2] == ["cloudstack-pins", "lock"]:
            self.lock()
        elif words[:2] == ["cloudstack-pins", "activate"]:
            self.stage.activate(self.pin_set)
        elif words[0] in ("cdktf", "terraform") and words[2] != "state":
            self.apply(*(word.partition("=")[2] for word in words if word.startswith("-replace=")))

    def _cmk(self, words: list[str]) -> None:
        verb, noun, *rest = words
        names = {name.lower(): name for name in COMMANDS}
        params = dict(word.split("=", 1) for word in rest if not word.startswith("filter="))
        if verb == "destroy" and self._row(params["id"]) is None:
            return  # the words before it say: if it is still here
        keys = self.stage.emulator.pins
        self.call(names[f"{verb}{noun}".lower()], keys, **params)

    def apply(self, *replaced: str) -> None:
        """Do what an apply does: create or mend each pin, activate, and only then destroy what is left over."""
        left = [vm_id for address, vm_id in self.state.items() if address in replaced]
        for pin in self.pin_set.pins:
            vm_id = self.state.get(pin.address)
            row = self._row(vm_id) if vm_id and pin.address not in replaced else None
            tags = {tag["key"]: tag["value"] for tag in row["tags"]} if row else {}
            if row is None or row["templateid"] != pin.template.id:
                left += [vm_id] if row and vm_id else []
                self.state[pin.address] = self.stage.deploy_pin(pin)
            elif tags != pin.tags:
                if tags:
                    self.call("deleteTags", resourceids=vm_id, resourcetype="UserVm")
                self.call("createTags", resourceids=vm_id, resourcetype="UserVm", tags=pin.tags)
        declared = {pin.address for pin in self.pin_set.pins}
        left += [self.state.pop(address) for address in sorted(set(self.state) - declared)]
        self.stage.activate(self.pin_set)
        for vm_id in left:
            if self._row(vm_id) is not None:
                self.call("destroyVirtualMachine", self.stage.emulator.pins, id=vm_id, expunge=True)

    def _row(self, vm_id: str) -> dict[str, Any] | None:
        rows = self.call("listVirtualMachines", id=vm_id, listall=True).get("virtualmachine", [])
        return rows[0] if rows and rows[0]["state"] not in ("Expunging",) else None


def kinds(report: SetReport) -> list[str]:
    return [finding.kind for finding in report.findings]


def finding(report: SetReport, kind: str) -> Finding:
    found = [each for each in report.findings if each.kind == kind]
    assert len(found) == 1, [each.id for each in report.findings]
    return found[0]
