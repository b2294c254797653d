"""A set that an earlier release applied: the code of today plans nothing for it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cloudstack_emulator import Emulator
from cloudstack_pins import pin_set, roster
from cloudstack_pins.cli import main
from tests.terraform_cli import Terraform
from tests.upgrade.make_fixture import FIXTURES

RELEASES = sorted(path.name for path in FIXTURES.iterdir())


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> Path:
    return FIXTURES / str(request.param)


def resources(state: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found = [resource for resource in state["resources"] if resource["type"] == kind]
    return [instance["attributes"] for resource in found for instance in resource["instances"]]


def made_again(emulator: Emulator, state: dict[str, Any]) -> dict[str, str]:
    """Make in the emulator what the state knows, and return the new id of each old one."""
    ids: dict[str, str] = {}
    for offering in resources(state, "cloudstack_service_offering_fixed"):
        answer = emulator.call(
            "createServiceOffering",
            name=offering["name"],
            displaytext=offering["display_text"],
            cpunumber=offering["cpu_number"],
            cpuspeed=offering["cpu_speed"],
            memory=offering["memory"],
            tags=offering["disk_offering"]["storage_tags"],
            storagetype=offering["disk_offering"]["storage_type"],
            dynamicscalingenabled=offering["dynamic_scaling_enabled"],
            isvolatile=offering["is_volatile"],
            limitcpuuse=offering["limit_cpu_use"],
            offerha=offering["offer_ha"],
        )
        ids[offering["id"]] = answer["serviceoffering"]["id"]
    for pin in resources(state, "cloudstack_instance"):
        deployed = emulator.call(
            "deployVirtualMachine",
            keys=emulator.pins,
            templateid=pin["template"],
            zoneid=pin["zone"],
            serviceofferingid=ids.get(pin["service_offering"], pin["service_offering"]),
            networkids=pin["network_id"],
            displayname=pin["display_name"],
            name=pin["name"],
            startvm=False,
        )
        ids[pin["id"]] = deployed["virtualmachine"]["id"]
        tags = {
            f"tags[{index}].{part}": text
            for index, tag in enumerate(sorted(pin["tags"].items()))
            for part, text in zip(("key", "value"), tag, strict=True)
        }
        parameters: dict[str, Any] = {"resourceids": ids[pin["id"]], "resourcetype": "UserVm", **tags}
        emulator.call("createTags", **parameters)
    return ids


@pytest.fixture
def folder(release: Path, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The release's set, in a CloudStack that has the set's network."""
    folder = tmp_path / "upgraded"
    folder.mkdir()
    for name in ("pins.toml", "pins.lock.json"):
        shutil.copy(release / name, folder / name)
    for name, value in emulator.environment().items():
        monkeypatch.setenv(name, value)
    assert main(["bootstrap", str(folder), "--yes"]) == 0
    return folder


@pytest.mark.terraform
def test_what_an_earlier_release_made_is_a_clean_plan(
    release: Path, folder: Path, emulator: Emulator, terraform: Terraform
) -> None:
    text = (release / "state.json").read_text(encoding="utf-8")
    for old, new in made_again(emulator, json.loads(text)).items():
        text = text.replace(old, new)
    terraform.write(pin_set.load(folder))
    (terraform.folder / "terraform.tfstate").write_text(text, encoding="utf-8")

    planned = terraform.plan().checked()

    assert not planned.changes, planned.output


def test_the_lock_of_an_earlier_release_is_current(folder: Path) -> None:
    assert main(["lock", "--check", str(folder)]) == 0


def test_the_stack_of_an_earlier_release_can_still_be_activated(release: Path) -> None:
    assert roster.from_stack(release / "cdk.tf.json").pins
