"""The whole life of a set as its people and its pipeline live it, each command a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cloudstack_pins
from cloudstack_emulator import Emulator
from cloudstack_emulator.entities import Keys
from cloudstack_pins import pin_set
from tests.terraform_cli import Outcome, Terraform

DEBIAN = "Debian 12 (x86_64)"
SYSTEM = f"""zone = "Sandbox-simulator"
network = "pins-l2"
owner = "system"

[storage_tags.gold]

[templates.debian-12]
template = "{DEBIAN}"
storage_tags = ["gold"]
"""
CALLER = f"""zone = "Sandbox-simulator"
network = "user-l2"
expunge = false

[storage_tags.gold]
service_offering = "pin-gold"
coverage = "any-pool"

[templates.debian-12]
template = "{DEBIAN}"
storage_tags = ["gold"]
"""
SECONDS = 240.0


@dataclass
class Life:
    """One set in a folder of its own; ``said`` is everything that was printed, by the command that printed it."""

    emulator: Emulator
    folder: Path
    terraform: Terraform
    keys: Keys
    endpoint: str = ""
    said: list[tuple[str, str]] = field(default_factory=list)

    @property
    def set_folder(self) -> Path:
        return self.folder / "sandbox"

    @property
    def lock_path(self) -> Path:
        return self.set_folder / "pins.lock.json"

    @property
    def plan_json(self) -> Path:
        return self.folder / "plan.json"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDSTACK_")}
        sources = str(Path(cloudstack_pins.__file__).parents[1])
        access = self.emulator.environment(self.keys)
        if self.endpoint:
            access["CLOUDSTACK_API_URL"] = self.endpoint
        return {**kept, **access, "PYTHONPATH": sources, "NO_COLOR": "1"}

    def declare(self, toml: str) -> None:
        """Write pins.toml."""
        self.set_folder.mkdir(exist_ok=True)
        (self.set_folder / "pins.toml").write_text(toml, encoding="utf-8")

    def run(self, *arguments: str, ends: tuple[int, ...] = (0,), more: Mapping[str, str] | None = None) -> str:
        """Run one of our commands; what it printed, which has to be with one of these exit statuses."""
        done = subprocess.run(
            [sys.executable, "-m", "cloudstack_pins", *arguments],
            cwd=self.folder,
            env={**self.environment, **(more or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        self.said.append((arguments[0], done.stdout + done.stderr))
        assert done.returncode in ends, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def lock(self) -> None:
        """Lock, and write the stack."""
        self.run("lock", str(self.set_folder))
        self.terraform.write(pin_set.load(self.set_folder))

    def apply(self) -> Outcome:
        """Plan, keep the plan as JSON, and apply it."""
        planned = self.terraform.plan()
        self.said.append(("terraform plan", planned.output))
        self.plan_json.write_text(json.dumps(self.terraform.show_json()), encoding="utf-8")
        done = self.terraform.apply("plan.bin") if planned.ok else planned
        self.said.append(("terraform apply", done.output))
        return done

    def destroy(self) -> Outcome:
        """Destroy everything."""
        done = self.terraform.destroy()
        self.said.append(("terraform destroy", done.output))
        return done

    def look(self, *, live: bool) -> None:
        """Ask every question in every form."""
        where = self.folder / "reports"
        where.mkdir(exist_ok=True)
        files = {
            name: str(where / name) for name in ("s.json", "s.html", "s.prom", "r.json", "r.html", "r.md", "g.json")
        }
        stack, sets = str(self.terraform.stack), str(self.set_folder)
        self.run(
            *("status", sets, "--json", files["s.json"], "--html", files["s.html"], "--prometheus", files["s.prom"]),
            ends=(0, 3),
        )
        self.run("status", stack, "--json", "-", "--schedules", ends=(0, 3))
        review = ("review", str(self.plan_json), *(("--live",) if live else ()))
        self.run(*review, ends=(0, 4))
        self.run(
            *review, "--json", files["r.json"], "--html", files["r.html"], "--markdown", files["r.md"], ends=(0, 4)
        )
        self.run("suggest", sets, "--json", files["g.json"])
        self.run("activate", stack, "--json", str(where / "a.json"))

    @property
    def files(self) -> dict[Path, str]:
        """Every file that there is now, but for Terraform's providers."""
        return {
            path: path.read_text(encoding="utf-8", errors="replace")
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and ".terraform" not in path.parts
        }
