"""What the README says can be done: its commands, its options, its declaration, its program."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cloudstack_pins import declaration
from cloudstack_pins.cli import COMMANDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def row(command: str) -> str:
    [found] = [line for line in README.splitlines() if line.startswith(f"| `cloudstack-pins {command}")]
    return found


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_its_row_and_every_option_in_it_exists(command: str) -> None:
    arguments = ["run-task", "serve"] if command == "run-task" else [command]
    shown = subprocess.run(
        [sys.executable, "-m", "cloudstack_pins", *arguments, "--help"], capture_output=True, text=True, check=True
    )
    for option in re.findall(r"--[a-z-]+", row(command)):
        assert option in shown.stdout, option


def test_every_command_that_is_shown_exists() -> None:
    used = set(re.findall(r"cloudstack-pins ([a-z-]+)", "\n".join(blocks("console"))))
    assert used
    assert used <= set(COMMANDS)


@pytest.mark.parametrize("number", range(2))
def test_the_declarations_can_be_read(number: int, tmp_path: Path) -> None:
    assert declaration.parse(blocks("toml")[number], tmp_path / "sandbox" / "pins.toml").templates


def test_the_program_synthesises(tmp_path: Path) -> None:
    [program] = blocks("python")
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr
    assert "cloudstack_instance.debian-12_gold_PS0" in ran.stdout
    assert (tmp_path / "cdktf.out" / "stacks" / "pins" / "cdk.tf.json").exists()


def test_make_has_the_two_commands() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make ([a-z]+)", "\n".join(blocks("console"))):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def test_the_table_of_the_emulator_is_current() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "cloudstack_emulator.coverage", "README.md", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
