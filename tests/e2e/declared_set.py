"""One pin set as its people keep it: pins.toml, a lock, a Terraform folder; and what CloudStack holds of it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from cloudstack_pins import pin_set
from cloudstack_pins.cli import main
from cloudstack_pins.cloudstack import Session, VirtualMachine, Volume
from cloudstack_pins.model import TAG_REVISION, TAG_SET, Pin
from cloudstack_pins.stack_document import stack_document
from cloudstack_pins.terraform_settings import Backend
from tests.terraform_cli import Outcome, Terraform

GONE = ("Destroyed", "Expunging")


class DeclaredSet:
    """A set with its ``toml`` as a dict; edit that, ``lock()``, ``apply()``.

    ``session`` looks with the rights of a root admin, whatever key the set is applied with. ``besides`` are resources
    that are in the stack beside the pins: {type: {name: body}}.
    """

    def __init__(self, folder: Path, toml: dict[str, Any], terraform: Terraform, session: Session) -> None:
        self.folder = folder
        self.toml = toml
        self.terraform = terraform
        self.session = session
        self.besides: dict[str, dict[str, Any]] = {}

    @property
    def name(self) -> str:
        """The set's name, which its folder gives."""
        return self.folder.name

    # What people and pipelines do with it

    def command(self, *arguments: str, exit_code: int = 0) -> str:
        """Run one of our commands with the set's key; what it printed."""
        said = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
            for name, value in self.terraform.environment.items():
                patch.setenv(name, value)
            ended = main(list(arguments))
        assert ended == exit_code, f"cloudstack-pins {' '.join(arguments)}: exit {ended}\n{said.getvalue()}"
        return said.getvalue()

    def declare(self) -> None:
        """Write pins.toml."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "pins.toml").write_text(tomlkit.dumps(self.toml), encoding="utf-8")

    def bootstrap(self) -> str:
        """Make the network that the set names."""
        self.declare()
        return self.command("bootstrap", str(self.folder), "--yes")

    def lock(self) -> str:
        """Write pins.toml, lock it, and write the stack."""
        self.declare()
        said = self.command("lock", str(self.folder))
        self.write()
        return said

    def write(self) -> None:
        """Write the stack of toml and lock as they lie there."""
        document = stack_document(pin_set.load(self.folder), terraform=Backend(type="local", settings={}))
        for kind, named in self.besides.items():
            document.setdefault("resource", {}).setdefault(kind, {}).update(named)
        self.terraform.write(document)

    def apply(self, *arguments: str) -> Outcome:
        """Apply the stack as it was written."""
        return self.terraform.apply(*arguments)

    def assert_clean(self) -> None:
        """Plan, and find nothing to do."""
        plan = self.terraform.plan().checked()
        assert not plan.changes, plan.output

    # What came of it

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The pins of toml and lock."""
        return pin_set.load(self.folder).pins

    def machines(self) -> list[VirtualMachine]:
        """Every VM that bears the set's tag and is not destroyed."""
        found = self.session.virtual_machines(listall=True, tags={TAG_SET: self.name})
        return [machine for machine in found if machine.state not in GONE]

    def ids(self) -> dict[str, str]:
        """VM ids by the key of the pin that they are; fails where a pin has no VM or two."""
        by_tags: dict[tuple[tuple[str, str], ...], str] = {}
        for machine in self.machines():
            tags = tuple(sorted(machine.tags.items()))
            assert tags not in by_tags, f"two VMs are {machine.tags}"
            by_tags[tags] = machine.id
        return {pin.key: by_tags[tuple(sorted(pin.tags.items()))] for pin in self.pins}

    def root(self, machine: VirtualMachine) -> Volume | None:
        """A VM's ROOT volume."""
        rows = self.session.volumes(virtualmachineid=machine.id, type="ROOT", listall=True)
        return rows[0] if rows else None

    def problems(self) -> list[str]:
        """What keeps the declared pins from being active, and what is there besides; nothing where all is well."""
        declared = pin_set.load(self.folder)
        owner = declared.owner.account or self.account
        wanted = {tuple(sorted(pin.tags.items())): pin for pin in declared.pins}
        found = []
        for machine in self.machines():
            pin = wanted.pop(tuple(sorted(machine.tags.items())), None)
            if pin is None:
                found.append(f"{machine.display_name}: left over, or there twice ({machine.tags[TAG_REVISION]})")
                continue
            found += self._problems(pin, machine, owner)
        return [*found, *(f"{pin.key}: no VM" for pin in wanted.values())]

    def _problems(self, pin: Pin, machine: VirtualMachine, owner: str) -> list[str]:
        root = self.root(machine)
        pool = pin.pool.id if pin.pool else root and root.pool_id
        right = {
            "state": (machine.state, "Stopped"),
            "owner": (machine.account, owner),
            "template": (machine.template_id, pin.template.id),
            "network": ([nic.network_id for nic in machine.nics], [pin.network_id]),
            "ROOT": (root and root.state, "Ready"),
            "pool": (root and root.pool_id, pool),
        }
        return [f"{pin.key}: {what} is {is_}, not {ought}" for what, (is_, ought) in right.items() if is_ != ought]

    @property
    def account(self) -> str:
        """The account of the key that the set is applied with."""
        from cloudstack_pins.cloudstack import Access

        with Session(Access.from_environment(self.terraform.environment)) as session:
            return session.caller().account


def template(name: str, *storage_tags: str, **more: Any) -> Mapping[str, Any]:
    """Return a table of ``[templates]``."""
    return {"template": name, "storage_tags": list(storage_tags), **more}
