from __future__ import annotations

import pytest

from cloudstack_pins.suggest.history import seconds_of


@pytest.mark.parametrize(
    "date",
    [
        pytest.param("2026-11-24T21:31:00+0000", id="as 4.23 writes it"),
        pytest.param("2026-11-24'T'21:31:00+00:00", id="as older usage servers write it"),
        pytest.param("2026-11-24T22:31:00+0100", id="in local time"),
    ],
)
def test_dates_are_read_in_every_way_that_cloudstack_writes_them(date: str) -> None:
    assert seconds_of(date) == 1795555860
