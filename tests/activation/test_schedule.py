from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cloudstack_pins.activation.schedule import Turn, Waiting, next_turn


def test_a_pool_with_waiting_pins_keeps_the_preference() -> None:
    waiting = [Waiting(address="a", pool="PS0"), Waiting(address="b", pool="PS1"), Waiting(address="c", pool="PS1")]

    assert next_turn(waiting, preferred="PS0", unplaced=1, free=2, now=0) == Turn(pool="PS0", addresses=("a",))


def test_the_preference_stays_until_each_start_has_its_host() -> None:
    waiting = [Waiting(address="b", pool="PS1")]

    assert next_turn(waiting, preferred="PS0", unplaced=1, free=7, now=0).addresses == ()
    assert next_turn(waiting, preferred="PS0", unplaced=0, free=7, now=0) == Turn(pool="PS1", addresses=("b",))


def test_a_retry_waits_for_its_time() -> None:
    waiting = [Waiting(address="a", pool="PS0", since=10)]

    assert next_turn(waiting, preferred=None, unplaced=0, free=1, now=9).addresses == ()
    assert next_turn(waiting, preferred=None, unplaced=0, free=1, now=10).addresses == ("a",)


def test_pins_on_any_pool_wait_for_no_preference() -> None:
    waiting = [Waiting(address="a", pool="PS0"), Waiting(address="b", pool=None)]

    assert next_turn(waiting, preferred="PS1", unplaced=3, free=1, now=0) == Turn(pool=None, addresses=("b",))


@given(
    pools=st.lists(st.sampled_from([None, "PS0", "PS1", "PS2"]), max_size=40),
    preferred=st.sampled_from([None, "PS0", "PS1"]),
    unplaced=st.integers(0, 8),
    free=st.integers(0, 8),
)
def test_a_turn_is_of_one_pool_fills_what_is_free_and_never_moves_on_early(
    pools: list[str | None], preferred: str | None, unplaced: int, free: int
) -> None:
    waiting = [Waiting(address=f"pin-{number}", pool=pool) for number, pool in enumerate(pools)]

    turn = next_turn(waiting, preferred=preferred, unplaced=unplaced, free=free, now=0)

    of = {item.address: item.pool for item in waiting}
    assert {of[address] for address in turn.addresses} <= {turn.pool}
    assert len(turn.addresses) == min(free, Counter(pools)[turn.pool]) or not turn.addresses
    if turn.addresses and turn.pool not in (None, preferred):
        assert unplaced == 0
