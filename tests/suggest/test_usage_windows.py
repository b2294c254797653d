"""The whole way from a usage server's records over the API to advice, against lives that are known."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudstack_emulator import Emulator, ManualClock, ZoneSpec
from cloudstack_emulator.usage import Span, UsageRecord
from cloudstack_pins.suggest.advice import advise
from cloudstack_pins.suggest.history import day_of
from tests.suggest.generated import some
from tests.suggest.lives import ACCOUNTS, DAY, EPOCH, Life, Piece, World, worlds
from tests.suggest.stage import DEBIAN, ROCKY, TOML, UBUNTU, Stage
from tests.suggest.test_judge import TAGS_OF, is_scaled_at_once

NAMES = {"debian": DEBIAN, "ubuntu": UBUNTU, "rocky": ROCKY}
OWNERS = dict(zip(ACCOUNTS, ("admin", "user", "pins", "system"), strict=True))
OFFERINGS = {"so-gold": "pin-gold", "so-silver": "pin-silver", "so-both": "both", "so-none": "Small Instance"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A set with two storage tags, long after everything."""
    with Emulator(ZoneSpec(settings={"storage.cleanup.interval": "86400"}), clock=ManualClock(EPOCH)) as emulator:
        emulator.call("createServiceOffering", name="both", displaytext="both", tags="gold,silver")
        stage = Stage(emulator, Path(tmp_path_factory.mktemp("sets")) / "sandbox")
        stage.declare(TOML + '\n[storage_tags.silver]\nservice_offering = "pin-silver"\n')
        stage.lock()
        stage.deploy(DEBIAN, name="first")
        emulator.advance(101 * DAY)
        yield stage


def record(stage: Stage, world: World) -> None:
    """Make the usage server have written what it would have of these lives."""
    cloud = stage.emulator.world
    with cloud.lock:
        first = next(iter(cloud.vms.values()))
        accounts = {account.name: account for account in cloud.accounts.values()}
        templates = {template.name: template for template in cloud.templates.values()}
        offerings = {offering.name: offering for offering in cloud.service_offerings.values()}
        cloud.usage.records.clear()
        # One VM was there all the time, as in any cloud: without it, the records would seem to begin later.
        always = Piece(EPOCH - DAY, EPOCH + 101 * DAY, "d/ann", "so-none", "debian", False)
        background = replace(world, lives=(Life("always", (always,), True),), repeated=())
        for row in (*world.records(), *background.records()):
            vm = copy.copy(first)
            vm.id = vm.name = row.vm_id
            span = Span(
                type=row.kind,
                account=accounts[OWNERS[row.account]],
                began=row.start,
                vm=vm,
                template=templates[NAMES[row.template_id]],
                offering=offerings[OFFERINGS[row.offering_id]],
            )
            cloud.usage.records.append(UsageRecord(span=span, hours=row.hours, begin=row.start, end=row.end - 1))


def tellable(life: Life, world: World, counted_from: float) -> bool:
    """Whether records tell all of this life that counts: not restored long before, not scaled within a window."""
    restored = [piece for template, piece in life.uses().items() if template != life.first_disk]
    return all(piece.begin >= counted_from for piece in restored) and not is_scaled_at_once(life, world)


@some
@given(world=worlds(), data=st.data())
def test_advice_counts_what_was_deployed(stage: Stage, world: World, data: st.DataObject) -> None:
    index = data.draw(st.integers(1, len(world.windows) - 2))
    # Windows count from the first that begins at or after the time that is asked for.
    earlier, counted_from = world.windows[index - 1], world.windows[index]
    since = data.draw(st.sampled_from([counted_from, earlier + 1, (earlier + counted_from) / 2]))
    kept = tuple(life for life in world.lives if tellable(life, world, counted_from))
    world = replace(world, lives=kept)
    record(stage, world)

    with stage.session(stage.emulator.root) as session:
        report = advise(session, stage.folder, since=since)

    seen = {(one.template, one.storage_tag): (one.deploys, one.accounts) for one in report.suggestions}
    uses = [
        (life, template, piece)
        for life in world.lives
        for template, piece in life.uses().items()
        if counted_from <= piece.begin < world.windows[-1]
    ]
    assert day_of(report.history.until) == day_of(world.windows[-1])
    for template in NAMES:
        for tag in ("gold", "silver"):
            mine = [(life, piece) for life, name, piece in uses if name == template and tag in TAGS_OF[piece.offering]]
            deploys, accounts = seen.get((NAMES[template], tag), (0, 0))
            right = {piece.account for _, piece in mine}
            assert deploys == len(mine)
            assert min(len(right), 1) <= accounts <= len(right)
            if all(len({piece.account for piece in life.pieces}) == 1 for life, _ in mine):
                assert accounts == len(right)
