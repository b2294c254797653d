from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloudstack_emulator import Emulator, ManualClock
from tests.activation.stage import EmulatorTime, Stage


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Jobs of 2 s and copies of 10 s on a clock that only waiting moves."""
    with Emulator(clock=ManualClock(), job_seconds=2.0, copy_seconds=10.0) as emulator:
        yield emulator


@pytest.fixture
def stage(emulator: Emulator) -> Stage:
    """A set's place on that emulator, with the network that bootstrap makes."""
    stage = Stage(emulator, EmulatorTime(emulator))
    stage.system_network()
    return stage
