"""Fixtures of suggest's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cloudstack_emulator import Emulator, ManualClock, ZoneSpec
from tests.suggest.stage import Stage

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()
DAILY = {"storage.cleanup.interval": "86400"}

MakeStage = Callable[..., Stage]


@pytest.fixture
def make_stage(tmp_path: Path) -> Iterator[MakeStage]:
    """Makes a stage: ``usage`` with a usage server, ``settings`` of CloudStack, ``start`` of the clock."""
    with ExitStack() as stack:

        def make(
            *,
            usage: bool = True,
            settings: dict[str, str] | None = None,
            start: float = NOON,
            copy_seconds: float = 0.0,
            job_seconds: float = 0.0,
        ) -> Stage:
            zone = ZoneSpec(usage_server=usage, settings=DAILY | (settings or {}))
            clock = ManualClock(start)
            emulator = stack.enter_context(
                Emulator(zone, clock=clock, copy_seconds=copy_seconds, job_seconds=job_seconds)
            )
            return Stage(emulator, tmp_path / "sandbox")

        yield make
