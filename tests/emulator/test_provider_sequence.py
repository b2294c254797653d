"""The real Terraform with the real provider makes the calls that were recorded, in their order."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from cloudstack_emulator import Emulator

RECORDED = Path(__file__).parent / "recordings" / "sequences" / "provider-instance-0.6.0.json"
TRANSPORT = {"apiKey", "signature", "expires", "response", "signatureversion", "command"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Call = tuple[str, str, dict[str, str]]


def call(method: str, command: str, params: Mapping[str, str]) -> Call:
    shown = {name: UUID.sub("<uuid>", value) for name, value in sorted(params.items()) if name not in TRANSPORT}
    return method, command, shown


def without_repeated_polls(calls: Iterable[Call]) -> list[Call]:
    kept: list[Call] = []
    for one in calls:
        if not (one[1] == "queryAsyncJobResult" and kept and kept[-1][1] == "queryAsyncJobResult"):
            kept.append(one)
    return kept


def recorded_steps() -> list[list[Call]]:
    return [
        without_repeated_polls(call(one["method"], one["params"]["command"], one["params"]) for one in step["calls"])
        for step in json.loads(RECORDED.read_text())
    ]


def instance(emulator: Emulator, **attributes: object) -> dict[str, Any]:
    """One cloudstack_instance as it was when the calls were recorded, as a whole configuration."""
    offering = emulator.call("listServiceOfferings", name="pin-silver")["serviceoffering"][0]["id"]
    network = emulator.call("listNetworks", name="caller-l2", listall="true")["network"][0]["id"]
    pin = {
        "name": "pin-2462a301-silver",
        "display_name": "pin deb on silver",
        "service_offering": offering,
        "template": template(emulator, "Debian 12 (x86_64)"),
        "zone": emulator.call("listZones")["zone"][0]["id"],
        "network_id": network,
        "start_vm": False,
        "expunge": True,
        "tags": {"managed-by": "cloudstack-pins", "pin-storage-tag": "silver", "pin-template": "deb"},
        "lifecycle": {"create_before_destroy": True},
    }
    return {
        "terraform": {"required_providers": {"cloudstack": {"source": "cloudstack/cloudstack"}}},
        "resource": {"cloudstack_instance": {"pin": pin | attributes}},
    }


def template(emulator: Emulator, name: str) -> str:
    found: str = emulator.call("listTemplates", templatefilter="all", name=name)["template"][0]["id"]
    return found


class Workspace:
    """A folder in which the real Terraform runs against the emulator."""

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self.folder = folder
        self.emulator = emulator
        provider = folder / "plugins" / "terraform-provider-cloudstack"
        provider.parent.mkdir()
        provider.symlink_to(
            os.environ.get("TERRAFORM_PROVIDER_CLOUDSTACK", "/tmp/terraform-provider-cloudstack_v0.6.0")
        )
        settings = (
            f'provider_installation {{\n  dev_overrides = {{ "cloudstack/cloudstack" = "{provider.parent}" }}\n}}\n'
        )
        (folder / "terraform.rc").write_text(settings)

    def calls(self, *command: str, configuration: Mapping[str, Any] | None = None, status: int = 0) -> list[Call]:
        """The calls that one run of Terraform makes."""
        if configuration is not None:
            (self.folder / "main.tf.json").write_text(json.dumps(configuration))
        before = len(self.emulator.requests)
        environment = {
            **os.environ,
            **self.emulator.environment(),
            "TF_CLI_CONFIG_FILE": str(self.folder / "terraform.rc"),
        }
        run = subprocess.run(
            ["terraform", *command, "-no-color", "-input=false"],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == status, run.stdout + run.stderr
        made = self.emulator.requests[before:]
        return without_repeated_polls(call(one.method, one.command, one.params) for one in made)


@pytest.mark.terraform
def test_provider_makes_the_recorded_calls(tmp_path: Path) -> None:
    with Emulator() as emulator:
        workspace = Workspace(tmp_path, emulator)
        made = instance(emulator)
        tags = {"managed-by": "cloudstack-pins", "pin-storage-tag": "silver", "pin-template": "debian"}
        changed = instance(emulator, display_name="pin deb on silver tier", tags=tags)
        replaced = instance(emulator, name="pin-seq-silver", template=template(emulator, "Ubuntu 24.04 (x86_64)"))

        steps = [
            workspace.calls("apply", "-auto-approve", configuration=made),
            workspace.calls("plan", "-detailed-exitcode"),
            workspace.calls("apply", "-auto-approve", configuration=changed),
            workspace.calls("apply", "-auto-approve", configuration=replaced),
            workspace.calls("destroy", "-auto-approve"),
        ]

    assert steps == recorded_steps()
