"""Deploys counted from usage records, against lives that are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudstack_pins.suggest.history import Deploy
from cloudstack_pins.suggest.judge import cold_share, distinct_accounts
from cloudstack_pins.suggest.records import Created, Record, deploys
from tests.suggest.generated import some
from tests.suggest.lives import DAY, EPOCH, HOUR, Life, Piece, World, recorded, worlds

NOTHING_KNOWN: dict[str, Created] = {}


def counted(world: World, since: float, created: dict[str, Created] | None = None) -> list[Deploy]:
    """Those that count; but for what no record can tell: VMs restored before the records begin, to run only later."""
    alive = frozenset(life.vm_id for life in world.lives if life.is_alive)
    found = deploys(world.records(), created or NOTHING_KNOWN, alive, since=since, begin=world.windows[0])
    hidden = {
        (life.vm_id, template)
        for life in world.lives
        for template, piece in life.uses().items()
        if piece.begin < world.windows[0] and template != life.first_disk
    }
    return [deploy for deploy in found if deploy.at is not None and (deploy.vm_id, deploy.template_id) not in hidden]


def truth(world: World, since: float) -> dict[tuple[str, str], Piece]:
    """Each first use of a template by a VM between ``since`` and the end of the records, from the lives alone."""
    return {
        (life.vm_id, template): piece
        for life in world.lives
        for template, piece in life.uses().items()
        if since <= piece.begin < world.windows[-1]
    }


def pairs(found: Iterable[Deploy]) -> list[tuple[str, str]]:
    return sorted((deploy.vm_id, deploy.template_id) for deploy in found)


@some
@given(worlds(), st.data())
def test_every_deploy_counts_once_whatever_became_of_the_vm(world: World, data: st.DataObject) -> None:
    # The records begin at least one window before the time that counts.
    since = data.draw(st.sampled_from(world.windows[1:-1]))

    found = counted(world, since)

    expected = truth(world, since)
    assert pairs(found) == sorted(expected)
    for deploy in found:
        piece = expected[deploy.vm_id, deploy.template_id]
        start, end = next(span for span in world.spans if span[0] <= piece.begin < span[1])
        assert deploy.at is not None and start - 1 <= deploy.at <= end
        assert piece.account in deploy.accounts
        assert deploy.until is None or deploy.until >= deploy.at


@some
@given(worlds(), st.data())
def test_accounts_are_never_counted_too_high_and_exactly_where_the_event_log_names_the_deployer(
    world: World, data: st.DataObject
) -> None:
    since = data.draw(st.sampled_from(world.windows[1:-1]))
    right = {piece.account for piece in truth(world, since).values()}

    assert distinct_accounts(counted(world, since)) <= len(right)

    unrestored = replace(world, lives=tuple(life for life in world.lives if len(life.uses()) == 1))
    right = {piece.account for piece in truth(unrestored, since).values()}
    created = {life.vm_id: life.created for life in unrestored.lives}
    assert distinct_accounts(counted(unrestored, since, created)) == len(right)


@some
@given(worlds())
def test_in_a_young_log_dates_of_creation_tell_older_vms_from_new_ones(world: World) -> None:
    since = world.windows[0]
    unrestored = replace(world, lives=tuple(life for life in world.lives if len(life.uses()) == 1))
    created = {life.vm_id: life.created for life in unrestored.lives}

    assert pairs(counted(unrestored, since, created)) == sorted(truth(unrestored, since))
    # Without them, what is sure is sure: those of later windows, and at most all that show.
    later = sorted(truth(world, world.windows[1]))
    found = pairs(counted(world, since))
    assert set(later) <= set(found)


@some
@given(worlds(), st.randoms())
def test_order_and_repetition_of_records_do_not_matter(world: World, random: object) -> None:
    records = world.records()
    shuffled = [*records, *records]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    alive = frozenset(life.vm_id for life in world.lives if life.is_alive)

    once = deploys(
        replace(world, repeated=()).records(), NOTHING_KNOWN, alive, since=world.windows[0], begin=world.windows[0]
    )

    assert deploys(shuffled, NOTHING_KNOWN, alive, since=world.windows[0], begin=world.windows[0]) == once


def life(*owners: str, hours: float = 3.0, begin: float = EPOCH + 2 * HOUR, alive: bool = True) -> Life:
    """A VM that changes hands every ``hours`` hours."""
    pieces = [
        Piece(begin + n * hours * HOUR, begin + (n + 1) * hours * HOUR, account, "so-gold", "debian", False)
        for n, account in enumerate(owners)
    ]
    last = pieces.pop()
    return Life("vm", (*pieces, replace(last, end=EPOCH + 30 * DAY) if alive else last), alive)


def records_of(one: Life, days: int) -> list[Record]:
    return [record for day in range(days) for record in recorded(one, EPOCH + day * DAY, EPOCH + (day + 1) * DAY)]


@pytest.mark.parametrize(
    ("owners", "may_have"),
    [
        pytest.param(["ann"], {"ann"}, id="kept"),
        pytest.param(["ann", "bob"], {"ann", "bob"}, id="handed-over"),
        pytest.param(["ann", "bob", "ann"], {"ann", "bob"}, id="there-and-back"),
        pytest.param(["ann", "bob", "eve"], {"ann", "bob", "eve"}, id="twice"),
    ],
)
def test_a_vm_that_changed_hands_within_a_window_is_one_deploy(owners: list[str], may_have: set[str]) -> None:
    found = deploys(records_of(life(*owners), 3), NOTHING_KNOWN, frozenset(["vm"]), since=EPOCH, begin=EPOCH)
    [named] = deploys(
        records_of(life(*owners), 3),
        {"vm": Created(at=EPOCH + 2 * HOUR, account="ann")},
        frozenset(),
        since=EPOCH,
        begin=EPOCH,
    )

    assert [(deploy.at, set(deploy.accounts)) for deploy in found] == [(EPOCH + 2 * HOUR, may_have)]
    assert named.accounts == {"ann"}


def test_a_vm_that_changed_hands_all_day_is_still_older_than_the_records() -> None:
    before = life("ann", "bob", "ann", "eve", hours=6, begin=EPOCH - 6 * HOUR)

    [found] = deploys(records_of(before, 2), NOTHING_KNOWN, frozenset(), since=EPOCH, begin=EPOCH)

    assert found.at is None


def test_a_scaled_vm_is_still_older_than_the_records() -> None:
    pieces = (
        Piece(EPOCH - DAY, EPOCH + 9 * HOUR, "ann", "so-gold", "debian", True),
        Piece(EPOCH + 9 * HOUR, EPOCH + 9 * DAY, "ann", "so-silver", "debian", True),
    )
    [found] = deploys(records_of(Life("vm", pieces, True), 2), NOTHING_KNOWN, frozenset(), since=EPOCH, begin=EPOCH)
    assert found.at is None


def deploy(at: float | None, until: float | None = None) -> Deploy:
    return Deploy(vm_id=f"{at}", template_id="t", accounts=frozenset(["a"]), offering_id="o", at=at, until=until)


@pytest.mark.parametrize(
    ("found", "pools", "share"),
    [
        pytest.param([], 2, 0.0, id="none"),
        pytest.param([deploy(1.0)], 2, 1.0, id="the-first-is-cold"),
        pytest.param([deploy(1.0), deploy(2.0), deploy(3.0)], 1, 1 / 3, id="one-pool-stays-warm"),
        pytest.param([deploy(1.0), deploy(2.0)], 2, 0.75, id="the-second-pool-is-cold-by-half"),
        pytest.param([deploy(None), deploy(2.0)], 1, 0.0, id="an-older-vm-warms"),
        pytest.param([deploy(1.0, 2.0), deploy(20.0)], 1, 1.0, id="gone-and-collected"),
        pytest.param([deploy(1.0, 2.0), deploy(5.0)], 1, 0.5, id="gone-and-not-yet-collected"),
    ],
)
def test_the_share_of_cold_deploys_follows_who_was_there(found: list[Deploy], pools: int, share: float) -> None:
    assert cold_share(found, pools, grace=10.0) == pytest.approx(share)
