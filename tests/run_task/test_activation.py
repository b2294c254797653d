"""After the apply of a remote run: the service activates exactly the pins of the plan, on the emulator."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloudstack_emulator import Emulator
from cloudstack_pins import pin_set
from cloudstack_pins.cli import main
from cloudstack_pins.cloudstack import Access, Session
from cloudstack_pins.status import sources
from tests.run_task.hcp_stand_in import Hcp, post
from tests.run_task.service import serving
from tests.terraform_cli import Terraform

pytestmark = pytest.mark.terraform

PINS = """
zone = "Sandbox-simulator"
network = "pins-l2"
owner = "system"

[activation]
mode = "run-task"

[storage_tags.gold]
service_offering = "pin-gold"

[templates.debian-12]
template = "Debian 12 (x86_64)"
storage_tags = ["gold"]
"""
PREFERENCE = "preferred.storage.pool"


COPY = 3600.0
slow_copies = pytest.mark.parametrize("emulator", [pytest.param(COPY, id="slow copies")], indirect=True)


@pytest.fixture
def emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """A CloudStack whose copies take no time, or the parameter's seconds on its own clock."""
    with Emulator(copy_seconds=getattr(request, "param", 0.0)) as emulator:
        yield emulator


@pytest.fixture
def folder(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A locked set whose activation mode is run-task."""
    folder = tmp_path / "stacks" / "remote"
    folder.mkdir(parents=True)
    (folder / "pins.toml").write_text(PINS, encoding="utf-8")
    for name, value in emulator.environment().items():
        monkeypatch.setenv(name, value)
    assert main(["bootstrap", str(folder), "--yes"]) == 0
    assert main(["lock", str(folder)]) == 0
    return folder


def applied(terraform: Terraform, folder: Path) -> bytes:
    """Apply the set as a remote run does, without our command, and return the run's JSON plan."""
    terraform.write(pin_set.load(folder))
    terraform.plan().checked()
    plan = json.dumps(terraform.show_json()).encode()
    terraform.run("apply", "-no-color", "-input=false", "plan.bin").checked()
    return plan


def eventually(condition: Callable[[], bool]) -> None:
    """Wait for what another process does; the deadline is for a hang only."""
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def states(emulator: Emulator, folder: Path) -> dict[str, str]:
    with Session(Access.from_environment(emulator.environment())) as session:
        return {pin.key: str(pin.state) for pin in sources.read(folder).report(session).pins}


def starts(emulator: Emulator) -> int:
    return sum(request.command == "startVirtualMachine" for request in emulator.requests)


def preference(emulator: Emulator) -> str:
    [account] = emulator.call("listAccounts", name="pins", listall=True)["account"]
    [setting] = emulator.call("listConfigurations", name=PREFERENCE, accountid=account["id"])["configuration"]
    return str(setting.get("value") or "")


def test_a_remote_run_ends_with_every_pin_active(
    emulator: Emulator, terraform: Terraform, folder: Path, hcp: Hcp, tmp_path: Path
) -> None:
    hcp.plan = applied(terraform, folder)
    assert set(states(emulator, folder).values()) == {"not activated"}

    with serving(hcp, tmp_path, environ=emulator.environment()) as service:
        body = hcp.request("post_apply")
        assert post(f"{service.url}/post-apply", body) == 200
        [*_, result] = hcp.results(body, seconds=120)

    assert (result.status, result.outcomes) == ("passed", [])
    assert "2 of 2 pins active" in result.message
    assert set(states(emulator, folder).values()) == {"active"}
    assert not terraform.plan().checked().changes


def test_a_pin_that_fails_is_an_outcome_with_what_cloudstack_said(
    emulator: Emulator, terraform: Terraform, folder: Path, hcp: Hcp, tmp_path: Path
) -> None:
    hcp.plan = applied(terraform, folder)
    [pool] = emulator.call("listStoragePools", name="PS1")["storagepool"]
    emulator.call("updateStoragePool", id=pool["id"], enabled=False)

    with serving(hcp, tmp_path, environ=emulator.environment()) as service:
        body = hcp.request("post_apply")
        post(f"{service.url}/post-apply", body)
        [*_, result] = hcp.results(body, seconds=120)

    assert result.status == "failed"
    assert "1 of 2 pins active" in result.message
    [row] = result.outcomes
    assert "PS1" in row["description"]
    assert row["tags"]["Status"] == [{"label": "failed", "level": "error"}]
    assert preference(emulator) == ""


@slow_copies
def test_a_stop_puts_the_preference_back_tells_and_lets_the_next_run_go_on(
    emulator: Emulator, terraform: Terraform, folder: Path, hcp: Hcp, tmp_path: Path
) -> None:
    hcp.plan = applied(terraform, folder)

    with serving(hcp, tmp_path, environ=emulator.environment()) as service:
        body = hcp.request("post_apply")
        post(f"{service.url}/post-apply", body)
        eventually(lambda: starts(emulator) > 0)
        assert service.stop(signal.SIGTERM) == 0
    [*_, result] = hcp.results(body)

    assert result.status == "failed"
    assert "stopped" in result.message
    assert preference(emulator) == ""

    emulator.advance(2 * COPY)
    with serving(hcp, tmp_path, environ=emulator.environment()) as service:
        again = hcp.request("post_apply")
        post(f"{service.url}/post-apply", again)
        eventually(lambda: starts(emulator) == 2)
        emulator.advance(2 * COPY)
        assert hcp.results(again, seconds=120)[-1].status == "passed"
    assert set(states(emulator, folder).values()) == {"active"}


@slow_copies
def test_after_a_kill_the_next_run_puts_everything_right(
    emulator: Emulator, terraform: Terraform, folder: Path, hcp: Hcp, tmp_path: Path
) -> None:
    hcp.plan = applied(terraform, folder)
    with serving(hcp, tmp_path, environ=emulator.environment()) as service:
        post(f"{service.url}/post-apply", hcp.request("post_apply"))
        eventually(lambda: starts(emulator) > 0)
        service.stop(signal.SIGKILL)

    emulator.advance(2 * COPY)
    with serving(hcp, tmp_path, environ=emulator.environment()) as service:
        again = hcp.request("post_apply")
        post(f"{service.url}/post-apply", again)
        eventually(lambda: starts(emulator) == 2)
        emulator.advance(2 * COPY)
        assert hcp.results(again, seconds=120)[-1].status == "passed"
    assert preference(emulator) == ""
    assert set(states(emulator, folder).values()) == {"active"}


def test_two_runs_at_once_queue_and_both_pass(
    emulator: Emulator, terraform: Terraform, folder: Path, hcp: Hcp, tmp_path: Path
) -> None:
    hcp.plan = applied(terraform, folder)

    with serving(hcp, tmp_path, environ=emulator.environment()) as service:
        bodies = [hcp.request("post_apply") for _ in range(2)]
        assert [post(f"{service.url}/post-apply", body) for body in bodies] == [200, 200]
        results = [hcp.results(body, seconds=120)[-1] for body in bodies]

    assert [result.status for result in results] == ["passed", "passed"]
    assert starts(emulator) == 2


@slow_copies
def test_signs_of_life_say_how_many_are_active(
    emulator: Emulator, terraform: Terraform, folder: Path, hcp: Hcp, tmp_path: Path
) -> None:
    hcp.plan = applied(terraform, folder)

    with serving(hcp, tmp_path, environ=emulator.environment(), extra="update_seconds = 0.05") as service:
        body = hcp.request("post_apply")
        post(f"{service.url}/post-apply", body)
        hcp.wait(lambda: any("0 of 2 active" in callback.message for callback in hcp.callbacks), "no sign of life")
        service.stop(signal.SIGTERM)

    assert hcp.callbacks[0].status == "running"


def test_the_same_plan_can_be_activated_from_the_command_line(
    emulator: Emulator, terraform: Terraform, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = tmp_path / "plan.json"
    plan.write_bytes(applied(terraform, folder))
    assert os.environ["CLOUDSTACK_API_URL"] == emulator.endpoint

    assert main(["activate", str(plan)]) == 0
    assert "2 of 2 pins active" in capsys.readouterr().out
    assert set(states(emulator, folder).values()) == {"active"}
