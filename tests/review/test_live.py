"""``--live``: capacities, thresholds, readiness and garbage collection as CloudStack says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cloudstack_emulator import Emulator
from cloudstack_pins.cloudstack import Access, Session, TemplateRegistration
from cloudstack_pins.errors import CloudStackError
from cloudstack_pins.review import (
    Plan,
    Policy,
    Review,
    facts_from_lock,
    gather,
    judge,
    load_policy,
    read_plan,
    to_markdown,
)

TODAY = date(2026, 11, 28)
PLANS = Path(__file__).parent / "plans"
GIB = 1024**3
Planned = Callable[[str], Plan]
ALLOCATED = "pool.storage.allocated.capacity.disablethreshold"


@pytest.fixture
def live(session: Session, plan: Planned) -> Callable[..., Review]:
    """Judge a plan of the emulator's zone with what the emulator says."""

    def judged(name: str, policy: Policy | None = None) -> Review:
        found = plan(name)
        return judge([found], live=gather(session, [found]), policy=policy, today=TODAY)

    return judged


def found(review: Review) -> dict[str, list[str]]:
    return {
        finding.id: [f"{subject.name}: {subject.detail}" for subject in finding.subjects] for finding in review.findings
    }


def pool_id(emulator: Emulator, name: str) -> str:
    return emulator.pool(name).id


def test_shares_are_predicted_with_overprovisioning(live: Callable[..., Review]) -> None:
    review = live("made/first-apply")

    pool = next(pool for pool in review.pools if pool.name == "PS0")
    # Two templates of 2 and 3 GiB with a root volume each, on 2 TiB with factor 2.
    assert pool.share(pool.before) == 0
    assert pool.share(pool.after) == pytest.approx(10 / 4096)
    assert found(review) == {}
    assert "| `PS0` | 5 GiB | 0 GiB | 10 GiB | 10 GiB | 0 % | 0.2 % | 0.2 % | 85 % |" in to_markdown(review)


def test_a_pool_above_cloudstack_s_threshold_is_danger(emulator: Emulator, live: Callable[..., Review]) -> None:
    emulator.call("updateConfiguration", name=ALLOCATED, value="0.002", storageid=pool_id(emulator, "PS0"))

    review = live("made/first-apply")

    assert found(review) == {"pool-over-threshold": ["PS0: 0.2 % allocated at the peak, the threshold is 0.2 %"]}
    assert review.decision == "look"


@pytest.mark.parametrize(
    ("text", "pools"),
    [
        pytest.param("[limits]\nallocated_share = 0.002", ["PS0", "PS1"], id="any pool"),
        pytest.param("[limits.pools.PS0]\nallocated_share = 0.002", ["PS0"], id="one pool"),
        pytest.param("[limits.storage_tags.silver]\nallocated_share = 0.0005", ["PS2"], id="a tag"),
        pytest.param(
            "[limits]\nallocated_share = 0.002\n[limits.pools.PS0]\nallocated_share = 0.5",
            ["PS1"],
            id="own before general",
        ),
        pytest.param("[limits]\nallocated_share = 0.003", [], id="below"),
    ],
)
def test_a_pool_above_the_policy_s_limit_is_refused(
    text: str, pools: list[str], live: Callable[..., Review], tmp_path: Path
) -> None:
    policy = tmp_path / "pins-policy.toml"
    policy.write_text(text, encoding="utf-8")

    over = found(live("made/first-apply", load_policy(policy))).get("pool-over-limit", [])

    assert [subject.split(":")[0] for subject in over] == pools


def test_a_pool_that_gets_pins_and_is_not_up_is_danger(emulator: Emulator, live: Callable[..., Review]) -> None:
    emulator.call("updateStoragePool", id=pool_id(emulator, "PS1"), enabled="false")

    assert found(live("made/first-apply")) == {"pool-not-up": ["PS1: state Disabled"]}
    assert found(live("made/no-changes")) == {}


def test_a_pool_that_has_gone_is_danger(emulator: Emulator, live: Callable[..., Review]) -> None:
    emulator.remove_pool("PS2")

    assert found(live("made/first-apply")) == {"pool-missing": ["PS2: "]}


