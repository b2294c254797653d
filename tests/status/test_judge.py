"""Judging: every state and finding from plain values."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cloudstack_pins.model import Owner
from cloudstack_pins.status.judge import judge
from cloudstack_pins.status.observation import Caller, SeenLease, SeenRoot, SeenSchedule
from cloudstack_pins.status.report import State
from tests.status.made import AT, GIB, declared, kinds, one, pin_set, pool, seen, vm

KEY = "template-000_gold_PS0"


def test_a_set_whose_pins_are_all_active_has_no_findings() -> None:
    what = declared()

    report = judge(what, seen(what))

    assert report.counts() == {State.ACTIVE: 4}
    assert (report.findings, report.copies_missing, report.held) == ((), 0, 4 * 2 * 2 * GIB)


@pytest.mark.parametrize(
    ("changes", "state", "protects"),
    [
        pytest.param({"root": SeenRoot(ready=False)}, State.NOT_ACTIVATED, False, id="allocated"),
        pytest.param({"root": None}, State.NOT_ACTIVATED, False, id="without-root"),
        pytest.param({"state": "Running"}, State.RUNNING, True, id="running"),
        pytest.param({"state": "Starting", "root": None}, State.RUNNING, False, id="starting"),
        pytest.param({"root": SeenRoot(ready=True, pool_id="pool-1")}, State.WRONG_POOL, False, id="other-pool"),
        pytest.param({"root": SeenRoot(ready=True)}, State.ACTIVE, True, id="pool-not-visible"),
        pytest.param({"account": "admin"}, State.WRONG_OWNER, True, id="other-account"),
        pytest.param({"domain_id": "elsewhere"}, State.WRONG_OWNER, True, id="other-domain"),
        pytest.param({"template_id": "id-other"}, State.WRONG_TEMPLATE, False, id="other-template"),
        pytest.param({"state": "Error", "root": None}, State.ERROR, False, id="error"),
        pytest.param({"state": "Destroyed"}, State.DESTROYED, True, id="destroyed"),
        pytest.param({"state": "Destroyed", "root": SeenRoot(ready=False)}, State.DESTROYED, False, id="never-active"),
        pytest.param({"state": "Expunging"}, State.DESTROYED, False, id="expunging"),
    ],
)
def test_a_vm_gives_its_pin_one_state(changes: dict[str, Any], state: State, protects: bool) -> None:
    what = declared()
    first, *others = what.pins

    report = judge(what, seen(what, [vm(first, **changes), *map(vm, others)]))

    pin = one(report, KEY)
    assert (pin.state, pin.protects) == (state, protects)
    assert report.copies_missing == (0 if protects else 1)
    assert kinds(report) == ([] if state is State.ACTIVE else [f"pin-{state.replace(' ', '-')}"])
    assert all(finding.repair for finding in report.findings)


def test_a_pin_without_a_vm_is_missing_and_one_with_two_is_a_duplicate() -> None:
    what = declared()
    _, second, *others = what.pins
    twin = vm(second, id="twin", root=SeenRoot(ready=False))

    report = judge(what, seen(what, [twin, *map(vm, [second, *others])]))

    assert one(report, KEY).state is State.MISSING
    double = one(report, "template-000_gold_PS1")
    assert (double.state, double.protects, double.vm_ids[-1]) == (State.DUPLICATE, True, "twin")
    finding = next(finding for finding in report.findings if finding.kind == "pin-duplicate")
    assert finding.repair[-1] == "cmk destroy virtualmachine id=twin expunge=true"
    assert not any("id=vm-" in line for line in finding.repair if line.startswith("cmk"))


def test_a_destroyed_pin_says_until_when_it_still_protects() -> None:
    what = declared()
    first, *others = what.pins
    destroyed = vm(first, state="Destroyed", changed=AT - timedelta(hours=3))

    pin = one(judge(what, seen(what, [destroyed, *map(vm, others)])), KEY)
    blind = one(judge(what, seen(what, [destroyed, *map(vm, others)], settings={})), KEY)

    assert pin.until == AT + timedelta(hours=21)
    assert "2026-11-29 09:00 UTC" in pin.detail
    assert blind.until is None and "can't be seen with this key" in blind.detail


def test_an_any_pool_pin_may_be_on_every_pool_that_bears_the_tag() -> None:
    found = pin_set(templates=1)
    found = replace(found, storage_tags={"gold": replace(found.storage_tags["gold"], coverage="any-pool", pools=())})
    what = declared(found)
    here, there = (SeenRoot(ready=True, pool_id=f"pool-{n}", pool_name=f"PS{n}") for n in (7, 8))
    pools = (pool(7), pool(8, tags=frozenset({"silver"})))

    assert judge(what, seen(what, [vm(what.pins[0], root=here)], pools=pools)).counts() == {State.ACTIVE: 1}
    wrong = judge(what, seen(what, [vm(what.pins[0], root=there)], pools=pools))
    assert wrong.counts() == {State.WRONG_POOL: 1}
    assert "a pool with tag gold" in wrong.findings[0].text


def test_with_owner_caller_the_account_that_all_pins_share_is_right() -> None:
    what = declared(pin_set(owner=Owner()))

    own = judge(what, seen(what, [vm(pin, account="pins") for pin in what.pins]))
    watched = judge(what, seen(what))
    split = judge(what, seen(what, [vm(pin, account=f"a{n}") for n, pin in enumerate(what.pins)]))

    assert own.counts() == watched.counts() == {State.ACTIVE: 4}
    assert own.notes == () and "system is taken as right" in watched.notes[0]
    assert split.counts() == {State.WRONG_OWNER: 4}


def test_vms_that_no_pin_accounts_for_are_orphans() -> None:
    what = declared()
    older = vm(replace(what.pins[0], revision="0123"), id="older")
    foreign = vm(replace(what.pins[0], template="gone"), id="foreign")
    torn = vm(what.pins[0], id="torn", tags={"cloudstack-pins/set": "sandbox"})
    expunged = vm(replace(what.pins[0], template="gone"), id="expunged", state="Destroyed")

    report = judge(what, seen(what, [*map(vm, what.pins), older, foreign, torn, expunged]))

    assert {finding.about: finding.text for finding in report.findings} == {
        "older": f"VM {older.name} (Stopped) claims template-000 / gold / PS0 in revision 0123, "
        "which is not the declared one",
        "foreign": f"VM {foreign.name} (Stopped) is tagged gone / gold / PS0, which is not declared",
        "torn": f"VM {torn.name} (Stopped) lacks some of the five tags, so it is nobody's pin",
    }


def test_untagged_vms_of_pinned_templates_with_a_given_name_only_are_strays() -> None:
    what = declared()
    stray = vm(what.pins[0], id="stray", name="VM-1f", tags={})
    others = [
        vm(what.pins[0], id="named", name="web", tags={}),
        vm(what.pins[0], id="other", name="VM-2f", tags={}, template_id="x"),
        vm(what.pins[0], id="gone", name="VM-3f", tags={}, state="Expunging"),
    ]

    report = judge(what, seen(what, strays=(stray, *others)))

    assert [(finding.kind, finding.about) for finding in report.findings] == [("untagged", "stray")]


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        pytest.param(
            {"state": "Maintenance"}, "pool-down", "cmk cancel storagemaintenance id=pool-0", id="maintenance"
        ),
        pytest.param(
            {"state": "Disabled"}, "pool-down", "cmk update storagepool id=pool-0 enabled=true", id="disabled"
        ),
        pytest.param({"used": 1741 * GIB}, "pool-full", "name=pool.storage.capacity.disablethreshold", id="used"),
        pytest.param({"allocated": 3482 * GIB}, "pool-full", "name=pool.storage.allocated.capacity", id="allocated"),
        pytest.param({"tags": frozenset({"x"})}, "pool-untagged", "id=pool-0 tags=gold,x", id="lost-its-tag"),
    ],
)
def test_a_pool_that_takes_nothing_is_named_with_its_repair(changes: dict[str, Any], kind: str, words: str) -> None:
    what = declared()

    report = judge(what, seen(what, pools=(pool(0, **changes), pool(1))))

    assert kinds(report) == [kind]
    assert any(words in line for line in report.findings[0].repair)


@pytest.mark.parametrize(
    "tag",
    ["x;touch pwned", "$(touch pwned)", "`touch pwned`", "it's", "a b", "a\nb", "", "--", "*", "~", "#x", "\x1b[31m"],
)
def test_a_repair_gives_the_shell_what_cloudstack_has_and_nothing_to_run(tag: str) -> None:
    what = declared(network_id=f"net{tag}")
    first, second, *others = what.pins
    moved = SeenRoot(ready=True, pool_id="pool-0")
    doubled = [vm(first, id=f"vm-a{tag}", root=moved), vm(first, id=f"vm-b{tag}", root=SeenRoot(ready=False))]
    leased = vm(second, id=f"vm-c{tag}", lease_ends=AT + timedelta(days=2), lease_action="DESTROY")
    orphan = vm(replace(first, template=tag), id=f"vm-d{tag}", name=tag)
    lease = SeenLease(holder=tag, expires=None, over=True, keys=(f"key{tag}",))
    lost = pool(0, name=tag, tags=frozenset({f"z{tag}"}), state=tag, used=1900 * GIB)

    report = judge(
        what,
        seen(
            what,
            [*doubled, leased, orphan, *map(vm, others)],
            pools=(lost, pool(1, state="Disabled")),
            schedules=(SeenSchedule(id=f"s{tag}", vm_id=leased.id, action=tag, words=tag),),
            lease=lease,
            preference="pool-0",
            caller=Caller(account=tag, account_id=f"account{tag}", domain_id="root", is_root_admin=True),
        ),
    )

    said = [shlex.split(line) for finding in report.findings for line in finding.repair if not line.startswith("#")]
    told = {tuple(words) for words in said}
    assert not [line for finding in report.findings for line in finding.repair if line.startswith("#") and "\n" in line]
    assert all(words[0] in ("cmk", "cdktf", "cloudstack-pins", "terraform") for words in said)
    assert told >= {
        ("cmk", "update", "storagepool", "id=pool-0", f"tags=gold,z{tag}"),
        ("cmk", "destroy", "virtualmachine", f"id=vm-b{tag}", "expunge=true"),
        ("cmk", "destroy", "virtualmachine", f"id=vm-d{tag}", "expunge=true"),
        ("cmk", "update", "virtualmachine", f"id=vm-c{tag}", "leaseduration=-1"),
        ("cmk", "delete", "vmschedule", f"virtualmachineid=vm-c{tag}", f"id=s{tag}"),
        ("cmk", "delete", "tags", "resourcetype=Network", f"resourceids=net{tag}", f"tags[0].key=key{tag}"),
        ("cmk", "reset", "configuration", "name=preferred.storage.pool", f"accountid=account{tag}"),
        ("cmk", "list", "storagepools", "id=pool-0"),
        ("cmk", "update", "storagepool", "id=pool-1", "enabled=true"),
    }


def test_pools_that_came_or_went_are_found_and_excluded_ones_are_not() -> None:
    what = declared(excluded={"gold": frozenset({"PS8"})})

    report = judge(what, seen(what, pools=(pool(0), pool(7), pool(8), pool(9, tags=frozenset({"x"})))))

    assert kinds(report) == ["pin-wrong-pool", "pin-wrong-pool", "pool-gone", "pool-unknown"]
    assert "not in the zone any more" in report.findings[0].text
    assert [each.problem for each in report.pools if each.name == "PS1"] == ["it is not in the zone any more"]


def test_a_stack_does_not_say_which_pools_are_left_out_on_purpose() -> None:
    what = replace(declared(), excluded=None)

    report = judge(what, seen(what, pools=(pool(0), pool(1), pool(7))))

    assert report.findings == ()
    assert "PS7 with tag gold has no pin" in report.notes[0]


def test_what_will_be_lost_is_found_before() -> None:
    what = declared()
    first, *others = what.pins
    leased = vm(first, lease_ends=AT + timedelta(days=2), lease_action="DESTROY")
    stopped = vm(others[0], lease_ends=AT + timedelta(days=2), lease_action="STOP")
    schedule = SeenSchedule(id="s1", vm_id=leased.id, action="start", words="0 3 * * *")

    report = judge(
        what,
        seen(
            what,
            [leased, stopped, *map(vm, others[1:])],
            schedules=(schedule,),
            template_ids=frozenset({"id-template-001"}),
        ),
    )

    assert [finding.id for finding in report.findings] == [
        f"pin-lease:{KEY}",
        "pin-schedule:s1",
        "template-deleted:template-000",
    ]
    assert "8 GiB that could be freed" in report.findings[-1].text


def test_a_preference_is_a_leftover_unless_an_activation_is_under_way() -> None:
    what = declared()
    live = SeenLease(holder="ci-1", expires=AT + timedelta(minutes=1), over=False, keys=("cloudstack-pins/activation",))
    over = replace(live, expires=AT - timedelta(hours=1), over=True)
    first, *others = what.pins
    starting = [vm(first, state="Starting", root=None), *map(vm, others)]

    busy = judge(what, seen(what, starting, preference="pool-1", lease=live))
    left = judge(what, seen(what, preference="pool-1", lease=over))

    assert kinds(busy) == ["pin-running"] and "ci-1 is under way" in busy.findings[0].text
    assert kinds(left) == ["lease-stale", "preference-left"]
    assert left.findings[1].repair == ("cmk reset configuration name=preferred.storage.pool accountid=account-1",)


def test_a_stale_lock_and_one_that_would_be_refused_are_found() -> None:
    what = declared()

    report = judge(what, seen(what, lock_changes=("gold: pool PS7 added",), lock_problems=("no template named x",)))

    assert kinds(report) == ["lock-refused", "lock-stale"]
    assert report.findings[1].repair == ("cloudstack-pins lock stacks/sandbox", "cdktf deploy sandbox")


def test_a_network_that_is_gone_is_found() -> None:
    what = declared()

    assert kinds(judge(what, seen(what, network_is_gone=True))) == ["network-gone"]


def test_previous_pins_are_shown_and_counted_apart() -> None:
    what = declared(pin_set(templates=1, pools=1))
    old = replace(what.pins[0], revision="old", template_id="id-old", previous=True, address="cloudstack_instance.old")
    what = replace(what, pins=(*what.pins, old))
    ids = frozenset({"id-template-000", "id-old"})
    new = vm(what.pins[0], root=SeenRoot(ready=False))

    rotating = judge(what, seen(what, [new, vm(old)], template_ids=ids))
    done = judge(what, seen(what, template_ids=ids))

    assert [(pin.previous, pin.state) for pin in rotating.pins] == [(False, State.NOT_ACTIVATED), (True, State.ACTIVE)]
    assert rotating.copies_missing == 1 and "1 pins are marked previous" in rotating.notes[0]
    assert kinds(done) == ["rotation-unfinished"]


def test_garbage_collection_is_bounded_not_guessed() -> None:
    what = declared()

    known = judge(what, seen(what)).gc
    off = judge(what, seen(what, settings={"storage.cleanup.enabled": "false"}))
    blind = judge(what, seen(what, settings={})).gc

    assert known.second_pass_by == AT + timedelta(days=2)
    assert off.gc.enabled is False and "switched off" in off.notes[0]
    assert (blind.enabled, blind.interval, blind.next_pass_by) == (None, None, None)


def test_a_key_that_sees_no_pools_guesses_nothing() -> None:
    what = declared()
    user = Caller(account="user", account_id="u", domain_id="root", is_root_admin=False)
    vms = [vm(pin, root=SeenRoot(ready=True)) for pin in what.pins]

    report = judge(what, seen(what, vms, caller=user, pools=None, template_ids=None, settings={}, unseen=("pools",)))

    assert report.findings == () and report.unseen == ("pools",)
    assert {(each.state, each.used_share, each.problem) for each in report.pools} == {(None, None, None)}


def test_a_disabled_set_declares_nothing_and_what_is_left_are_orphans() -> None:
    before = declared(pin_set(templates=1, pools=1))
    what = declared(replace(pin_set(templates=1, pools=1), enabled=False))

    report = judge(what, seen(what, map(vm, before.pins), pools=(pool(0),)))

    assert report.pins == () and kinds(report) == ["orphan"]
    assert "disabled" in report.notes[0]
