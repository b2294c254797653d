"""Where plans are made: an emulator, Terraform in a folder, and a pin set for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cloudstack_emulator import Emulator
from cloudstack_pins.model import Activation, DeclaredTemplate, Owner, PinSet, Pool, StorageTag, Template
from cloudstack_pins.stack_document import stack_document
from cloudstack_pins.terraform_settings import Backend
from tests.terraform_cli import Terraform

GIB = 1024**3


@dataclass
class Workshop:
    """An emulator, Terraform in a folder of its own, and a pin set for them."""

    emulator: Emulator
    terraform: Terraform
    newest: bool = True
    fresh: list[str] = field(default_factory=list)
    """Ids that the emulator gave after its start; they differ from run to run."""

    def register_again(self, name: str) -> None:
        """Register a template again; the sets still mean the old registration."""
        self.emulator.advance(60)
        self.fresh.append(self.emulator.register_template(name))
        self.newest = False

    def id_of(self, command: str, key: str, name: str, **filters: Any) -> str:
        """Return the id of what a list command shows by that name."""
        rows = self.emulator.call(command, **filters).get(key, [])
        return str(next(row["id"] for row in rows if row["name"] == name))

    def template(self, key: str, name: str, size: int) -> Template:
        """Return a template of the zone: the newest registration of the name, or the oldest."""
        rows = self.emulator.call("listTemplates", templatefilter="all").get("template", [])
        found = sorted((row for row in rows if row["name"] == name), key=lambda row: row["created"])
        return Template(
            key=key, id=found[-1 if self.newest else 0]["id"], name=name, size=size * GIB, hypervisor="Simulator"
        )

    def offering(self, name: str = "pin-gold") -> str:
        """Return a service offering's id."""
        return self.id_of("listServiceOfferings", "serviceoffering", name)

    def pin_set(self, *templates: DeclaredTemplate, **changes: Any) -> PinSet:
        """Return the set: debian on gold and silver, ubuntu on gold, unless told otherwise."""
        pools = {row["name"]: row for row in self.emulator.call("listStoragePools").get("storagepool", [])}
        gold, silver = (
            tuple(Pool(id=pools[n]["id"], name=n, key=n, cluster_id=pools[n]["clusterid"]) for n in names)
            for names in (("PS0", "PS1"), ("PS2",))
        )
        declared = templates or (self.debian(), self.ubuntu())
        whole = PinSet(
            name="sandbox",
            zone_id=self.id_of("listZones", "zone", "Sandbox-simulator"),
            network_id=self.id_of("listNetworks", "network", "caller-l2", listall="true"),
            owner=Owner(),
            storage_tags={
                "gold": StorageTag(name="gold", pools=gold, service_offering_id=self.offering()),
                "silver": StorageTag(name="silver", pools=silver),
            },
            templates=declared,
            activation=Activation(timeout=60),
        )
        return replace(whole, **changes)

    def debian(self, *tags: str, key: str = "debian-12", formerly: tuple[str, ...] = ()) -> DeclaredTemplate:
        """Return Debian on these tags, default gold and silver."""
        template = self.template(key, "Debian 12 (x86_64)", 2)
        return DeclaredTemplate(template=template, storage_tags=tags or ("gold", "silver"), formerly=formerly)

    def ubuntu(self) -> DeclaredTemplate:
        """Return Ubuntu on gold."""
        return DeclaredTemplate(
            template=self.template("ubuntu-24-04", "Ubuntu 24.04 (x86_64)", 3), storage_tags=("gold",)
        )

    def document(self, pin_set: PinSet | None = None) -> dict[str, Any]:
        """Return the stack of a set, to be changed by hand."""
        beside = Backend(type="local", settings={})
        return json.loads(json.dumps(stack_document(pin_set or self.pin_set(), terraform=beside)))  # type: ignore[no-any-return]

    def apply(self, what: PinSet | Mapping[str, Any] | None = None) -> None:
        """Write a stack and apply it."""
        self.terraform.write(what if what is not None else self.pin_set())
        self.terraform.apply().checked()

    def plan(self, what: PinSet | Mapping[str, Any] | None = None, *arguments: str) -> dict[str, Any]:
        """Write a stack and return the JSON of its plan."""
        if what is not None:
            self.terraform.write(what)
        self.terraform.plan(*arguments).checked()
        return self.terraform.show_json()
