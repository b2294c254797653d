from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from cloudstack_pins.activation.duration import seconds_of
from cloudstack_pins.activation.report import Leftover, PinOutcome, Report, State, waiting_text
from cloudstack_pins.activation.table import table_of

GIB = 1024**3


def outcome(pool: str, state: State, **more: str) -> PinOutcome:
    return PinOutcome(
        address=f"cloudstack_instance.debian-12_gold_{pool}",
        template="debian-12",
        template_name="Debian 12",
        storage_tag="gold",
        pool=pool,
        pool_name=pool,
        state=state,
        **more,  # type: ignore[arg-type]
    )


FAILED = Report(
    set_name="sandbox",
    pins=(
        outcome("PS0", "active"),
        outcome("PS1", "failed", reason="the start failed, 3 times", said="533 No destination found"),
        outcome("PS2", "skipped", reason="not among those asked for"),
    ),
    waiting=(
        Leftover(vm_id="1", template="centos", storage_tag="gold", pool="PS0", removed=True, size=4 * GIB),
        Leftover(vm_id="2", template="debian-12", storage_tag="gold", pool="PS1", removed=False, size=6 * GIB),
    ),
)


def test_a_failure_says_which_removals_and_old_pins_wait_and_what_they_hold() -> None:
    assert not FAILED.is_ok
    assert FAILED.summary() == (
        "1 of 3 pins active, 1 failed, 1 skipped; repair the causes above and apply again; 1 removed pin (centos on "
        "gold/PS0) and 1 old pin (debian-12 on gold/PS1) wait for a second apply, which hold 10.0 GiB"
    )


def test_nothing_is_said_about_waiting_where_nothing_waits() -> None:
    assert waiting_text([]) == ""


def test_the_document_holds_what_the_table_shows() -> None:
    document = json.loads(json.dumps(FAILED.document()))

    assert document["ok"] is False
    assert document["counts"] == {"active": 1, "failed": 1, "skipped": 1}
    assert document["pins"][1]["said"] == "533 No destination found"
    assert document["waiting"][0]["size"] == 4 * GIB


def test_the_table_obeys_no_escape_and_no_markup_of_a_name() -> None:
    hostile = outcome("PS0", "failed", reason="[red]\x1b[2J")
    console = Console(file=io.StringIO(), width=120)

    console.print(table_of(Report(set_name="[bold]s", pins=(hostile,)), console))

    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b" not in shown
    assert "[red]\\x1b[2J" in shown
    assert "pin set [bold]s" in shown


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("2h", 7200, id="hours"),
        pytest.param("90m", 5400, id="minutes"),
        pytest.param("1h30m", 5400, id="both"),
        pytest.param("1d", 86400, id="a day"),
        pytest.param("45", 45, id="plain seconds"),
    ],
)
def test_durations_are_read_as_people_write_them(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "h", "2 hours", "-1", "1m2h"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError):
        seconds_of(text)
