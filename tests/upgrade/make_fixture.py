"""Writes what a release leaves behind: declaration, lock, stack and state of an applied set.

``python -m tests.upgrade.make_fixture 0.1.0`` once for each release; the test then plans every one of them with the
code of today.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cloudstack_emulator import Emulator
from cloudstack_pins import pin_set
from tests.terraform_cli import Terraform, settings_for_terraform

FIXTURES = Path(__file__).parent / "fixtures"
PINS = """\
zone = "Sandbox-simulator"
network = "pins-l2"
owner = "system"

[storage_tags.gold]
service_offering = "pin-gold"

[storage_tags.silver]

[storage_tags.ps3]
coverage = "any-pool"

[templates.debian-12]
template = "Debian 12 (x86_64)"
storage_tags = ["gold", "silver"]

[templates.ubuntu-24-04]
template = "Ubuntu 24.04 (x86_64)"
storage_tags = ["gold", "ps3"]
"""


def main(release: str) -> None:
    """Apply a set on the emulator and keep its files."""
    target = FIXTURES / release
    target.mkdir(parents=True, exist_ok=True)
    with Emulator() as emulator, tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "upgraded"
        folder.mkdir()
        (folder / "pins.toml").write_text(PINS, encoding="utf-8")
        environment = {**os.environ, **emulator.environment()}
        for command in (["bootstrap", "--yes"], ["lock"]):
            subprocess.run(
                [sys.executable, "-m", "cloudstack_pins", command[0], str(folder), *command[1:]],
                env=environment,
                check=True,
            )
        terraform = Terraform(Path(temporary) / "stack", {**settings_for_terraform(), **emulator.environment()})
        terraform.write(pin_set.load(folder))
        terraform.apply().checked()
        for source in (folder / "pins.toml", folder / "pins.lock.json", terraform.stack):
            shutil.copy(source, target / source.name)
        state = json.loads((terraform.folder / "terraform.tfstate").read_text(encoding="utf-8"))
        (target / "state.json").write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
