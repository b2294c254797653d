"""More than one activation, and a CloudStack that is out of reach for a while."""

from __future__ import annotations

import io
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from rich.console import Console

from cloudstack_emulator import Emulator
from cloudstack_pins.activation import Event, Report, activate
from cloudstack_pins.activation.lease import SECONDS
from cloudstack_pins.activation.lease_tags import TAG
from cloudstack_pins.activation.progress import shown
from cloudstack_pins.model import PinSet
from tests.activation.stage import HastyTime, Stage, assert_active, roster_of


class Listening(list[Event]):
    """Calls back at the first event of a kind."""

    def __init__(self, kind: str, callback: Callable[[], None]) -> None:
        super().__init__()
        self._kind = kind
        self._callback = callback

    def append(self, event: Event) -> None:
        if event.kind == self._kind and not any(item.kind == self._kind for item in self):
            self._callback()
        super().append(event)


@pytest.fixture
def hasty() -> Iterator[Stage]:
    """An emulator in real time whose jobs end at once, and waits of milliseconds."""
    with Emulator() as emulator:
        stage = Stage(emulator, HastyTime())
        stage.system_network()
        yield stage


def test_activations_of_one_set_at_once_start_each_pin_once(hasty: Stage) -> None:
    pin_set = hasty.pin_set(("debian-12", "rocky-9"))
    hasty.deploy(pin_set)
    barrier = threading.Barrier(3)
    reports: list[Report] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            with hasty.session() as session:
                barrier.wait(30)
                report = activate(
                    session,
                    roster_of(pin_set),
                    clock=hasty.clock,
                    on_event=lambda _: None,
                    stop=threading.Event(),
                    timeout=1_000_000,
                )
            reports.append(report)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert errors == []
    assert [report.is_ok for report in reports] == [True] * 3
    assert Counter(hasty.commands())["startVirtualMachine"] == len(pin_set.pins)
    assert hasty.preference() == ""
    assert hasty.network_tags() == {}


def test_two_sets_on_one_network_do_not_touch_each_other(stage: Stage) -> None:
    first, second = stage.pin_set(tags=("gold",)), stage.pin_set(tags=("gold",), name="other")
    stage.deploy(first)
    vms = stage.deploy(second)

    assert stage.activate(first).is_ok

    assert {stage.root(vm)["state"] for vm in vms.values()} == {"Allocated"}
    assert stage.activate(second).is_ok


def test_sets_of_one_account_on_two_networks_take_turns(hasty: Stage) -> None:
    liked = hasty.pools("silver")[1].id
    hasty.prefer(liked)
    sets, vms = [], []
    for name in ("one", "two"):
        hasty.system_network(name)
        sets.append(hasty.pin_set(("debian-12", "rocky-9"), name=name))
        vms.append(hasty.deploy(sets[-1]))
    waiting = threading.Event()
    reports: dict[str, Report] = {}

    def run(pin_set: PinSet, on_event: Callable[[Event], None]) -> None:
        with hasty.session() as session:
            reports[pin_set.name] = activate(
                session,
                roster_of(pin_set),
                clock=hasty.clock,
                on_event=on_event,
                stop=threading.Event(),
                timeout=1_000_000,
            )

    second = threading.Thread(target=run, args=(sets[1], Listening("lease-wait", waiting.set).append))
    seen: list[bool] = []

    def let_the_second_come() -> None:
        second.start()
        seen.append(waiting.wait(60))

    run(sets[0], Listening("preference", let_the_second_come).append)
    second.join(60)

    assert seen == [True]
    assert {name: report.is_ok for name, report in reports.items()} == {"one": True, "two": True}
    # One start each: none was led astray by the preference of the other set.
    assert Counter(hasty.commands())["startVirtualMachine"] == sum(len(pin_set.pins) for pin_set in sets)
    for pin_set, its_vms in zip(sets, vms, strict=True):
        assert_active(hasty, pin_set, its_vms, "system")
    assert hasty.preference() == liked


def test_a_lease_that_was_taken_over_ends_the_activation_and_leaves_the_preference_to_its_taker(stage: Stage) -> None:
    pin_set = stage.pin_set()
    stage.deploy(pin_set)
    theirs = stage.pools("silver")[1].id

    def take_over() -> None:
        with stage.emulator.world.lock:
            tags = stage.emulator.world.tags["Network", stage.network_id]
            tags[TAG] = replace(
                tags[TAG], value="holder=other/00000000/1/00000000 until=9999999999 account=a preferred=-"
            )
        stage.prefer(theirs)
        stage.emulator.advance(SECONDS)

    stage.events = Listening("preference", take_over)

    report = stage.activate(pin_set)

    assert report.counts["active"] == 0
    assert all("taken over by another activation" in pin.reason for pin in report.failed)
    assert stage.preference() == theirs
    assert TAG in stage.network_tags()


def test_an_api_that_is_out_of_reach_for_a_while_is_waited_for(stage: Stage) -> None:
    pin_set = stage.pin_set()
    stage.deploy(pin_set)
    stage.events = Listening("placed", lambda: stage.emulator.fail("listVirtualMachines", kind="http503", count=9))

    report = stage.activate(pin_set)

    assert report.is_ok, report.document()
    assert [event.kind for event in stage.events].count("warning") == 1


def test_a_key_that_is_revoked_meanwhile_ends_it_with_cloudstacks_words(stage: Stage) -> None:
    pin_set = stage.pin_set(tags=("gold",))
    stage.deploy(pin_set)
    stage.events = Listening(
        "placed",
        lambda: stage.emulator.fail("listVirtualMachines", kind="error", code=401, text="unable to verify", count=1),
    )

    report = stage.activate(pin_set)

    assert {pin.said for pin in report.failed} == {"401 unable to verify"}
    assert stage.preference() == ""


def test_on_a_terminal_it_draws_what_runs_and_obeys_no_name(stage: Stage) -> None:
    pin_set = stage.pin_set(tags=("gold",))
    stage.deploy(pin_set)
    stage.emulator.fail("startVirtualMachine", text="[red]no\x07")
    console = Console(file=io.StringIO(), force_terminal=True, width=100, highlight=False)

    with stage.session() as session, shown(console) as on_event:
        activate(session, roster_of(pin_set), clock=stage.clock, on_event=on_event, stop=stage.stop)

    drawn = console.file.getvalue()  # type: ignore[attr-defined]
    assert "pins active" in drawn
    assert "[red]no\\x07" in drawn
    assert "\x07" not in drawn
