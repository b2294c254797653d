"""What the pages about HCP Terraform and the Containerfile say can be done."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cloudstack_pins import declaration
from cloudstack_pins.cli import COMMANDS
from cloudstack_pins.run_task.settings import load

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted((ROOT / "docs" / "hcp-terraform").glob("*.md"))
CONTAINERFILE = (ROOT / "Containerfile").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(rf"```{language}\n(.*?)```", PAGES_TEXT, re.DOTALL)
    assert found
    return found


PAGES_TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


def test_the_set_of_the_page_can_be_read(tmp_path: Path) -> None:
    [text] = [block for block in blocks("toml") if "pins.toml" in block]
    read = declaration.parse(text, tmp_path / "prod" / "pins.toml")

    assert read.activation.mode == "run-task"
    assert read.cloud is not None
    assert read.cloud.workspace == "pins-prod"


def test_the_settings_of_the_page_can_be_read(tmp_path: Path) -> None:
    [text] = [block for block in blocks("toml") if "run-task.toml" in block]
    path = tmp_path / "run-task.toml"
    path.write_text(text, encoding="utf-8")

    assert load(path, {"CLOUDSTACK_PINS_HMAC_KEY": "key"}).serves("acme", "pins-prod")


def test_every_command_of_the_pages_exists() -> None:
    lines = [line for block in blocks("console") for line in block.splitlines() if "$ cloudstack-pins " in line]
    assert lines
    for line in lines:
        words = line.split("$ cloudstack-pins ")[1].split()
        asked = words[:2] if words[0] == "run-task" else words[:1]
        assert words[0] in COMMANDS
        ran = subprocess.run(
            [sys.executable, "-m", "cloudstack_pins", *asked, "--help"], capture_output=True, text=True, check=True
        )
        assert [word for word in words if word.startswith("--") and word not in ran.stdout] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_says_what_was_not_run_and_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.search("not run", text, re.IGNORECASE)
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (page.parent / link).exists(), link


def test_the_containerfile_copies_what_there_is_and_starts_a_command_that_exists() -> None:
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE):
        assert [name for name in sources.split() if not (ROOT / name).exists()] == []
    command = re.findall(r"^CMD \[(.*)\]$", CONTAINERFILE, re.MULTILINE)[0].replace('"', "").split(", ")
    shown = subprocess.run(
        [sys.executable, "-m", "cloudstack_pins", *command[:2], "--help"], capture_output=True, text=True, check=True
    )
    assert [word for word in command if word.startswith("--") and word not in shown.stdout] == []


def test_the_image_has_what_the_service_imports_and_nothing_of_cdktf() -> None:
    """What the Containerfile leaves out of requirements.txt is not needed: all else is there by name."""
    pattern = re.findall(r"grep -vE '([^']+)'", CONTAINERFILE)[0]
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    kept = {line.split("==")[0] for line in lines if "==" in line and not re.match(pattern, line)}
    assert "cdktf" not in kept
    assert {"cs", "ijson", "jinja2", "prometheus-client", "requests", "rich", "starlette", "tomlkit", "typer"} <= kept

    hidden = "import sys\nfor name in ('cdktf', 'cdktn', 'constructs', 'jsii'):\n    sys.modules[name] = None\n"
    service = "import cloudstack_pins.run_task.stages, cloudstack_pins.run_task.app, cloudstack_pins.commands.run_task"
    subprocess.run([sys.executable, "-c", hidden + service], check=True)
