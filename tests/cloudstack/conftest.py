"""Sessions that wait without taking time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloudstack_emulator import Emulator
from cloudstack_pins.cloudstack import Access, Session
from tests.cloudstack.hand_clock import HandClock


@pytest.fixture
def clock(emulator: Emulator) -> HandClock:
    """A clock that takes the emulator's along."""
    return HandClock(emulator.advance)


@pytest.fixture
def patient(emulator: Emulator, clock: HandClock) -> Iterator[Session]:
    """A session with the key of account "pins" whose waiting takes no time."""
    with Session(Access.from_environment(emulator.environment()), clock=clock) as session:
        yield session
