"""pins-policy.toml: limits, severities and waivers, and every way in which it can be wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from cloudstack_pins.errors import PolicyError
from cloudstack_pins.plain import plain
from cloudstack_pins.review import Policy, Review, load_policy, to_markdown
from cloudstack_pins.review.limits import pool_limit

Reviewed = Callable[..., Review]
Written = Callable[[str], Policy]


@pytest.fixture
def policy(tmp_path: Path) -> Written:
    def written(text: str) -> Policy:
        path = tmp_path / "pins-policy.toml"
        path.write_text(text, encoding="utf-8")
        return load_policy(path)

    return written


def refused(review: Review) -> dict[str, str]:
    return {finding.id: finding.detail for finding in review.findings if finding.effective == "refused"}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param("made/rotation", "[limits]\ncopied_gib = 5", {"too-much-copied"}, id="copied, over"),
        pytest.param("made/rotation", "[limits]\ncopied_gib = 6", set(), id="copied, at the limit"),
        pytest.param("made/destroy", "[limits]\npins_destroyed = 4", {"too-many-destroyed"}, id="destroyed, over"),
        pytest.param("made/destroy", "[limits]\npins_destroyed = 5", set(), id="destroyed, at the limit"),
        pytest.param("made/rotation", "[limits]\npins_destroyed = 0", set(), id="a rotation destroys nothing"),
        pytest.param("made/removal", 'protected_templates = ["debian-12"]', {"protected-template"}, id="protected"),
        pytest.param("made/rotation", 'protected_templates = ["debian-12"]', set(), id="protected may rotate"),
        pytest.param("made/first-apply", 'allowed_storage_tags = ["gold"]', {"tag-not-allowed"}, id="tag"),
        pytest.param("made/first-apply", 'allowed_storage_tags = ["gold", "silver"]', set(), id="tags allowed"),
        pytest.param("made/gap", '[severity]\ngap-in-cache = "warning"', set(), id="severity lowered"),
        pytest.param("made/moved", '[severity]\nmoved-pin = "refused"', {"moved-pin"}, id="severity raised"),
    ],
)
def test_policy_decides(name: str, text: str, expected: set[str], policy: Written, reviewed: Reviewed) -> None:
    assert set(refused(reviewed(name, policy=policy(text)))) == expected


def test_a_policy_with_a_byte_order_mark_is_read(policy: Written) -> None:
    assert policy("\ufeff[limits]\ncopied_gib = 5") == policy("[limits]\ncopied_gib = 5")


WAIVER = '[[waivers]]\nid = "gap-in-cache"\nreason = "the pool is empty @admin"\nuntil = 2026-11-28\n'


def test_a_waiver_lets_a_finding_pass_up_to_its_last_day(policy: Written, reviewed: Reviewed) -> None:
    rules = policy(WAIVER)

    last = reviewed("made/gap", policy=rules, today=date(2026, 11, 28))
    after = reviewed("made/gap", policy=rules, today=date(2026, 11, 29))

    assert last.acceptable
    assert "**Waived** until 2026-11-28" in to_markdown(last)
    assert "@admin" not in to_markdown(last)
    assert not after.acceptable
    assert "waiver-expired" in {finding.id for finding in after.findings}


def test_only_a_waiver_knows_the_date(reviewed: Reviewed) -> None:
    assert to_markdown(reviewed("made/gap", today=date(2020, 1, 1))) == to_markdown(reviewed("made/gap"))


def test_a_waiver_may_be_of_one_stack_only(policy: Written, reviewed: Reviewed) -> None:
    assert reviewed("made/gap", policy=policy(WAIVER + 'stack = "sandbox"\n')).acceptable
    assert not reviewed("made/gap", policy=policy(WAIVER + 'stack = "other"\n')).acceptable


def test_a_waiver_of_the_only_stack_is_about_limits_over_all_stacks_too(policy: Written, reviewed: Reviewed) -> None:
    waived = WAIVER.replace("gap-in-cache", "too-many-destroyed") + 'stack = "sandbox"\n'
    rules = policy("[limits]\npins_destroyed = 0\n" + waived)

    assert not refused(reviewed("made/removal", policy=rules))
    assert set(refused(reviewed("made/removal", "real/destroy", policy=rules))) == {"too-many-destroyed"}


@pytest.mark.parametrize("shown", ["PS\u200b0", plain("PS\u200b0")])
def test_a_pool_has_its_limit_whether_a_lock_or_a_roster_says_its_name(
    shown: str, policy: Written, reviewed: Reviewed
) -> None:
    rules = policy('[limits.pools."PS\\u200b0"]\nallocated_share = 0.5')
    pool = replace(reviewed("real/create").pools[0], name=shown)

    assert pool_limit(pool, rules.limits) == 0.5


def test_a_limit_that_cannot_be_checked_is_said(policy: Written, reviewed: Reviewed) -> None:
    review = reviewed("real/create", policy=policy("[limits]\ncopied_gib = 5\nallocated_share = 0.5"))

    unchecked = [f.subjects[0].name for f in review.findings if f.id == "limit-unchecked"]
    assert sorted(unchecked) == ["limits.allocated_share", "limits.copied_gib"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("limit = 3", "limit: is not known; known are limits, ", id="unknown key"),
        pytest.param("[limits]\nallocated = 3", "limits.allocated: is not known", id="unknown limit"),
        pytest.param("[limits]\nallocated_share = 85", "wanted is a share above 0 and up to 1", id="percent"),
        pytest.param("[limits]\nallocated_share = nan", "wanted is a share", id="nan"),
        pytest.param("[limits]\ncopied_gib = true", "limits.copied_gib: is True", id="bool"),
        pytest.param("[limits]\ncopied_gib = nan", "limits.copied_gib: is nan", id="nan GiB"),
        pytest.param("[limits]\npins_destroyed = 1.5", "wanted is a whole number", id="half a pin"),
        pytest.param("[limits]\npins_destroyed = -1", "wanted is a whole number", id="negative"),
        pytest.param("[limits.pools]\nPS0 = 0.7", "limits.pools.PS0: is 0.7; wanted is a table", id="pool not a table"),
        pytest.param("[limits.pools.PS0]\nshare = 0.7", "limits.pools.PS0.share: is not known", id="pool's key"),
        pytest.param("limits = 3", "limits: is 3; wanted is a table", id="limits not a table"),
        pytest.param('protected_templates = "x"', "wanted is a list of names", id="not a list"),
        pytest.param("allowed_storage_tags = [1]", "wanted is a list of names", id="not names"),
        pytest.param(
            '[severity]\ngap = "info"', "severity.gap: is 'gap'; wanted is the id of a finding", id="unknown id"
        ),
        pytest.param('[severity]\ngap-in-cache = "error"', "one of info, warning, refused", id="unknown severity"),
        pytest.param('[severity]\ngap-in-cache = ["info"]', "one of info, warning, refused", id="severity not text"),
        pytest.param('[waivers]\nid = "gap-in-cache"', "written as [[waivers]]", id="one waiver"),
        pytest.param('[[waivers]]\nreason = "x"', "waivers[0].id: is nothing", id="waiver without id"),
        pytest.param(
            '[[waivers]]\nid = "gap-in-cache"\nuntil = 2027-01-31', "waivers[0].reason: is nothing", id="no reason"
        ),
        pytest.param(
            '[[waivers]]\nid = "gap-in-cache"\nreason = "x"', "waivers[0].until: is nothing", id="waiver without end"
        ),
        pytest.param(
            '[[waivers]]\nid = "gap-in-cache"\nreason = "x"\nuntil = "2027-01-31"', "without quotes", id="date as text"
        ),
        pytest.param(
            '[[waivers]]\nid = "gap-in-cache"\nreason = "x"\nuntil = 2027-01-31T00:00:00Z', "a date", id="a time"
        ),
        pytest.param("[limits", "is not TOML", id="not TOML"),
    ],
)
def test_a_wrong_policy_says_what_and_how_to_repair_it(text: str, message: str, policy: Written) -> None:
    with pytest.raises(PolicyError) as caught:
        policy(text)

    assert message in str(caught.value)
    assert "pins-policy.toml" in str(caught.value)


def test_a_missing_policy_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(tmp_path / "none.toml")
