"""The real Terraform with the real provider, in a folder of its own, for tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cloudstack_emulator import Emulator
    from cloudstack_pins.model import PinSet

ROOT = Path(__file__).parent.parent
SECONDS = 240.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one Terraform command ended; ``output`` is stdout and stderr in the order of writing."""

    command: tuple[str, ...]
    exit_code: int
    output: str

    @property
    def ok(self) -> bool:
        """Whether the command succeeded; a plan with changes has."""
        return self.exit_code in ((0, 2) if self.command[0] == "plan" else (0,))

    @property
    def changes(self) -> bool:
        """Whether a plan found something to do."""
        return self.command[0] == "plan" and self.exit_code == 2

    def checked(self) -> Outcome:
        """Return this outcome, or fail the test with what Terraform said."""
        assert self.ok, f"terraform {' '.join(self.command)}: exit {self.exit_code}\n{self.output}"
        return self


class Terraform:
    """Terraform, or what TERRAFORM_BINARY_NAME says, in one folder, which holds one stack's ``cdk.tf.json``.

    Every command initialises the folder first when that is due. None of them raises when Terraform fails: look at
    ``outcome.ok``, or say ``outcome.checked()``.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = dict(environment)
        self.seconds = SECONDS

    @property
    def program(self) -> str:
        """The command to run, named as for cdktf."""
        return self.environment.get("TERRAFORM_BINARY_NAME", "terraform")

    @property
    def stack(self) -> Path:
        """The stack's JSON, as ``cloudstack-pins activate`` reads it."""
        return self.folder / "cdk.tf.json"

    def write(self, what: PinSet | Mapping[str, Any]) -> None:
        """Write the stack's JSON: of a pin set, without cdktf in between, or a document as it is."""
        from cloudstack_pins.stack_document import stack_document
        from cloudstack_pins.terraform_json import rendered
        from cloudstack_pins.terraform_settings import Backend

        beside = Backend(type="local", settings={})
        document = what if isinstance(what, Mapping) else stack_document(what, terraform=beside)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.stack.write_text(rendered(document), encoding="utf-8")

    def init(self) -> Outcome:
        """Run ``terraform init``."""
        return self.run("init", "-no-color", "-input=false")

    def validate(self) -> Outcome:
        """Run ``terraform validate``."""
        self._initialise()
        return self.run("validate", "-no-color")

    def plan(self, *arguments: str, out: str = "plan.bin") -> Outcome:
        """Plan into the file ``out``; ``outcome.changes`` says whether there is something to do."""
        self._initialise()
        return self.run("plan", "-no-color", "-input=false", "-detailed-exitcode", f"-out={out}", *arguments)

    def apply(self, *arguments: str) -> Outcome:
        """Apply, without asking."""
        self._initialise()
        return self.run("apply", "-no-color", "-input=false", "-auto-approve", *arguments)

    def destroy(self, *arguments: str) -> Outcome:
        """Destroy all, without asking."""
        self._initialise()
        return self.run("destroy", "-no-color", "-input=false", "-auto-approve", *arguments)

    def show_json(self, plan: str = "plan.bin") -> dict[str, Any]:
        """Return ``terraform show -json`` of a plan that ``plan`` has written."""
        document: dict[str, Any] = json.loads(self.run("show", "-json", plan, merge=False).checked().output)
        return document

    def state(self) -> list[str]:
        """Return the addresses in the state."""
        self._initialise()
        return self.run("state", "list").output.split()

    def run(self, *command: str, merge: bool = True) -> Outcome:
        """Run any Terraform command, for ``self.seconds`` at most; ``merge`` puts stderr into the output."""
        done = subprocess.run(
            [self.program, *command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merge else subprocess.PIPE,
            text=True,
            timeout=self.seconds,
            check=False,
        )
        return Outcome(command=command, exit_code=done.returncode, output=done.stdout)

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own, for tests that interrupt it; use as a context manager."""
        self._initialise()
        return subprocess.Popen(
            [self.program, *command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _initialise(self) -> None:
        if not (self.folder / ".terraform").exists():
            self.init().checked()


def settings_for_terraform() -> dict[str, str]:
    """Return an environment in which Terraform finds the provider and our commands, and nothing of this machine's."""
    provided = subprocess.run(
        [sys.executable, "-m", "toolchain.terraform_provider"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert provided.returncode == 0, provided.stderr
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "CLOUDSTACK_", "CDKTF_"))}
    return {
        **kept,
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
        "TF_CLI_CONFIG_FILE": provided.stdout.strip(),
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "CI": "true",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        "PYTHONWARNINGS": "ignore",
    }


@pytest.fixture(scope="session")
def terraform_settings() -> dict[str, str]:
    """``settings_for_terraform``, asked for once."""
    return settings_for_terraform()


@pytest.fixture
def offline_terraform(tmp_path: Path, terraform_settings: dict[str, str]) -> Terraform:
    """Terraform in an empty folder, with the provider and without any CloudStack."""
    folder = tmp_path / "stack"
    folder.mkdir()
    return Terraform(folder, terraform_settings)


@pytest.fixture
def terraform(tmp_path: Path, terraform_settings: dict[str, str], emulator: Emulator) -> Iterator[Terraform]:
    """Terraform in an empty folder, with the provider and the keys of the emulator's account ``pins``."""
    folder = tmp_path / "stack"
    folder.mkdir()
    yield Terraform(folder, {**terraform_settings, **emulator.environment()})
