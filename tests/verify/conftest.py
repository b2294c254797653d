"""Fixtures of verify's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudstack_emulator import Emulator, ManualClock
from tests.suggest.stage import Stage


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A set with one active template on the two pools of gold, in a cloud where everything is done at once."""
    with Emulator() as emulator:
        for name, value in emulator.environment().items():
            monkeypatch.setenv(name, value)
        yield pinned(emulator, tmp_path)


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Stage]:
    """The same where jobs take 2 s and copies 12 s, by a clock that only waiting moves."""
    with Emulator(clock=ManualClock(), job_seconds=2.0, copy_seconds=12.0) as emulator:
        yield pinned(emulator, tmp_path)


def pinned(emulator: Emulator, folder: Path) -> Stage:
    stage = Stage(emulator, folder / "sandbox")
    stage.lock()
    stage.pin()
    return stage
