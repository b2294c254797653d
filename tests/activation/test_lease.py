from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from cloudstack_emulator import Emulator
from cloudstack_pins.activation.holder import Holder
from cloudstack_pins.activation.lease import SECONDS, Lease, LeaseLost
from cloudstack_pins.activation.lease_tags import TAG, Held, is_abandoned, read
from cloudstack_pins.activation.placement import Preference
from cloudstack_pins.cloudstack import Session
from cloudstack_pins.errors import ActivationError, CloudStackError
from tests.activation.stage import EmulatorTime, HastyTime, Stage

OTHER = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Jobs that end at once: leases are about order, not about time."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def session(stage: Stage) -> Iterator[Session]:
    with stage.session() as session:
        yield session


def lease_of(stage: Stage, session: Session) -> Lease:
    return Lease(session, stage.network_id, session.caller(), clock=stage.clock)


def take(lease: Lease, preference: Preference, told: list[str], *, timeout: float = 60, stop: bool = False) -> bool:
    stopped = threading.Event()
    if stop:
        stopped.set()
    return lease.acquire(
        preferred=preference.note, put_back=preference.restore, stop=stopped, timeout=timeout, tell=told.append
    )


def taken_over(stage: Stage, session: Session, before: str) -> tuple[Lease, Held]:
    """Take the lease of a crashed activation over, which had noted the pool ``before``."""
    lease, told = lease_of(stage, session), list[str]()
    assert take(lease, Preference(session, session.caller().account_id), told)
    assert "over" in told[-1]
    assert stage.preference() == before
    held = read(stage.network_tags())
    assert held is not None
    assert held.preferred == before
    return lease, held


def test_a_lease_is_a_tag_that_says_who_until_when_and_what_was_preferred(stage: Stage, session: Session) -> None:
    preference = Preference(session, session.caller().account_id)
    lease = lease_of(stage, session)

    assert take(lease, preference, [])
    held = read(stage.network_tags())
    lease.release()

    assert held is not None
    assert held.until == pytest.approx(stage.clock.now() + SECONDS, abs=60)
    assert (held.account_id, held.preferred) == (session.caller().account_id, None)
    assert Holder.parse(held.holder) is not None
    assert stage.network_tags() == {}


def test_eight_racers_hold_it_one_at_a_time(stage: Stage, session: Session) -> None:
    stage.clock = HastyTime()
    session.caller()
    inside: list[int] = []
    most: list[int] = []
    errors: list[BaseException] = []
    barrier = threading.Barrier(8)
    guard = threading.Lock()

    def race(number: int) -> None:
        try:
            lease, preference = lease_of(stage, session), Preference(session, session.caller().account_id)
            barrier.wait(30)
            assert take(lease, preference, [], timeout=100_000)
            with guard:
                inside.append(number)
                most.append(len(inside))
            session.list("listZones", "zone")
            with guard:
                inside.remove(number)
            lease.release()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert errors == []
    assert most == [1] * 8
    assert stage.network_tags() == {}


def test_racers_of_one_account_on_several_networks_hold_one_lease_at_a_time(stage: Stage, session: Session) -> None:
    stage.clock = HastyTime()
    account_id = session.caller().account_id
    networks = [stage.network_id, *(stage.system_network(f"pins-{number}") for number in range(3))]
    inside, most, noted = list[str](), list[int](), list[str | None]()
    errors: list[BaseException] = []
    barrier = threading.Barrier(len(networks))
    guard = threading.Lock()

    def race(network_id: str) -> None:
        try:
            lease, preference = (
                Lease(session, network_id, session.caller(), clock=stage.clock),
                Preference(session, account_id),
            )
            barrier.wait(30)
            assert take(lease, preference, [], timeout=1_000_000)
            with guard:
                inside.append(network_id)
                most.append(len(inside))
                noted.append(preference.read())
            preference.move(stage.pools("gold")[0])
            session.list("listZones", "zone")
            preference.put_back()
            with guard:
                inside.remove(network_id)
            lease.release()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=race, args=(network_id,)) for network_id in networks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert errors == []
    assert most == [1] * len(networks)
    assert noted == [None] * len(networks)
    assert stage.preference() == ""


