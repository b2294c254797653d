"""Every command of the pages is run, in order, in a copy of the project, against the emulator."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cloudstack_emulator import Emulator
from tests.docs.pages import ROOT, Command, Event, steps

pytestmark = pytest.mark.terraform

COPIED = ("main.py", "cdktf.json", "constructs", "stacks")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what a checkout holds, as far as the commands need it."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return folder


@pytest.fixture
def environment(terraform_settings: Mapping[str, str], emulator: Emulator) -> dict[str, str]:
    path = os.pathsep.join((str(ROOT / "node_modules" / ".bin"), terraform_settings["PATH"]))
    return {**terraform_settings, **emulator.environment(), "PATH": path, "COLUMNS": "200", "NO_COLOR": "1"}


def run(command: Command, project: Path, environment: Mapping[str, str]) -> None:
    """Run one line; what it needs of a real site comes from the emulator instead."""
    if command.line.startswith("export CLOUDSTACK_API_URL="):
        return
    # The provider comes from a folder here, and cdktf would ask the registry for its checksums.
    line = re.sub(r"^(cdktf (?:diff|deploy) .*)$", r"\1 --skip-provider-lock", command.line)
    ran = subprocess.run(
        ["bash", "-c", line], cwd=project, env=environment, capture_output=True, text=True, check=False, timeout=240
    )
    told = ran.stdout + ran.stderr
    assert ran.returncode == command.status, f"{line}: {ran.returncode}\n{told}"
    assert "Traceback" not in told
    for promised in re.findall(r"^([a-z0-9-]+: [^.]*?)(?: \.\.\.)?$", command.comment):
        assert promised in told, f"{line} does not say {promised!r}:\n{told}"


def happen(event: Event, emulator: Emulator, project: Path) -> None:
    """Do what the page says has happened."""
    match event.words.split(maxsplit=1):
        case ["register", name]:
            emulator.register_template(name)
        case ["tag", rest]:
            pool, tag = rest.split()
            [found] = emulator.call("listStoragePools", name=pool)["storagepool"]
            emulator.call("updateStoragePool", id=found["id"], tags=f"{found['tags']},{tag}")
        case ["remove", key]:
            declaration = project / "stacks" / "prod" / "pins.toml"
            text = declaration.read_text(encoding="utf-8")
            declaration.write_text(re.sub(rf"\n\[templates\.{key}\]\n(?:.+\n)+", "\n", text), encoding="utf-8")
        case ["restore-a-pin"]:
            emulator.call("restoreVirtualMachine", virtualmachineid=a_pin(emulator))
        case ["expunge-a-pin"]:
            emulator.call("destroyVirtualMachine", id=a_pin(emulator), expunge=True)
        case _:
            pytest.fail(f"the page's event {event.words!r} is not known here")


def a_pin(emulator: Emulator) -> str:
    tag: dict[str, Any] = {"tags[0].key": "cloudstack-pins/set", "tags[0].value": "prod"}
    return str(emulator.call("listVirtualMachines", listall=True, **tag)["virtualmachine"][0]["id"])


def test_the_first_set(emulator: Emulator, project: Path, environment: dict[str, str]) -> None:
    for step in steps("first-set.md"):
        assert isinstance(step, Command)
        run(step, project, environment)
    assert (project / "status.html").exists()
    assert (project / "pins.prom").exists()


@pytest.mark.parametrize("page", ["rotation.md", "new-pool.md", "retiring-a-template.md", "recovering.md"])
def test_what_comes_later(page: str, emulator: Emulator, project: Path, environment: dict[str, str]) -> None:
    shutil.copytree(project / "stacks" / "sandbox", project / "stacks" / "prod")
    (project / "stacks" / "prod" / "pins.lock.json").unlink()
    for line in (
        "cloudstack-pins bootstrap stacks/prod --yes",
        "cloudstack-pins lock stacks/prod",
        f"{sys.executable} main.py",
        "terraform -chdir=cdktf.out/stacks/prod init -input=false",
        "terraform -chdir=cdktf.out/stacks/prod apply -input=false -auto-approve",
    ):
        run(Command(line, 0, ""), project, environment)
    for step in steps(page):
        if isinstance(step, Event):
            happen(step, emulator, project)
        else:
            run(step, project, environment)


def test_every_page_is_run() -> None:
    run_here = {"first-set.md", "rotation.md", "new-pool.md", "retiring-a-template.md", "recovering.md"}
    generated = {"faults.md"}
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - generated == run_here
