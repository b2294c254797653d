"""The table of modelled commands is written between its markers, and found stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloudstack_emulator.coverage import BEGIN, END, main
from cloudstack_emulator.registry import COMMANDS


def test_the_table_names_every_command(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nstale table\n{END}\nafter\n")

    assert main([str(readme), "--check"]) == 1
    assert main([str(readme)]) == 0
    assert main([str(readme), "--check"]) == 0

    text = readme.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "stale table" not in text
    assert [name for name in COMMANDS if f"| `{COMMANDS[name].name}` |" not in text] == []


def test_every_command_says_what_it_does() -> None:
    assert [one.name for one in COMMANDS.values() if not one.function.__doc__] == []


def test_a_file_without_markers_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("nothing\n")

    assert main([str(readme)]) == 1
    assert readme.read_text() == "nothing\n"
    assert "no markers" in capsys.readouterr().err