def test_a_lease_of_the_account_on_another_network_is_waited_for(stage: Stage, session: Session) -> None:
    account_id = session.caller().account_id
    first, its_network = lease_of(stage, session), stage.network_id
    assert take(first, Preference(session, account_id), [])
    stage.system_network("another")
    told: list[str] = []

    with pytest.raises(ActivationError, match=its_network):
        take(lease_of(stage, session), Preference(session, account_id), told, timeout=60)

    assert its_network in told[0]
    assert stage.network_tags() == {}
    without = Lease(session, stage.network_id, session.caller(), clock=stage.clock, of_account=False)
    assert take(without, Preference(session, account_id), [])
    without.release()
    first.release()


def test_a_lease_of_another_account_on_another_network_is_not_waited_for(stage: Stage, session: Session) -> None:
    first = Lease(session, stage.network_id, replace(session.caller(), account_id=OTHER), clock=stage.clock)
    preference = Preference(session, session.caller().account_id)
    assert take(first, preference, [])
    stage.system_network("another")
    second = lease_of(stage, session)
    assert take(second, preference, [], timeout=0)


def test_an_expired_lease_of_the_account_on_another_network_is_taken_over(stage: Stage, session: Session) -> None:
    before, during = (pool.id for pool in stage.pools("gold"))
    account_id = session.caller().account_id
    stage.prefer(before)
    crashed, its_network = lease_of(stage, session), stage.network_id
    assert take(crashed, Preference(session, account_id), [])
    stage.prefer(during)
    stage.emulator.advance(SECONDS + 1)
    stage.system_network("another")

    lease, _ = taken_over(stage, session, before)

    assert is_abandoned(session, its_network, stage.clock.now()) is False
    lease.release()


def test_a_tag_on_a_tenants_network_is_no_lease_of_the_account(stage: Stage, session: Session) -> None:
    """Everybody may tag a network of his own, and must neither hold activations up nor choose the preference."""
    account_id = session.caller().account_id
    theirs = stage.pools("silver")[0].id
    for until, preferred in (("99999999999", "-"), ("1", theirs)):
        value = f"holder=x until={until} account={account_id} preferred={preferred}"
        stage.tag_a_tenants_network({TAG: value})
        lease, preference = lease_of(stage, session), Preference(session, account_id)
        assert take(lease, preference, [], timeout=0)
        lease.release()
        assert stage.preference() == ""


def test_a_failure_after_the_tag_gives_the_lease_back(stage: Stage, session: Session) -> None:
    def broken() -> str | None:
        if TAG in stage.network_tags():
            raise CloudStackError("listConfigurations", "no answer")
        return None

    with pytest.raises(CloudStackError, match="no answer"):
        lease_of(stage, session).acquire(
            preferred=broken, put_back=lambda *_: None, stop=threading.Event(), timeout=60, tell=lambda _: None
        )

    assert stage.network_tags() == {}


def test_a_lease_that_could_not_be_given_back_while_giving_way_is_not_waited_for(
    stage: Stage, session: Session
) -> None:
    seen = iter((None, "another", None, None))
    stage.emulator.fail("deleteTags", count=1)
    began = stage.clock.now()

    assert lease_of(stage, session).acquire(
        preferred=lambda: next(seen), put_back=lambda *_: None, stop=threading.Event(), timeout=60, tell=lambda _: None
    )

    assert stage.clock.now() - began < SECONDS / 2


def test_an_abandoned_lease_that_cannot_be_deleted_is_an_error_in_the_end(stage: Stage, session: Session) -> None:
    preference = Preference(session, session.caller().account_id)
    assert take(lease_of(stage, session), preference, [])
    stage.emulator.advance(10_000)
    stage.emulator.fail("deleteTags", count=1_000_000)
    before = len(stage.emulator.requests)

    with pytest.raises(ActivationError, match=TAG):
        take(lease_of(stage, session), preference, [], timeout=10)

    assert stage.commands(before).count("listTags") < 50


def test_each_holder_is_waited_for_anew(stage: Stage, session: Session) -> None:
    preference = Preference(session, session.caller().account_id)
    held = lease_of(stage, session)
    assert take(held, preference, [])
    began = stage.clock.now()

    class Relay(list[str]):
        """The lease goes from hand to hand as often as it is waited for."""

        def append(self, text: str) -> None:
            super().append(text)
            nonlocal held
            held.release()
            if len(self) < 4:
                held = lease_of(stage, session)
                assert take(held, preference, [])

    told = Relay()
    waiting = lease_of(stage, session)
    assert take(waiting, preference, told, timeout=45)
    assert stage.clock.now() - began > 45
    assert len(told) == 4


