"""Terraform interrupted or killed while pins are being activated: nothing is lost, and the next apply completes."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import pytest

from tests.e2e.declared_set import DeclaredSet, template
from tests.e2e.emulator_site import DEBIAN, EmulatorSite
from tests.e2e.order import first, gaps, last

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.live,
    pytest.mark.emulator_only("copies go on until the test has done its part"),
]
APPLY = ("apply", "-no-color", "-input=false", "-auto-approve")


def gold(site: EmulatorSite, name: str) -> DeclaredSet:
    """A set of Debian on the two pools of gold, not applied."""
    return site.new_set(
        name, {"debian-12": template(DEBIAN, "gold")}, storage_tags={"gold": {"service_offering": "pin-gold"}}
    )


@contextmanager
def applying(site: EmulatorSite, pins: DeclaredSet) -> Iterator[Popen[str]]:
    """Terraform in the middle of an activation: a copy goes on, the account prefers the copy's pool."""
    since = site.now
    with pins.terraform.start(*APPLY) as process:
        try:
            site.wait(
                lambda: process.poll() is not None or (site.count("copy-began", since) > 0 and site.preference() != ""),
                "no copy began",
            )
            assert process.poll() is None, process.stdout and process.stdout.read()
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def activation_in_state(pins: DeclaredSet) -> str | None:
    """The id of the activation that the state file says is done."""
    try:
        state = json.loads((pins.terraform.folder / "terraform.tfstate").read_text(encoding="utf-8"))
    except ValueError:
        return None  # It is being written.
    instances = [
        one for resource in state["resources"] if resource["name"] == "pin_activation" for one in resource["instances"]
    ]
    return str(instances[0]["attributes"]["id"]) if instances else None


def interrupt_group(process: Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGINT)


def interrupt_terraform(process: Popen[str]) -> None:
    process.send_signal(signal.SIGINT)


@pytest.mark.parametrize(
    "interrupt",
    [
        pytest.param(interrupt_group, id="Ctrl-C in a terminal"),
        pytest.param(interrupt_terraform, id="a signal to Terraform alone, which leaves the activation an orphan"),
    ],
)
def test_an_interrupted_activation_puts_the_preference_back_and_the_next_apply_completes(
    emulator_site: EmulatorSite, interrupt: Callable[[Popen[str]], None]
) -> None:
    site = emulator_site
    pins = gold(site, "interrupted")
    site.slow_copies()

    with applying(site, pins) as process:
        interrupt(process)
        process.communicate(timeout=site.command_seconds)
    assert process.returncode != 0
    site.wait(lambda: site.preference() == "" and site.lease_tags(pins) == {}, "the preference was not put back")

    site.finish_copies()
    pins.apply().checked()

    assert pins.problems() == []
    assert (site.preference(), site.lease_tags(pins)) == ("", {})
    pins.assert_clean()


def test_a_kill_during_a_rotation_whose_state_was_saved_activates_before_it_destroys(
    emulator_site: EmulatorSite, tmp_path: Path
) -> None:
    site = emulator_site
    pins = gold(site, "killed")
    pins.apply().checked()
    old = pins.ids()
    site.renew(pins, "debian-12")
    # Whatever else a stack holds makes Terraform save its state while the activation runs, when it is done.
    go = tmp_path / "go"
    command = f"while [ ! -e '{go}' ]; do sleep 0.05; done"
    pins.besides = {"terraform_data": {"other": {"provisioner": [{"local-exec": {"command": command}}]}}}
    pins.lock()
    site.slow_copies()
    done = activation_in_state(pins)

    with applying(site, pins) as process:
        go.touch()
        site.wait(lambda: activation_in_state(pins) not in (None, done), "Terraform did not save its state")
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=site.command_seconds)
    site.wait(lambda: site.preference() == "" and site.lease_tags(pins) == {}, "the preference was not put back")
    pins.terraform.plan().checked()
    actions = {
        change["address"]: change["change"]["actions"] for change in pins.terraform.show_json()["resource_changes"]
    }
    assert actions["terraform_data.pin_activation"] == ["no-op"], "the state says that the activation is done"
    site.finish_copies()

    pins.apply().checked()

    assert pins.problems() == []
    trace = site.emulator.trace
    assert last(trace, "vm-assigned", pins.ids().values()) < first(trace, "vm-destroyed", old.values())
    assert gaps(trace, DEBIAN, owner="system") == []
    pins.assert_clean()
