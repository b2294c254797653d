"""SECURITY.md's table of rights: enough for the whole life of a set, and nothing in it that is not used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudstack_emulator import Emulator
from tests.security.life import CALLER, DEBIAN, SYSTEM, Life
from tests.terraform_cli import Terraform

UBUNTU = "Ubuntu 24.04 (x86_64)"
SECURITY = Path(__file__).parents[2] / "SECURITY.md"


def rights(*, user: bool) -> set[str]:
    """The commands of the table; ``user``: of its rows for the User role only."""
    found: set[str] = set()
    rows = re.findall(r"^\| (.+) \| (`.+`) \| *(yes)? *\|$", SECURITY.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) >= 5
    for _, commands, is_users in rows:
        if is_users or not user:
            found |= set(re.findall(r"`([A-Za-z]+)`", commands))
    return found


@pytest.fixture
def life(emulator: Emulator, tmp_path: Path, terraform_settings: dict[str, str]) -> Iterator[Life]:
    terraform = Terraform(tmp_path / "stack", {**terraform_settings, **emulator.environment()})
    yield Life(emulator, tmp_path, terraform, emulator.pins)


def called(emulator: Emulator, account: str) -> set[str]:
    return {request.command for request in emulator.requests if request.account == account}


def spoil_a_pin(emulator: Emulator) -> None:
    """Restore a pin from another template, as somebody might by hand."""
    rows = emulator.call("listVirtualMachines", listall=True)["virtualmachine"]
    pin = next(row["id"] for row in rows if row["state"] == "Stopped")
    other = emulator.call("listTemplates", templatefilter="all", name=UBUNTU)["template"][0]["id"]
    emulator.call("restoreVirtualMachine", virtualmachineid=pin, templateid=other)


@pytest.mark.terraform
def test_a_role_of_type_admin_with_these_commands_lives_the_whole_life_and_uses_each(life: Life) -> None:
    emulator = life.emulator
    emulator.restrict("pins", rights(user=False))
    life.declare(SYSTEM)

    life.run("bootstrap", str(life.set_folder), "--yes")
    life.lock()
    life.apply().checked()
    life.look(live=True)
    emulator.register_template(DEBIAN)
    life.lock()
    life.apply().checked()
    spoil_a_pin(emulator)
    emulator.fail("startVirtualMachine", count=3)
    life.run("activate", str(life.terraform.stack), ends=(1,))
    life.run("activate", str(life.terraform.stack))
    life.run("verify", str(life.set_folder), "--yes")
    life.destroy().checked()

    assert called(emulator, "pins") == rights(user=False)


@pytest.mark.terraform
def test_a_role_of_type_user_with_its_rows_lives_the_whole_life_and_uses_each(life: Life) -> None:
    emulator = life.emulator
    emulator.restrict("user", rights(user=True))
    life.keys = emulator.user
    life.terraform.environment |= emulator.environment(emulator.user)
    life.declare(CALLER)

    life.lock()
    life.apply().checked()
    life.look(live=False)
    emulator.register_template(DEBIAN)
    life.lock()
    life.apply().checked()
    spoil_a_pin(emulator)
    life.run("activate", str(life.terraform.stack))
    life.destroy().checked()

    refused = {"listConfigurations", "listStoragePools"}
    assert called(emulator, "user") - refused == rights(user=True)


@pytest.mark.parametrize("missing", sorted(rights(user=True) & {"listZones", "listTemplates", "listNetworks"}))
def test_a_right_that_is_missing_is_named(life: Life, missing: str) -> None:
    life.emulator.restrict("user", rights(user=True) - {missing})
    life.keys = life.emulator.user
    life.declare(CALLER)

    said = life.run("lock", str(life.set_folder), ends=(1,))

    assert f"The API [{missing}] does not exist or is not available for the account user" in said
    assert "use the key of an account whose role allows this command" in said
