"""A pin set on an emulator, the programs that work on it, and what is seen of both."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cloudstack_pins
from cloudstack_emulator import Emulator
from cloudstack_emulator.entities import Keys
from cloudstack_pins import declaration, lock, pin_set
from cloudstack_pins.cloudstack import Access, Session
from cloudstack_pins.model import Pin
from cloudstack_pins.resolution import resolve
from tests.activation.stage import Stage
from tests.faults.cells import Moment, Program
from tests.faults.door import Door
from tests.faults.running import Running
from tests.terraform_cli import Terraform

PLAN = Path(__file__).parents[1] / "review" / "plans" / "made" / "rotation.json"
SLOW_COPY_SECONDS = 5000.0
QUIET_SECONDS = 2.5
"""All jobs have ended by then, so a provider that still works asks sooner."""
OTHER_HOST = (
    "import socket, sys; socket.gethostname = lambda: 'another-host'; "
    "from cloudstack_pins.cli import main; sys.exit(main(sys.argv[1:]))"
)
"""The command as a machine of another name runs it."""


@dataclass
class Scene:
    """One set, one emulator, and the programs that work on them; ``earlier`` maps a pin's key to the VM of before."""

    emulator: Emulator
    door: Door
    folder: Path
    terraform: Terraform
    stage: Stage
    keys: Keys
    preferred: str = ""
    earlier: dict[str, str] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    begin: int = 0
    sent: int = 0
    before: dict[Path, bytes] = field(default_factory=dict)
    request_seconds: int = 60
    job_seconds: int = 20
    others: list[Running] = field(default_factory=list)

    # Where things are

    @property
    def set_folder(self) -> Path:
        return self.folder / "sandbox"

    @property
    def lock_path(self) -> Path:
        return self.set_folder / lock.FILE_NAME

    @property
    def reports(self) -> dict[str, Path]:
        return {form: self.folder / "reports" / f"report.{form}" for form in ("json", "html", "md", "prom")}

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The pins of toml and lock."""
        return pin_set.load(self.set_folder).pins

    def placed(self, match: Mapping[str, str]) -> dict[str, str]:
        """Fill in what only the scene knows."""
        return {name: value.format(preferred=self.preferred) for name, value in match.items()}

    # Programs

    def command(self, moment: Moment) -> list[str]:
        """The program of a moment as it is called."""
        reports = self.reports
        arguments: dict[Program, list[str]] = {
            "lock": ["lock", str(self.set_folder)],
            "bootstrap": ["bootstrap", str(self.set_folder), "--yes"],
            "activate": ["activate", str(self.terraform.stack)],
            "status": ["status", str(self.set_folder), "--json", str(reports["json"]), "--html", str(reports["html"])],
            "review": ["review", str(PLAN), "--live", "--json", str(reports["json"]), "--html", str(reports["html"])],
        }
        if moment.program in ("apply", "destroy"):
            return ["terraform", moment.program, "-no-color", "-input=false", "-auto-approve"]
        found = arguments[moment.program]
        if moment.program == "activate" and moment.file:
            found += ["--json", str(reports["json"])]
        if moment.program == "status":
            found += ["--prometheus", str(reports["prom"])]
        if moment.program == "review":
            found += ["--markdown", str(reports["md"])]
        return [sys.executable, "-m", "cloudstack_pins", *found]

    def environment(self, moment: Moment) -> dict[str, str]:
        """Access by the provider's names where Terraform runs, else by cs's, which have a timeout."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDSTACK_")}
        kept |= {
            "PYTHONPATH": str(Path(cloudstack_pins.__file__).parents[1]),
            "NO_COLOR": "1",
            "HOME": str(self.folder),
            "PYTHONWARNINGS": "ignore",
        }
        if moment.program in ("apply", "destroy"):
            return {
                **self.terraform.environment,
                **self.emulator.environment(self.keys),
                "CLOUDSTACK_API_URL": self.door.endpoint,
                # To the provider this is how long it waits for a job.
                "CLOUDSTACK_TIMEOUT": str(self.job_seconds),
            }
        return kept | {
            "CLOUDSTACK_ENDPOINT": self.door.endpoint,
            "CLOUDSTACK_KEY": self.keys.api_key,
            "CLOUDSTACK_SECRET": self.keys.secret_key,
            "CLOUDSTACK_TIMEOUT": str(self.request_seconds),
        }

    def settle(self, program: Running) -> None:
        """End the provider of a Terraform that was killed, once it asks CloudStack for nothing more."""
        answered = -1
        while program.leaves_provider and answered != len(self.emulator.requests):
            answered = len(self.emulator.requests)
            time.sleep(QUIET_SECONDS)
        program.kill()

    def run(self, moment: Moment, *, prefix: tuple[str, ...] = ()) -> Running:
        """Start the program of a moment; use as a context manager."""
        return Running(
            [*prefix, *self.command(moment)],
            cwd=self.terraform.folder if moment.program in ("apply", "destroy") else self.folder,
            environment=self.environment(moment),
        )

    def run_other(self, host: str | None) -> Running:
        """Start an activation beside the program; the scene ends it."""
        activate = Moment(key="other", title="", program="activate")
        command = self.command(activate)
        if host is not None:
            command = [sys.executable, "-c", OTHER_HOST, *command[3:]]
        other = Running(command, cwd=self.folder, environment=self.environment(activate))
        self.others.append(other)
        return other

    def end_others(self) -> None:
        """End what ``run_other`` has started."""
        for other in self.others:
            other.kill()

    # The world

    def finish_copies(self) -> None:
        """Let copies end, those under way and those to come."""
        with self.emulator.world.lock:
            slow, self.emulator.world.copy_seconds = self.emulator.world.copy_seconds, 0.0
        if slow:
            self.emulator.advance(slow + 1)

    def revoke(self) -> None:
        """Give the account other keys; those of before are refused from now on."""
        user = next(user for user in self.emulator.world.users.values() if user.account.name == "pins")
        self.emulator.call("registerUserKeys", id=user.id)

    def recover(self) -> None:
        """End every fault but a maintenance, as people and time do."""
        world = self.emulator.world
        self.door.open()
        with world.lock:
            world.faults.clear()
            world.occasions.clear()
            world.skew = world.job_seconds = 0.0
        self.finish_copies()
        self.keys = next(u.keys for u in world.users.values() if u.account.name == "pins" and u.keys is not None)

    def end_maintenance(self) -> None:
        """Bring every pool up, which starts the VMs that the maintenance had stopped."""
        for pool in list(self.emulator.world.pools.values()):
            if pool.state != "Up":
                self.emulator.call("cancelStorageMaintenance", id=pool.id)

    def session(self) -> Session:
        access = {**self.emulator.environment(self.keys)}
        return Session(Access.from_environment(access))

    def resolved(self) -> str:
        """What a lock of now would be."""
        with self.session() as session:
            before = lock.read(self.lock_path) if self.lock_path.exists() else None
            return lock.text_of(resolve(session, declaration.load(self.set_folder), before).lock)

    def write_lock(self) -> None:
        self.lock_path.write_text(self.resolved(), encoding="utf-8")

    def vms(self) -> dict[str, dict[str, Any]]:
        """Every VM of the zone that exists, by id."""
        rows = self.emulator.call("listVirtualMachines", listall=True).get("virtualmachine", [])
        return {row["id"]: row for row in rows if row["state"] not in ("Destroyed", "Expunging")}

    def known_to_terraform(self) -> set[str]:
        """The VMs in the state, deposed ones too; where Terraform takes no part, those that the scene made."""
        path = self.terraform.folder / "terraform.tfstate"
        if not path.exists():
            return set(self.made)
        state = json.loads(path.read_text(encoding="utf-8"))
        return {
            instance["attributes"]["id"]
            for resource in state.get("resources", ())
            if resource["type"] == "cloudstack_instance"
            for instance in resource["instances"]
        }
