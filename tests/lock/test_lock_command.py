from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cloudstack_emulator import Emulator
from cloudstack_pins import cli, pin_set

SANDBOX = Path(__file__).parents[2] / "stacks" / "sandbox"


@pytest.fixture
def folder(tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example set without its lock, on an emulator with the network that bootstrap makes."""
    for name, value in emulator.environment().items():
        monkeypatch.setenv(name, value)
    found = tmp_path / "sandbox"
    found.mkdir()
    shutil.copy(SANDBOX / "pins.toml", found)
    assert cli.main(["bootstrap", str(found), "--yes"]) == 0
    return found


def test_the_committed_lock_is_what_lock_writes_on_the_emulator(folder: Path) -> None:
    assert cli.main(["lock", str(folder)]) == 0

    assert (folder / "pins.lock.json").read_bytes() == (SANDBOX / "pins.lock.json").read_bytes()
    assert [pin.key for pin in pin_set.load(SANDBOX).pins] == [
        "debian-12_gold_PS0",
        "debian-12_gold_PS1",
        "debian-12_silver_PS2",
        "debian-12_silver_PS3",
        "ubuntu-24-04_gold_PS0",
        "ubuntu-24-04_gold_PS1",
    ]


def test_check_says_with_3_that_a_lock_is_stale_and_writes_nothing(
    folder: Path, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "pins.lock.json"
    assert cli.main(["lock", str(folder), "--check"]) == 3
    assert not path.exists()
    assert cli.main(["lock", str(folder)]) == 0
    assert cli.main(["lock", str(folder), "--check"]) == 0
    written = path.read_bytes()
    emulator.register_template("Debian 12 (x86_64)")
    capsys.readouterr()

    assert cli.main(["lock", str(folder), "--check"]) == 3

    said = capsys.readouterr()
    assert path.read_bytes() == written
    assert f"{path}: is stale; run `cloudstack-pins lock {folder}`" in said.out
    assert "debian-12: new template registered" in said.out
    assert "warning: " in said.err


def test_a_lock_that_was_edited_by_hand_is_stale(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "pins.lock.json"
    cli.main(["lock", str(folder)])
    path.write_text(path.read_text(encoding="utf-8").replace("\n  ", "\n "), encoding="utf-8")
    capsys.readouterr()

    assert cli.main(["lock", str(folder), "--check"]) == 3
    assert "not as `lock` writes it" in capsys.readouterr().out


def test_one_set_that_cannot_be_resolved_leaves_the_other_unwritten(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "pins.toml").write_text('zone = "nowhere"\nnetwork = "n"\n', encoding="utf-8")

    assert cli.main(["lock", str(folder), str(other)]) == 1

    assert not (folder / "pins.lock.json").exists()
    assert f"cloudstack-pins: {other / 'pins.toml'}: zone: there is no zone 'nowhere'" in capsys.readouterr().err


def test_names_from_cloudstack_cannot_act_on_the_terminal(
    folder: Path, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["lock", str(folder)])
    pool = next(pool for pool in emulator.world.pools.values() if pool.name == "PS0")
    pool.name = "PS0\x1b[31m"
    capsys.readouterr()

    cli.main(["lock", str(folder)])

    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "pool PS0 is now named PS0" in out
