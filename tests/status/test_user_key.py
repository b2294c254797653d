"""With a User's key what can't be seen is said, and nothing is guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloudstack_emulator import Emulator
from cloudstack_pins.errors import SettingsError
from cloudstack_pins.model import PinSet
from cloudstack_pins.status.declared import Declared, from_pin_set
from cloudstack_pins.status.gather import observe
from cloudstack_pins.status.judge import judge
from cloudstack_pins.status.report import SetReport, State
from tests.activation.stage import EmulatorTime, Stage
from tests.status.bench import Bench


@pytest.fixture
def stage(emulator: Emulator) -> Stage:
    stage = Stage(emulator, EmulatorTime(emulator))
    stage.use_network("user-l2")
    return stage


@pytest.fixture
def pin_set(stage: Stage) -> PinSet:
    return stage.pin_set(("debian-12", "rocky-9"), owner=None, any_pool=True)


def report(stage: Stage, what: Declared) -> SetReport:
    with stage.session(stage.emulator.user) as session:
        return judge(what, observe(session, what))


def test_a_user_sees_states_and_is_told_what_it_does_not_see(stage: Stage, pin_set: PinSet) -> None:
    keys = stage.emulator.user
    what = from_pin_set(pin_set, Path("stacks/sandbox"))
    ids = stage.deploy(pin_set, keys=keys)
    before = report(stage, what)

    stage.activate(pin_set, keys=keys)
    active = report(stage, what)
    stage.emulator.call("startVirtualMachine", id=ids["cloudstack_instance.rocky-9_gold"])
    running = report(stage, what)

    assert before.counts() == {State.NOT_ACTIVATED: 4}
    assert active.counts() == {State.ACTIVE: 4} and active.findings == ()
    assert running.counts() == {State.ACTIVE: 3, State.RUNNING: 1}
    said = " ".join(active.unseen)
    for words in ("which pool a pin is on", "garbage collection", "preferred.storage.pool", "was deleted", "destroyed"):
        assert words in said
    assert active.gc.enabled is None and active.gc.next_pass_by is None


def test_a_users_destroyed_pin_is_missing_to_it(stage: Stage, pin_set: PinSet) -> None:
    keys = stage.emulator.user
    ids = stage.deploy(pin_set, keys=keys)
    stage.activate(pin_set, keys=keys)
    stage.emulator.call("destroyVirtualMachine", keys, id=ids["cloudstack_instance.rocky-9_gold"])

    found = report(stage, from_pin_set(pin_set, Path("stacks/sandbox"), None))

    assert found.counts() == {State.ACTIVE: 3, State.MISSING: 1}
    assert any("destroyed pin" in words for words in found.unseen)


def test_a_user_is_not_told_that_pins_of_system_are_missing(bench: Bench) -> None:
    with pytest.raises(SettingsError, match=r"pins of set sandbox belong to system.*key of a root admin"):
        bench.report(bench.stage.emulator.user)


def test_another_root_admins_key_sees_the_same(bench: Bench) -> None:
    own, other = bench.report(), bench.report(bench.stage.emulator.root)

    assert own.pins == other.pins and own.pools == other.pools
    assert other.findings == ()
    assert "of this key has no permission" in other.unseen[0]
