"""Advice on histories with a known answer: deploys and accounts counted from the lives, never from records."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudstack_pins.suggest.history import Deploy, History
from cloudstack_pins.suggest.judge import GIB, MIB, Suggestion, TagFacts, TemplateFacts, Terms, judge, unassigned
from cloudstack_pins.suggest.records import deploys
from tests.suggest.generated import some
from tests.suggest.lives import DAY, EPOCH, OFFERINGS, TEMPLATES, Life, World, worlds

TAGS_OF = dict(
    zip(
        OFFERINGS,
        (frozenset({"gold"}), frozenset({"silver"}), frozenset({"gold", "silver"}), frozenset[str]()),
        strict=True,
    )
)
TAGS = (TagFacts(name="gold", pools=2, pins=2), TagFacts(name="silver", pools=3, pins=1))


def facts(name: str, *tags: str) -> TemplateFacts:
    key = f"key-{name}" if tags else None
    return TemplateFacts(name=name, ids=frozenset([name]), size=4 * GIB, key=key, tags=frozenset(tags))


def is_scaled_at_once(life: Life, world: World) -> bool:
    """Whether records cannot tell with which offering a use of a template began."""
    firsts = [
        next((span for span in world.spans if span[0] <= use.begin < span[1]), None) for use in life.uses().values()
    ]
    return any(
        len({piece.offering for piece in life.pieces if piece.begin < span[1] and piece.end > span[0]}) > 1
        for span in firsts
        if span is not None
    )


@some
@given(worlds(), st.data())
def test_each_pair_counts_its_deploys_and_their_accounts(world: World, data: st.DataObject) -> None:
    since, until = data.draw(st.sampled_from(world.windows[1:-1])), world.windows[-1]
    # Neither what no record can tell: restored before the records begin, or scaled within the first window.
    known = [life for life in world.lives if len(life.uses()) == 1 or life.began >= world.windows[0]]
    world = replace(world, lives=tuple(life for life in known if not is_scaled_at_once(life, world)))
    templates = [facts("debian", "gold"), facts("ubuntu"), facts("rocky", "gold", "silver")]
    terms = Terms(min_deploys=data.draw(st.sampled_from([0.5, 2.0, 5.0])), min_accounts=data.draw(st.integers(1, 3)))
    created = {life.vm_id: life.created for life in world.lives}
    history = History(
        source="usage records",
        deploys=deploys(world.records(), created, frozenset(), since=since, begin=world.windows[0]),
        since=since,
        until=until,
        doubt=data.draw(st.sampled_from([None, "who knows"])),
    )

    found = {(one.template, one.storage_tag): one for one in judge(history, templates, TAGS, TAGS_OF, terms)}

    uses = [
        (life, template, piece)
        for life in world.lives
        for template, piece in life.uses().items()
        if since <= piece.begin < until
    ]
    for template in TEMPLATES:
        for tag in ("gold", "silver"):
            mine = [(life, piece) for life, name, piece in uses if name == template and tag in TAGS_OF[piece.offering]]
            accounts = {piece.account for _, piece in mine}
            one = found.get((template, tag))
            assert (one.deploys if one else 0) == len(mine)
            if one is None:
                continue
            # Who ran a restored VM is not told where it changed hands in that window.
            assert one.accounts == len(accounts) or any(len(life.uses()) > 1 for life, _ in mine)
            assert one.accounts <= len(accounts)
            deserved = one.deploys * 30 * DAY / max(until - since, DAY) >= terms.min_deploys - 1e-9
            deserved = deserved and one.accounts >= terms.min_accounts
            assert one.earned == deserved
            is_pinned = tag in next(each.tags for each in templates if each.name == template)
            if is_pinned:
                assert one.advice == ("keep" if deserved or history.doubt else "drop")
            else:
                assert one.advice == ("add" if deserved else "leave")
    assert unassigned(history, TAGS_OF) == sum(piece.offering == "so-none" for _, _, piece in uses)


def history(count: int, *, accounts: int = 2, days: float = 30, template: str = "ubuntu", **changes: object) -> History:
    made = tuple(
        Deploy(
            vm_id=f"vm-{n}",
            template_id=template,
            accounts=frozenset([f"d/{n % accounts}"]),
            offering_id="so-gold",
            at=EPOCH + n,
        )
        for n in range(count)
    )
    values = {"source": "usage records", "deploys": made, "since": EPOCH, "until": EPOCH + days * DAY} | changes
    return History(**values)  # type: ignore[arg-type]


def advice(past: History, template: TemplateFacts, *tags: TagFacts) -> Suggestion:
    [found] = judge(past, [template], tags or TAGS, TAGS_OF, Terms(copy_rate=100 * MIB))
    return found


def test_what_a_pin_costs_and_saves_is_reckoned_for_the_pools_that_it_warms() -> None:
    every, any_pool = TagFacts(name="gold", pools=4, pins=4), TagFacts(name="gold", pools=4, pins=1)

    first, second = (advice(history(8), facts("ubuntu"), tag) for tag in (every, any_pool))

    assert (first.gib, second.gib) == (32.0, 8.0)
    assert first.seconds_saved is not None and second.seconds_saved is not None
    assert second.seconds_saved == pytest.approx(first.seconds_saved / 4)
    assert first.seconds_saved == pytest.approx(first.cold_share * 8 * 4 * 1024 / 100)


def test_a_template_of_unknown_size_costs_and_saves_what_nobody_knows() -> None:
    found = advice(history(8), replace(facts("ubuntu"), size=None))
    assert (found.advice, found.gib, found.seconds_saved) == ("add", None, None)


@pytest.mark.parametrize(
    ("past", "template", "expected", "reason"),
    [
        pytest.param(history(5), facts("ubuntu"), "add", "5 deploys in 30 days by 2 accounts", id="enough"),
        pytest.param(history(4), facts("ubuntu"), "leave", "below 5 deploys in 30 days by 2 accounts", id="few"),
        pytest.param(history(9, accounts=1), facts("ubuntu"), "leave", "by 1 account, below", id="one-account"),
        pytest.param(history(10, days=60), facts("ubuntu"), "add", "10 deploys in 60 days", id="five-a-month"),
        pytest.param(history(9, days=60), facts("ubuntu"), "leave", "below", id="less-than-five-a-month"),
        pytest.param(history(0), facts("ubuntu", "gold"), "drop", "0 deploys in 30 days by 0 accounts", id="unused"),
        pytest.param(
            history(0, doubt="the log is young"), facts("ubuntu", "gold"), "keep", "the log is young", id="doubt"
        ),
        pytest.param(
            history(9), replace(facts("ubuntu"), obstacle="it is gone"), "leave", "but it is gone", id="obstacle"
        ),
    ],
)
def test_advice_gives_its_reason(past: History, template: TemplateFacts, expected: str, reason: str) -> None:
    found = advice(past, template)
    assert found.advice == expected
    assert reason in found.reason


def test_a_tag_that_the_set_does_not_declare_gets_no_pin_and_is_named() -> None:
    found = advice(history(9), facts("ubuntu"), TAGS[1])
    assert (found.advice, found.gib) == ("leave", None)
    assert "does not declare the storage tag" in found.reason


def test_gone_registrations_count_for_the_name_and_never_for_an_entry_of_one_id() -> None:
    old = replace(
        history(9),
        deploys=tuple(replace(one, template_id="gone", template_name="ubuntu") for one in history(9).deploys),
    )
    fixed = replace(facts("ubuntu", "gold"), follows_name=False)

    assert advice(old, facts("ubuntu")).deploys == 9
    assert advice(old, fixed).deploys == 0


def test_the_best_additions_come_first() -> None:
    both = History(
        source="usage records",
        deploys=(*history(6).deploys, *history(9, template="rocky").deploys),
        since=EPOCH,
        until=EPOCH + 30 * DAY,
    )
    found = judge(both, [facts("ubuntu"), facts("rocky"), facts("debian", "gold")], TAGS, TAGS_OF, Terms())
    assert [(one.advice, one.template) for one in found] == [("add", "rocky"), ("add", "ubuntu"), ("drop", "debian")]
