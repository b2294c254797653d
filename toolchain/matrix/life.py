"""One set's life on an emulator, with what the cell has installed: lock, plan, apply, rotation, destroy.

    python -P life.py /path/to/terraform

Runs in a folder with ``stacks/sandbox/pins.toml`` and ``synth.py``; knows the wheel, and nothing of this repository.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cloudstack_emulator import Emulator

SET = "stacks/sandbox"
STACK = Path("cdktf.out/stacks/sandbox")
TEMPLATE = "Debian 12 (x86_64)"
TWO_PASSES = 100.0
"""Seconds that hold at least two passes of the emulator's garbage collection, one each 40 s."""


@dataclass(frozen=True)
class Life:
    """The commands of one life."""

    terraform: str
    environ: Mapping[str, str]

    def run(self, *command: str, cwd: Path = Path(), expected: int = 0) -> str:
        """Run a command and return its standard output; end everything where it ends otherwise than expected."""
        print("$", *command, flush=True)
        ran = subprocess.run(command, cwd=cwd, env=self.environ, stdout=subprocess.PIPE, text=True, check=False)
        if ran.returncode != expected:
            print(ran.stdout, flush=True)
            sys.exit(f"{' '.join(command)} ended with {ran.returncode}, expected was {expected}")
        return ran.stdout

    def tool(self, *arguments: str, expected: int = 0) -> str:
        """Run Terraform in the folder of the stack."""
        command, *options = arguments
        return self.run(
            self.terraform, command, "-no-color", "-input=false", *options, cwd=STACK.absolute(), expected=expected
        )

    def synthesise(self) -> None:
        """Look names up, and write the stack."""
        self.run("cloudstack-pins", "lock", SET)
        self.run(sys.executable, "-P", "synth.py")

    def apply(self) -> None:
        """Plan, review the plan, apply it; afterwards nothing is left to do and all pins are active."""
        self.tool("plan", "-detailed-exitcode", "-out=plan.bin", expected=2)
        plan = self.run(self.terraform, "show", "-json", "plan.bin", cwd=STACK.absolute())
        Path("plan.json").write_text(plan, encoding="utf-8")
        self.run("cloudstack-pins", "review", "plan.json")
        self.tool("apply", "plan.bin")
        self.tool("plan", "-detailed-exitcode", expected=0)
        self.run("cloudstack-pins", "status", SET)


def main(terraform: str) -> None:
    """Live it through; the last line says what was seen."""
    with Emulator() as emulator:
        life = Life(terraform, {**os.environ, **emulator.environment()})
        version = json.loads(life.run(terraform, "version", "-json"))["terraform_version"]
        life.run("cloudstack-pins", "bootstrap", SET, "--yes")
        life.synthesise()
        life.tool("init")
        life.apply()
        pinned = held(emulator)
        emulator.advance(TWO_PASSES)
        require(bool(pinned) and held(emulator) == pinned, f"copies were {pinned}, are {held(emulator)}")
        rotate(life, emulator)
        life.tool("destroy", "-auto-approve")
        emulator.advance(TWO_PASSES)
        require(not held(emulator), f"after the end there are copies: {held(emulator)}")
        print(f"{version}: {len(pinned)} pins applied, kept, rotated, removed; plans clean")


def rotate(life: Life, emulator: Emulator) -> None:
    """Register the template anew: the old pins go only when all new ones are active."""
    new = emulator.register_template(TEMPLATE)
    begin = len(emulator.trace)
    life.synthesise()
    life.apply()
    seen = [(event.kind, event.template_id == new) for event in emulator.trace[begin:]]
    ready = [number for number, one in enumerate(seen) if one == ("volume-ready", True)]
    gone = [number for number, one in enumerate(seen) if one == ("vm-expunged", False)]
    require(bool(ready and gone) and max(ready) < min(gone), f"the order of the rotation was {seen}")


def held(emulator: Emulator) -> set[tuple[str, str]]:
    """The copies that are on pools: template's id and pool's name."""
    return {(copy.template_id, copy.pool_name) for copy in emulator.copies()}


def require(true: bool, otherwise: str) -> None:
    """End everything unless it is true."""
    if not true:
        sys.exit(otherwise)


if __name__ == "__main__":
    main(sys.argv[1])