def test_a_template_that_has_gone_or_is_not_ready_is_danger(emulator: Emulator, live: Callable[..., Review]) -> None:
    rows = emulator.call("listTemplates", templatefilter="all")["template"]
    ids = {row["name"]: row["id"] for row in rows}
    emulator.call("deleteTemplate", id=ids["Debian 12 (x86_64)"])
    emulator.world.templates[ids["Ubuntu 24.04 (x86_64)"]].ready = False

    assert found(live("made/first-apply")) == {
        "template-missing": ["debian-12: Debian 12 (x86_64)"],
        "template-not-ready": ["ubuntu-24-04: Ubuntu 24.04 (x86_64)"],
    }


def test_garbage_collection_has_a_window(emulator: Emulator, live: Callable[..., Review]) -> None:
    review = live("made/removal")

    assert "after 1 or 2 passes: from at once to 80 seconds after the apply" in to_markdown(review)


def test_switched_off_garbage_collection_takes_nothing(emulator: Emulator, live: Callable[..., Review]) -> None:
    emulator.call("updateConfiguration", name="storage.template.cleanup.enabled", value="false")

    assert "never: template clean-up is switched off" in to_markdown(live("made/removal"))


def test_reading_costs_calls_per_pool_not_per_pin(
    emulator: Emulator, live: Callable[..., Review], session: Session
) -> None:
    session.caller()
    before = len(emulator.requests)

    live("made/first-apply")

    assert len(emulator.requests) - before <= 3 + 2 * 3 + 5


def test_a_plan_that_names_zone_and_template_is_understood(
    emulator: Emulator, session: Session, tmp_path: Path
) -> None:
    zone = emulator.call("listZones")["zone"][0]
    template = emulator.call("listTemplates", templatefilter="all", name="Ubuntu 24.04 (x86_64)")["template"][0]
    by_id = (PLANS / "made" / "for-each.json").read_text(encoding="utf-8")
    file = tmp_path / "by-name.json"
    file.write_text(by_id.replace(zone["id"], zone["name"]).replace(template["id"], template["name"]), encoding="utf-8")

    plans = [read_plan(file)]
    review = judge(plans, live=gather(session, plans), today=TODAY)

    assert zone["id"] in by_id and template["id"] in by_id
    assert set(found(review)) == {"activation-missing"}
    assert "(+6 GiB copied, +12 GiB allocated)" in review.verdict
    assert [pool.live is not None for pool in review.pools] == [True, True]


def test_a_share_with_copies_of_unknown_size_is_not_shown_as_known(
    emulator: Emulator, live: Callable[..., Review], tmp_path: Path
) -> None:
    policy = tmp_path / "pins-policy.toml"
    policy.write_text("[limits]\nallocated_share = 0.5", encoding="utf-8")
    rows = emulator.call("listTemplates", templatefilter="all", name="Ubuntu 24.04 (x86_64)")["template"]
    emulator.world.templates[rows[0]["id"]].size = 0

    review = live("made/for-each", load_policy(policy))

    assert found(review)["limit-unchecked"] == [
        f"{pool}: the limit is 50 %, and copies of unknown size come" for pool in ("PS0", "PS1")
    ]
    assert "| `PS0` | unknown | 0 GiB | unknown | unknown | 0 % | 0 % + unknown | 0 % + unknown |" in to_markdown(
        review
    )


def test_what_another_zone_has_of_a_template_does_not_count(emulator: Emulator, plan: Planned) -> None:
    planned = plan("made/first-apply")

    with InTwoZones(Access.from_environment(emulator.environment())) as session:
        review = judge([planned], live=gather(session, [planned]), today=TODAY)

    assert found(review) == {}


class InTwoZones(Session):
    """A CloudStack whose templates are in another zone as well, where they are still being downloaded."""

    def templates(self, **filters: Any) -> list[TemplateRegistration]:
        rows = super().templates(**filters)
        return [*rows, *(replace(row, zone_id="another", is_ready=False, size=None) for row in rows)]


def test_a_key_without_rights_is_told_so(emulator: Emulator, plan: Planned) -> None:
    found = plan("made/first-apply")

    with (
        Session(Access.from_environment(emulator.environment(emulator.user))) as session,
        pytest.raises(CloudStackError, match="listStoragePools"),
    ):
        gather(session, [found])


def test_a_lock_says_sizes_and_pools_of_a_plan_without_a_roster(plan: Planned) -> None:
    found = plan("made/for-each")
    lock = facts_from_lock(Path(__file__).parent / "data" / "pins.lock.json")

    unknown, known = judge([found], today=TODAY), judge([found], locks=[lock], today=TODAY)

    assert "(sizes unknown)" in unknown.verdict
    assert "(+6 GiB copied, +12 GiB allocated)" in known.verdict
