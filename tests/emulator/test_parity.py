"""Every recorded answer of a real CloudStack is provoked on the emulator, and compared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from cloudstack_emulator import Emulator, ManualClock
from tests.emulator import parity_jobs, parity_machines, parity_surroundings
from tests.emulator.parity_casts import CASTS
from tests.emulator.recorded import Exchange, error_of, exchanges, unrecorded
from tests.emulator.stage import Answer, Stage

# Imported for what they register.
__all__ = ["parity_jobs", "parity_machines", "parity_surroundings"]

EXCHANGES = exchanges()

# When the recordings were made: their dates are sent as they are.
RECORDED_AT = datetime(2026, 11, 24, 21, 30, tzinfo=UTC).timestamp()


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Emulator(clock=ManualClock(RECORDED_AT), job_seconds=1.0) as emulator:
        yield Stage(emulator)


def played(stage: Stage, exchange: Exchange) -> Answer:
    params, keys = CASTS[exchange.label](stage) if exchange.label in CASTS else ({}, None)
    only_recorded = {name: value for name, value in params.items() if name in exchange.params or name in ADDED}
    return stage.replay(exchange, only_recorded, keys)


# Parameters that the recordings had taken out as secrets.
ADDED = {"email", "password"}


@pytest.mark.parametrize("exchange", [pytest.param(one, id=one.label) for one in EXCHANGES])
def test_answers_as_the_recorded_cloudstack_did(stage: Stage, exchange: Exchange) -> None:
    answer = played(stage, exchange)

    assert (answer.status, answer.envelope) == (exchange.status, exchange.envelope), answer.body
    assert error_of(answer.content) == error_of(exchange.content)
    assert bool(answer.content) == bool(exchange.content), "an empty list is {}, and only that"
    assert answer.content.get("jobstatus") == exchange.content.get("jobstatus")
    assert answer.content.get("cmd") == exchange.content.get("cmd")
    assert unrecorded(answer.content, exchange) == []


def test_every_cast_belongs_to_a_recording() -> None:
    assert set(CASTS) <= {exchange.label for exchange in EXCHANGES}