def test_a_live_lease_of_another_is_waited_for_up_to_the_timeout(stage: Stage, session: Session) -> None:
    preference = Preference(session, session.caller().account_id)
    first, second = lease_of(stage, session), lease_of(stage, session)
    told: list[str] = []
    assert take(first, preference, [])

    with pytest.raises(ActivationError, match=TAG):
        take(second, preference, told, timeout=60)

    assert told
    assert told[0].startswith("waiting for another activation on this network")
    first.keep()
    first.release()


def test_a_server_that_is_out_of_reach_is_waited_for_and_said(stage: Stage, session: Session) -> None:
    session.caller()
    stage.emulator.fail("listTags", kind="http503", count=5)
    told: list[str] = []

    assert take(lease_of(stage, session), Preference(session, session.caller().account_id), told)

    assert len(told) == 1
    assert "503" in told[0]
    assert "trying again" in told[0]


def test_a_stop_ends_the_wait(stage: Stage, session: Session) -> None:
    preference = Preference(session, session.caller().account_id)
    first = lease_of(stage, session)
    assert take(first, preference, [])

    assert not take(lease_of(stage, session), preference, [], stop=True)

    first.release()


def test_an_expired_lease_is_taken_over_after_its_preference_was_put_back(stage: Stage, session: Session) -> None:
    before, during = (pool.id for pool in stage.pools("gold"))
    account_id = session.caller().account_id
    stage.prefer(before)
    crashed, its = lease_of(stage, session), Preference(session, account_id)
    assert take(crashed, its, [])
    stage.prefer(during)
    stage.emulator.advance(SECONDS + 1)
    assert is_abandoned(session, stage.network_id, stage.clock.now())

    lease, held = taken_over(stage, session, before)

    with pytest.raises(LeaseLost):
        crashed.keep()
    crashed.release()
    assert read(stage.network_tags()) == held
    lease.release()


def test_a_holder_that_renews_keeps_its_lease_although_our_clock_is_ahead(stage: Stage, session: Session) -> None:
    class Behind(EmulatorTime):
        def now(self) -> float:
            return super().now() - 3 * SECONDS

    class Waited(EmulatorTime):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            holder.keep()

    preference = Preference(session, session.caller().account_id)
    holder = Lease(session, stage.network_id, session.caller(), clock=Behind(stage.emulator))
    assert take(holder, preference, [])
    assert is_abandoned(session, stage.network_id, stage.clock.now())
    stage.clock = Waited(stage.emulator)
    told: list[str] = []

    with pytest.raises(ActivationError, match=TAG):
        take(lease_of(stage, session), preference, told, timeout=300)

    assert all(line.startswith("waiting for another activation") for line in told)
    holder.keep()
    holder.release()
    assert stage.network_tags() == {}


def test_a_renewed_lease_outlives_its_first_end(stage: Stage, session: Session) -> None:
    preference = Preference(session, session.caller().account_id)
    lease = lease_of(stage, session)
    assert take(lease, preference, [])

    for _ in range(5):
        stage.emulator.advance(SECONDS * 0.6)
        lease.keep()
        held = read(stage.network_tags())
        assert held is not None
        assert not held.is_over(stage.clock.now() + SECONDS * 0.5)

    lease.release()
    assert stage.network_tags() == {}


def test_a_lease_whose_process_died_here_is_over_at_once(stage: Stage, session: Session) -> None:
    preference = Preference(session, session.caller().account_id)
    lease = lease_of(stage, session)
    assert take(lease, preference, [])
    held = read(stage.network_tags())
    assert held is not None
    child = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    holder = Holder.parse(held.holder)
    assert holder is not None

    dead = replace(held, holder=str(replace(holder, pid=int(child.stdout))))
    elsewhere = replace(dead, holder=str(replace(holder, pid=int(child.stdout), place="00000000")))

    assert holder.pid == os.getpid()
    assert not held.is_over(stage.clock.now())
    assert dead.is_over(stage.clock.now())
    assert not elsewhere.is_over(stage.clock.now())
    lease.release()


def test_a_tag_that_is_not_ours_to_read_is_never_taken_over(stage: Stage, session: Session) -> None:
    stage.emulator.call(
        "createTags", resourceids=stage.network_id, resourcetype="Network", tags={TAG: "maintenance, ask Ada"}
    )

    with pytest.raises(ActivationError, match="maintenance, ask Ada"):
        take(lease_of(stage, session), Preference(session, session.caller().account_id), [], timeout=4)
