"""A set that is deployed and active on the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudstack_emulator import Emulator, ManualClock
from tests.activation.stage import EmulatorTime, Stage
from tests.status.bench import Bench


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator whose clock only tests and waiting move."""
    with Emulator(clock=ManualClock()) as emulator:
        yield emulator


@pytest.fixture
def bench(emulator: Emulator, tmp_path: Path) -> Bench:
    """The set "sandbox": declared, locked, applied and active."""
    stage = Stage(emulator, EmulatorTime(emulator))
    stage.system_network()
    bench = Bench(stage, tmp_path / "stacks" / "sandbox")
    bench.declare()
    bench.lock()
    bench.apply()
    return bench
