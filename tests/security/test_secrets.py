"""No key and no signature in any output, file, plan or state, whatever goes well or wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudstack_emulator import Emulator
from tests.secret_search import secrets_in
from tests.security.life import DEBIAN, SYSTEM, Life
from tests.terraform_cli import Terraform

ALWAYS = 1000


@pytest.fixture
def life(emulator: Emulator, tmp_path: Path, terraform_settings: dict[str, str]) -> Iterator[Life]:
    terraform = Terraform(tmp_path / "stack", {**terraform_settings, **emulator.environment()})
    life = Life(emulator, tmp_path, terraform, emulator.pins)
    life.declare(SYSTEM)
    yield life
    assert_silent(life)


def assert_silent(life: Life) -> None:
    """Search all that was said and written; only Terraform's provider may show an address, and never the secret."""
    for where, text in [*life.said, *((str(path), text) for path, text in life.files.items())]:
        assert secrets_in(text, by_terraform=where.startswith("terraform")) == [], where
        assert life.emulator.pins.secret_key not in text, where


def quoting(emulator: Emulator) -> str:
    """A text of CloudStack that quotes what it was sent, as some proxies and plugins do."""
    keys = emulator.pins
    return f"bad request: command=x&apiKey={keys.api_key}&signature=c2ln%3D (secret {keys.secret_key})"


@pytest.mark.terraform
def test_a_life_with_a_failed_rotation_shows_none(life: Life) -> None:
    life.run("bootstrap", str(life.set_folder), "--yes")
    life.lock()
    life.apply().checked()
    life.look(live=True)
    life.emulator.register_template(DEBIAN)
    life.lock()
    life.emulator.fail("startVirtualMachine", count=ALWAYS, text=quoting(life.emulator))

    assert not life.apply().ok

    said = " ".join(life.said[-1][1].split())
    assert "CloudStack said: 530 bad request: command=x&apiKey=REDACTED&signature=REDACTED (secret REDACTED)" in said
    life.run("status", str(life.set_folder), ends=(3,))


@pytest.mark.terraform
def test_a_call_of_the_provider_that_fails_never_shows_the_secret(life: Life) -> None:
    life.run("bootstrap", str(life.set_folder), "--yes")
    life.lock()
    life.emulator.fail("deployVirtualMachine", count=ALWAYS, kind="dropped")

    assert not life.apply().ok


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "error"}, id="error that quotes the request"),
        pytest.param({"kind": "refuse-key"}, id="401"),
        pytest.param({"kind": "dropped"}, id="no reply"),
        pytest.param({"kind": "reset"}, id="half a reply"),
        pytest.param({"kind": "malformed"}, id="half a JSON"),
        pytest.param({"kind": "html502"}, id="page of a proxy"),
    ],
)
@pytest.mark.parametrize("command", ["bootstrap", "lock"])
def test_errors_show_none(life: Life, command: str, fault: dict[str, str]) -> None:
    text = quoting(life.emulator)
    life.emulator.fail("listZones", count=ALWAYS, text=text, **fault)  # type: ignore[arg-type]

    said = life.run(command, str(life.set_folder), ends=(1,))

    assert said.splitlines()[-1].startswith("cloudstack-pins: ")


@pytest.mark.parametrize(
    "access",
    [
        pytest.param({"CLOUDSTACK_SECRET_KEY": "Wr0ng" + "x" * 81}, id="wrong secret"),
        pytest.param({"CLOUDSTACK_API_KEY": "Wr0ng" + "x" * 81}, id="wrong key"),
        pytest.param({"CLOUDSTACK_API_KEY": ""}, id="no key"),
        pytest.param({"CLOUDSTACK_SECRET_KEY": "Wr0ng" + "x" * 81 + " "}, id="secret with a blank"),
        pytest.param({"CLOUDSTACK_API_URL": "http://127.0.0.1:1/client/api"}, id="nobody there"),
        pytest.param({"CLOUDSTACK_API_URL": "http://me:Wr0ng" + "x" * 81 + "@127.0.0.1/"}, id="password in the URL"),
    ],
)
def test_a_wrong_access_is_told_without_it(life: Life, access: dict[str, str]) -> None:
    said = life.run("lock", str(life.set_folder), ends=(1,), more=access)

    assert "Wr0ng" not in said
