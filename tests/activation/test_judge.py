from __future__ import annotations

from dataclasses import replace

import pytest

from cloudstack_pins.activation.judge import Need, Root, Sighting, judge, leftovers, newest
from cloudstack_pins.model import (
    TAG_POOL,
    TAG_REVISION,
    TAG_SET,
    TAG_STORAGE_TAG,
    TAG_TEMPLATE,
    Activation,
    Owner,
    Pool,
)
from cloudstack_pins.roster import Roster, RosterPin

PS0 = Pool(id="pool-0", name="PS0", key="PS0", cluster_id="c0")
SYSTEM = Owner(account="system", domain_id="root")
PIN = RosterPin(
    address="cloudstack_instance.debian-12_gold_PS0",
    template="debian-12",
    storage_tag="gold",
    pool="PS0",
    revision="r2",
    template_id="t2",
    template_name="Debian 12",
    size=2 * 1024**3,
)
ACTIVE = Sighting(
    vm_id="vm-1",
    state="Stopped",
    account="system",
    domain_id="root",
    template_id="t2",
    created="2026-11-24T21:43:51+0000",
    tags={TAG_SET: "s", TAG_TEMPLATE: "debian-12", TAG_STORAGE_TAG: "gold", TAG_POOL: "PS0", TAG_REVISION: "r2"},
    root=Root(state="Ready", pool_id="pool-0", pool_name="PS0"),
)


@pytest.mark.parametrize(
    ("seen", "need"),
    [
        pytest.param(ACTIVE, Need.NOTHING, id="active"),
        pytest.param(replace(ACTIVE, account="pins"), Need.HAND_OVER, id="another owner"),
        pytest.param(replace(ACTIVE, domain_id="other"), Need.HAND_OVER, id="same name in another domain"),
        pytest.param(replace(ACTIVE, state="Running"), Need.STOP, id="running"),
        pytest.param(replace(ACTIVE, state="Starting"), Need.WATCH, id="starting"),
        pytest.param(replace(ACTIVE, state="Migrating"), Need.WATCH, id="migrating"),
        pytest.param(replace(ACTIVE, root=Root(state="Allocated")), Need.START, id="never started"),
        pytest.param(replace(ACTIVE, root=None), Need.START, id="on none of the pools"),
        pytest.param(replace(ACTIVE, root=Root(state="Ready", pool_id="pool-1")), Need.RESTORE, id="another pool"),
        pytest.param(replace(ACTIVE, template_id="t1"), Need.RESTORE, id="restored to another template"),
        pytest.param(replace(ACTIVE, state="Destroyed"), Need.VM, id="destroyed"),
        pytest.param(replace(ACTIVE, state="Error"), Need.VM, id="error"),
        pytest.param(None, Need.VM, id="no VM"),
    ],
)
def test_state_root_and_owner_decide_what_a_pin_needs(seen: Sighting | None, need: Need) -> None:
    judgement = judge(PIN, seen, pool=PS0, owner=SYSTEM)

    assert judgement.need is need
    assert bool(judgement.why) is (need is not Need.NOTHING)


def test_a_pool_that_cloudstack_chose_needs_no_match() -> None:
    anywhere = replace(PIN, pool=None)

    seen = replace(ACTIVE, root=Root(state="Ready"))

    assert judge(anywhere, seen, pool=None, owner=SYSTEM).need is Need.NOTHING


def test_of_two_vms_of_one_revision_the_newest_living_one_counts() -> None:
    first = replace(ACTIVE, vm_id="first", serial=5)
    second = replace(ACTIVE, vm_id="second", serial=6)
    destroyed = replace(ACTIVE, vm_id="destroyed", serial=7, state="Destroyed")

    assert newest([second, destroyed, first])[PIN.key].vm_id == "second"


def test_leftovers_are_old_revisions_and_removed_pins_with_what_they_hold() -> None:
    old = replace(ACTIVE, vm_id="old", tags={**ACTIVE.tags, TAG_REVISION: "r1"})
    removed = replace(ACTIVE, vm_id="removed", tags={**ACTIVE.tags, TAG_TEMPLATE: "centos"})
    gone = replace(removed, vm_id="gone", state="Expunging")
    roster = Roster(
        set_name="s", zone_id="z", network_id="n", owner=SYSTEM, activation=Activation(), pools={}, pins=(PIN,)
    )

    found = leftovers(roster, [ACTIVE, old, removed, gone], {"old": 3 * 1024**3})

    assert [(item.vm_id, item.removed, item.size) for item in found] == [
        ("removed", True, None),
        ("old", False, 6 * 1024**3),
    ]
