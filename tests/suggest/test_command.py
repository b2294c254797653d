"""The command: its options, its JSON, and the change that a pull request shows."""

from __future__ import annotations

import json
import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
import typer

from cloudstack_pins import cli, declaration
from cloudstack_pins.commands.suggest import parse_since
from cloudstack_pins.suggest.render import schema
from tests.security.hostile import PAYLOADS, assert_harmless, assert_shown, named
from tests.suggest.conftest import MakeStage
from tests.suggest.stage import DAY, DEBIAN, TOML, UBUNTU, Stage

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "at"),
    [
        pytest.param("30d", NOW - 30 * DAY, id="days"),
        pytest.param("7", NOW - 7 * DAY, id="number"),
        pytest.param("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC).timestamp(), id="date"),
        pytest.param("2026-11-24", NOW - DAY / 2, id="today"),
    ],
)
def test_since_is_a_date_or_a_number_of_days(text: str, at: float) -> None:
    assert parse_since(text, NOW) == at


@pytest.mark.parametrize(
    "text",
    ["", "d", "0d", "-3d", "³d", "3 d", "2026-11-25", "2026-13-01", "1970-01-01", "soon", "9999999d", "99999999999999"],
)
def test_a_since_that_is_neither_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="neither a past date"):
        parse_since(text, NOW)


@pytest.fixture
def stage(make_stage: MakeStage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A set whose one pin nobody uses, in a cloud with 40 days of records that end now."""
    stage = make_stage(start=time.time() - 40 * DAY)
    for name, value in stage.emulator.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "200")
    stage.lock()
    stage.pin()
    stage.emulator.advance(30 * DAY)
    stage.use(UBUNTU, 8)
    stage.emulator.advance(8 * DAY)
    return stage


def test_write_changes_pins_toml_once_and_lock_takes_it(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    folder, path = stage.folder, stage.folder / "pins.toml"

    assert cli.main(["suggest", str(folder), "--write"]) == 0
    first, said = path.read_text("utf-8"), capsys.readouterr()
    # Without a lock that fits, and with one.
    assert cli.main(["suggest", str(folder), "--write"]) == 0
    assert "nothing to change" in capsys.readouterr().out
    assert cli.main(["lock", str(folder)]) == 0
    assert cli.main(["suggest", str(folder), "--write"]) == 0

    assert path.read_text("utf-8") == first
    assert "1 to add, 0 to keep, 1 to drop, by usage records" in said.out
    assert f"written; run `cloudstack-pins lock {folder}` and open a pull request" in said.out
    # Comments stay, also above what went; a reviewer sees them.
    head, _, _ = TOML.partition("[templates.debian-12]")
    assert first == head + f'\n[templates.ubuntu-24-04-x86-64]\ntemplate = "{UBUNTU}"\nstorage_tags = ["gold"]\n'
    assert list(declaration.load(folder).templates) == ["ubuntu-24-04-x86-64"]


def test_json_on_standard_output_is_only_json_and_without_write_nothing_is_written(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in stage.folder.iterdir()}

    assert cli.main(["suggest", str(stage.folder), "--json", "-", "--since", "20d", "--copy-rate", "200"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {path.name: path.read_bytes() for path in stage.folder.iterdir()} == before

    jsonschema.validate(document, schema(), cls=jsonschema.Draft202012Validator)
    assert (document["copy_rate"], document["copy_rate_mib_per_second"]) == ("assumed", 200)
    advised = {one["template"]: one["advice"] for one in document["suggestions"]}
    assert advised == {UBUNTU: "add", "Debian 12 (x86_64)": "drop"}

    assert cli.main(["suggest", str(stage.folder), "--json", "-", "--write"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["set"] == "sandbox"
    assert "written; run" in printed.err


def test_terms_are_options(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "advice.json"
    for options, advice in ((["--min-deploys", "20"], "leave"), (["--min-accounts", "3"], "leave"), ([], "add")):
        assert cli.main(["suggest", str(stage.folder), "--json", str(path), *options]) == 0
        found = {one["template"]: one["advice"] for one in json.loads(path.read_text("utf-8"))["suggestions"]}
        assert found[UBUNTU] == advice


@pytest.mark.parametrize("options", [["--copy-rate", "nan"], ["--min-deploys", "inf"], ["--copy-rate", "0"]])
def test_numbers_that_are_none_are_refused(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["suggest", str(tmp_path), *options]) == 1
    assert "cloudstack-pins: " in capsys.readouterr().err


def test_a_hostile_name_stays_text(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    for template in stage.emulator.world.templates.values():
        if template.name == UBUNTU:
            template.name = "\x1b[31m[bold]red\u202e"

    assert cli.main(["suggest", str(stage.folder), "--write"]) == 0

    out = capsys.readouterr().out
    assert "\x1b" not in out and "\u202e" not in out
    assert "\\x1b[31m[bold]red\\u202e" in out
    assert "pins.toml takes no such name; rename the template" in " ".join(out.split())


def test_what_write_puts_into_pins_toml_is_the_name_and_nothing_else(
    make_stage: MakeStage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = make_stage(start=time.time() - 20 * DAY)
    for variable, value in stage.emulator.environment().items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("COLUMNS", "1000")
    stage.lock()
    names = [named(f"W{number}x", number) for number in range(len(PAYLOADS))]
    for name in names:
        stage.emulator.register_template(name)
        for account in ("user", "admin") * 3:
            stage.deploy(name, account=account)
    stage.emulator.advance(20 * DAY)
    writable = {name for name in names if name.isprintable()}
    assert 0 < len(writable) < len(names)

    assert cli.main(["suggest", str(stage.folder), "--write"]) == 0

    said, text = capsys.readouterr(), (stage.folder / "pins.toml").read_text("utf-8")
    assert_harmless(said.out + said.err)
    assert_shown(names, said.out)
    assert text.replace("\n", "").isprintable()
    declared = tomllib.loads(text)
    assert {one["template"] for one in declared["templates"].values()} == {DEBIAN, *writable}
    assert {tuple(one) for one in declared["templates"].values()} == {("template", "storage_tags")}
    assert {name: declared[name] for name in tomllib.loads(TOML) if name != "templates"} == {
        name: value for name, value in tomllib.loads(TOML).items() if name != "templates"
    }
    assert text.startswith(TOML.partition("[templates.debian-12]")[0])
    assert cli.main(["lock", str(stage.folder)]) == 0
