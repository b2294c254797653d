from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cloudstack_emulator import Emulator
from cloudstack_pins import cli, pin_set
from cloudstack_pins.plain import plain
from cloudstack_pins.resolution.markdown import to_markdown
from tests.markdown import markup

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


HOSTILE = [
    "@org/team", "![i](http://evil.example)", "[l](javascript:alert(1))", "<img src=x>", "<!-- ", "</code>@admin",
    "`@admin`", "```\n@admin", "\n\n# h\n", "|a|b|", "http://evil.example", "#1", "**b**", "a" * 255, "|" * 255,
    "&#64;a",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_the_description_of_a_pull_request_shows_names_and_obeys_none(
    name: str, folder: Path, emulator: Emulator, tmp_path: Path
) -> None:
    template = next(one for one in emulator.world.templates.values() if one.name == "Debian 12 (x86_64)")
    pins = (folder / "pins.toml").read_text(encoding="utf-8")
    pins = pins.replace(f'template = "{template.name}"', f'template_id = "{template.id}"')
    (folder / "pins.toml").write_text(pins, encoding="utf-8")
    path = tmp_path / "changes.md"
    assert cli.main(["lock", str(folder)]) == 0
    template.name = f"seen{name}"

    assert cli.main(["lock", str(folder), "--check", "--markdown", str(path)]) == 3

    text = path.read_text(encoding="utf-8")
    shown = markup(text)
    assert shown.blocks == ["paragraph_open", "bullet_list_open", "list_item_open", "paragraph_open"]
    assert f"debian-12: template is seen{plain(name)}, was Debian 12 (x86_64)" in shown.words
    assert shown.html <= {"<code>", "</code>"}
    assert (shown.links, shown.bare) == ([], " is stale")
    assert "@" not in text


def test_what_is_too_long_for_a_description_is_counted() -> None:
    text = to_markdown([("a/pins.lock.json", "written", ["|" * 255] * 100), ("b", "written", ["x"])], budget=9000)

    assert len(text) < 9200
    assert text.startswith("`a/pins.lock.json` written\n\n- <code>")
    assert "Lines left out for length: 97. `cloudstack-pins lock --check` prints them all." in text
