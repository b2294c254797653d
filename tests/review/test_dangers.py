"""What each kind of plan raises: the findings are the product."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cloudstack_pins.review import CATALOGUE, Review, explain, to_html, to_json, to_markdown
from cloudstack_pins.review.views import amounts

Reviewed = Callable[..., Review]
Varied = Callable[[str, Callable[[dict[str, Any]], None]], Review]
QUIET = {"capacity-unchecked", "size-unknown"}


def ids(review: Review) -> set[str]:
    return {finding.id for finding in review.findings} - QUIET


def subjects(review: Review, identity: str) -> set[str]:
    return {subject.name for finding in review.findings if finding.id == identity for subject in finding.subjects}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("made/first-apply", set(), id="first apply"),
        pytest.param("made/no-changes", set(), id="no change"),
        pytest.param("made/rotation", set(), id="rotation"),
        pytest.param("made/removal", set(), id="removal"),
        pytest.param("made/pool-left-behind", {"leaves-declared-pool"}, id="pool left behind"),
        pytest.param("made/in-place", {"start-in-place"}, id="in place"),
        pytest.param("made/gap", {"gap-in-cache"}, id="destroy before create"),
        pytest.param("made/destroy", {"set-emptied"}, id="destroy"),
        pytest.param("made/lost-outside", {"pin-lost-outside"}, id="lost outside"),
        pytest.param("made/deposed", {"deposed-pin"}, id="deposed"),
        pytest.param("made/tainted", {"tainted-pin"}, id="tainted"),
        pytest.param("made/forget", {"pin-forgotten"}, id="forget"),
        pytest.param("made/imported", {"imported-pin", "change-in-place"}, id="import"),
        pytest.param("made/moved", {"moved-pin"}, id="moved"),
        pytest.param("made/renamed-without-moved", {"address-changed"}, id="renamed"),
        pytest.param("made/module", set(), id="module"),
        pytest.param("made/for-each", {"activation-missing"}, id="for_each, not made by this library"),
        pytest.param("made/foreign", {"other-resources", "half-tagged"}, id="foreign"),
        pytest.param("made/sensitive", set(), id="sensitive"),
        pytest.param("made/hostile", set(), id="hostile"),
        pytest.param("made/two-locks-kept", {"previous-kept"}, id="two locks, kept"),
        pytest.param("made/two-locks-not-kept", {"rotation-without-previous"}, id="two locks, not kept"),
        pytest.param("made/targeted", {"plan-incomplete", "activation-missing"}, id="targeted"),
        pytest.param("real/create", set(), id="real: create"),
        pytest.param("real/no-changes", set(), id="real: no changes"),
        pytest.param("real/rotate-one-remove-one-add-one", set(), id="real: rotate, remove, add"),
        pytest.param("real/in-place-offering-and-name", {"start-in-place"}, id="real: in place"),
        pytest.param("real/drift-pin-expunged", {"pin-lost-outside"}, id="real: drift"),
        pytest.param("real/deposed-after-failed-activation", {"deposed-pin"}, id="real: deposed"),
        pytest.param("real/destroy", {"set-emptied"}, id="real: destroy"),
    ],
)
def test_each_plan_raises_what_it_should_and_nothing_else(name: str, expected: set[str], reviewed: Reviewed) -> None:
    assert ids(reviewed(name)) == expected


def test_start_in_place_names_the_attributes(reviewed: Reviewed) -> None:
    review = reviewed("made/in-place")

    (finding,) = (found for found in review.findings if found.id == "start-in-place")

    assert not review.acceptable
    assert {subject.detail for subject in finding.subjects} == {"service_offering"}


def of_type(plan: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [change for change in plan["resource_changes"] if change["type"] == kind]


def guard(plan: dict[str, Any], role: str) -> dict[str, Any]:
    return next(change for change in plan["resource_changes"] if change["name"] == role)


def drop_guards(plan: dict[str, Any]) -> None:
    plan["resource_changes"] = of_type(plan, "cloudstack_instance")


def idle_guards(plan: dict[str, Any]) -> None:
    for role in ("pin_activation", "pin_confirmation"):
        guard(plan, role)["change"]["actions"] = ["no-op"]


def idle_confirmation(plan: dict[str, Any]) -> None:
    guard(plan, "pin_confirmation")["change"]["actions"] = ["update"]


def first_pin(plan: dict[str, Any]) -> dict[str, Any]:
    return next(c for c in of_type(plan, "cloudstack_instance") if "deposed" not in c)


def claims(*names: str) -> Callable[[dict[str, Any]], None]:
    def edit(plan: dict[str, Any]) -> None:
        change = first_pin(plan)["change"]
        change["actions"] = ["update"]
        for name in names:
            change["after"]["tags"][f"cloudstack-pins/{name}"] += "-x"

    return edit


def in_place(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    def edit(plan: dict[str, Any]) -> None:
        change = first_pin(plan)["change"]
        change["actions"] = ["update"]
        change["after"][name] = value

    return edit


def started(plan: dict[str, Any]) -> None:
    first_pin(plan)["change"]["after"]["start_vm"] = True


def unknown_action(plan: dict[str, Any]) -> None:
    first_pin(plan)["change"]["actions"] = ["teleport"]


def create_then_forget(plan: dict[str, Any]) -> None:
    first_pin(plan)["change"]["actions"] = ["create", "forget"]


def failed_check(plan: dict[str, Any]) -> None:
    plan["checks"] = [
        {"address": {"to_display": "check.health"}, "status": "fail"},
        {"address": {"to_display": "check.later"}, "status": "unknown"},
    ]


def offering_tags(plan: dict[str, Any]) -> None:
    change = {
        "actions": ["update"],
        "before": {"storage_tags": "a"},
        "after": {"storage_tags": "b"},
        "after_unknown": {},
    }
    kind = "cloudstack_service_offering_fixed"
    plan["resource_changes"].append({"address": f"{kind}.x", "type": kind, "name": "x", "change": change})


@pytest.mark.parametrize(
    ("name", "edit", "expected"),
    [
        pytest.param("create", drop_guards, {"activation-missing"}, id="no guards"),
        pytest.param("rotate-one-remove-one-add-one", idle_guards, {"activation-not-triggered"}, id="guards idle"),
        pytest.param("create", idle_confirmation, {"activation-not-triggered"}, id="confirmation idle"),
        pytest.param("no-changes", idle_guards, set(), id="guards idle, no change"),
        pytest.param("no-changes", drop_guards, set(), id="no guards, no change"),
        pytest.param(
            "deposed-after-failed-activation",
            idle_guards,
            {"deposed-pin", "deposed-unguarded"},
            id="deposed and neither guard runs",
        ),
        pytest.param("no-changes", claims("pool"), {"tags-claim", "change-in-place"}, id="claims another pool"),
        pytest.param("no-changes", claims("revision"), {"tags-claim", "change-in-place"}, id="claims another revision"),
        pytest.param("no-changes", claims("template"), {"tags-claim", "change-in-place"}, id="claims another template"),
        pytest.param("no-changes", in_place("display_name", "x"), {"change-in-place"}, id="harmless change"),
        pytest.param("no-changes", in_place("user_data", "x"), {"start-in-place"}, id="user data"),
        pytest.param("no-changes", in_place("moon_phase", "x"), {"unknown-change-in-place"}, id="unknown attribute"),
        pytest.param("create", started, {"starts-at-create"}, id="start_vm"),
        pytest.param("no-changes", unknown_action, {"unknown-action"}, id="unknown action"),
        pytest.param(
            "rotate-one-remove-one-add-one", create_then_forget, {"pin-forgotten"}, id="create, then forget the old"
        ),
        pytest.param("no-changes", failed_check, {"check-failed"}, id="failed check"),
        pytest.param("no-changes", offering_tags, {"offering-tags-in-place"}, id="offering's tags"),
        pytest.param("create", lambda plan: plan.update(errored=True), {"plan-errored"}, id="errored"),
        pytest.param("create", lambda plan: plan.update(complete=False), {"plan-incomplete"}, id="incomplete"),
        pytest.param("create", lambda plan: plan["resource_changes"].clear(), {"no-pins"}, id="no pins"),
    ],
)
def test_variations_of_real_plans_raise_what_they_should(
    name: str, edit: Callable[[dict[str, Any]], None], expected: set[str], varied: Varied
) -> None:
    assert ids(varied(f"real/{name}", edit)) == expected


REFUSED = {
    "activation-missing",
    "activation-not-triggered",
    "deposed-unguarded",
    "gap-in-cache",
    "pin-forgotten",
    "plan-errored",
    "plan-incomplete",
    "rotation-without-previous",
    "start-in-place",
    "unknown-action",
}
BY_POLICY_ONLY = {"pool-over-limit", "protected-template", "tag-not-allowed", "too-many-destroyed", "too-much-copied"}


def test_without_a_policy_exactly_these_are_refused() -> None:
    refused = {entry.id for entry in CATALOGUE.values() if entry.severity == "refused"}

    assert refused == REFUSED | BY_POLICY_ONLY


@pytest.mark.parametrize("identity", sorted(CATALOGUE))
def test_every_finding_is_explained_with_reason_and_repair(identity: str) -> None:
    text = explain(identity)

    assert text.startswith(f"{identity} (")
    assert "Why: " in text
    assert "Repair: " in text


def test_rotation_counts_old_and_new_side_by_side_at_the_peak(reviewed: Reviewed) -> None:
    review = reviewed("made/rotation")

    pool = next(pool for pool in review.pools if pool.name == "PS2")

    assert (pool.before.text, pool.peak.text, pool.after.text) == ("4 GiB", "8 GiB", "4 GiB")
    assert pool.copied.text == "2 GiB"
    assert review.verdict.startswith("pins 0 templates (+6 GiB copied, +0 GiB allocated), rotates 1, unpins 0")


@pytest.mark.parametrize(
    ("name", "address", "copied", "allocated"),
    [
        pytest.param("made/rotation", "debian-12_gold_PS0", "2 GiB", "4 GiB", id="rotating"),
        pytest.param("made/rotation", "ubuntu-24-04_gold_PS0", "0 GiB", "6 GiB", id="staying"),
        pytest.param("made/tainted", "debian-12_gold_PS0", "0 GiB", "4 GiB", id="its copy is there"),
        pytest.param("real/create", "deb_gold_PS0", "unknown", "unknown", id="unknown size"),
    ],
)
def test_each_pin_says_what_it_copies_and_allocates(
    name: str, address: str, copied: str, allocated: str, reviewed: Reviewed
) -> None:
    (stack,) = reviewed(name).stacks
    found = {pin.change.address: (copied.text, allocated.text) for pin, copied, allocated in amounts(stack)}

    assert found[f"cloudstack_instance.{address}"] == (copied, allocated)


def test_two_pins_of_one_template_on_one_pool_share_the_copy(reviewed: Reviewed) -> None:
    both = reviewed("made/first-apply", "made/first-apply")

    alone = reviewed("made/first-apply")

    assert [pool.copied for pool in both.pools] == [pool.copied for pool in alone.pools]
    assert all(two.after.known > one.after.known for two, one in zip(both.pools, alone.pools, strict=True))


def test_deposed_pins_take_room_until_they_are_destroyed(reviewed: Reviewed) -> None:
    review = reviewed("made/deposed")

    pool = next(pool for pool in review.pools if pool.name == "PS2")

    # The old registration's size is in no output any more: said, not guessed.
    assert (pool.before.text, pool.after.text) == ("4 GiB + 2 of unknown size", "4 GiB")


def test_a_forgotten_pin_still_takes_room(reviewed: Reviewed) -> None:
    pool = next(pool for pool in reviewed("made/forget").pools if pool.name == "PS1")

    assert pool.before == pool.after
    assert not pool.leaving


def test_sensitive_values_leave_in_no_form(reviewed: Reviewed) -> None:
    review = reviewed("made/sensitive")

    for form in (to_markdown, to_json, to_html):
        assert "hunter2" not in form(review)
    assert "(sensitive)" in to_markdown(review)


def test_a_moved_pin_is_no_change(reviewed: Reviewed) -> None:
    assert "4 pins stay as before, 2 of them moved" in reviewed("made/moved").verdict


@pytest.mark.parametrize(
    ("name", "doing"),
    [
        pytest.param(
            "real/deposed-after-failed-activation",
            "destroys 3 deposed pins, runs the activation, 6 pins stay as before",
            id="deposed",
        ),
        pytest.param("made/forget", "forgets 1 pin, runs the activation, 4 pins stay as before", id="forget"),
    ],
)
def test_a_verdict_says_no_changes_of_a_plan_without_any_only(name: str, doing: str, reviewed: Reviewed) -> None:
    assert reviewed(name).verdict.partition(":")[0] == doing


def test_a_plan_without_pins_says_so(varied: Varied) -> None:
    review = varied("real/create", lambda plan: plan["resource_changes"].clear())

    assert review.verdict == "no pins in this plan: safe to merge"


def test_an_activation_that_runs_again_is_no_plan_without_changes(varied: Varied) -> None:
    def tainted(plan: dict[str, Any]) -> None:
        guard(plan, "pin_activation")["change"]["actions"] = ["delete", "create"]

    assert varied("real/no-changes", tainted).verdict == "runs the activation, 6 pins stay as before: safe to merge"


def test_unpinned_copies_go_after_gc_passes(reviewed: Reviewed) -> None:
    (copy,) = (copy for pool in reviewed("made/removal").pools for copy in pool.leaving if copy.template == "debian-12")

    assert (copy.window.passes, copy.window.latest) == ("1 or 2 passes", None)
