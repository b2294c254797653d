"""What pins depend on, changed for real on the emulator: each finding named, its repair run and seen to work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Event

import pytest

from cloudstack_pins.activation.lease import SECONDS, Lease
from cloudstack_pins.model import TAG_POOL, TAG_SET
from cloudstack_pins.status.report import State
from tests.status.bench import PINS, Bench, finding, kinds

KEY = "debian-12_gold_PS0"
GIB = 1024**3


def pool_id(bench: Bench, name: str) -> str:
    return bench.stage.emulator.pool(name).id


def maintained(bench: Bench) -> None:
    bench.call("enableStorageMaintenance", id=pool_id(bench, "PS0"))


def disabled(bench: Bench) -> None:
    bench.call("updateStoragePool", id=pool_id(bench, "PS0"), enabled=False)


def untagged(bench: Bench) -> None:
    bench.call("updateStoragePool", id=pool_id(bench, "PS1"), tags="ps1")


def added(bench: Bench) -> None:
    bench.stage.emulator.add_pool("PS7", cluster="C0", tags=["gold"])


def retagged(bench: Bench) -> None:
    bench.call("updateStoragePool", id=pool_id(bench, "PS4"), tags="zonewide,silver")


def removed(bench: Bench) -> None:
    bench.stage.emulator.remove_pool("PS1")


def registered(bench: Bench) -> None:
    bench.stage.emulator.register_template("Debian 12 (x86_64)")


def preferred(bench: Bench) -> None:
    bench.stage.prefer(pool_id(bench, "PS1"))


@pytest.mark.parametrize(
    ("act", "kind", "others"),
    [
        pytest.param(maintained, "pool-down", [], id="maintenance"),
        pytest.param(disabled, "pool-down", [], id="disabled"),
        pytest.param(added, "pool-unknown", ["lock-stale"], id="new-pool"),
        pytest.param(registered, "lock-stale", [], id="new-registration"),
        pytest.param(preferred, "preference-left", [], id="preference"),
    ],
)
def test_what_changes_around_pins_is_named_and_repaired(
    bench: Bench, act: Callable[[Bench], None], kind: str, others: list[str]
) -> None:
    act(bench)

    report = bench.report()
    assert sorted(kinds(report)) == sorted([kind, *others])
    assert report.counts() == {State.ACTIVE: 6}

    bench.repair(finding(report, kind))
    after = bench.report()
    assert kinds(after) == [] and after.counts().keys() == {State.ACTIVE}


def test_a_pool_that_lost_its_tag_gets_it_back_by_the_last_command(bench: Bench) -> None:
    untagged(bench)

    found = finding(bench.report(), "pool-untagged")
    bench.type(found.repair[-1])

    assert kinds(bench.report()) == []


def test_a_pool_that_is_gone_leaves_with_the_next_lock(bench: Bench) -> None:
    removed(bench)

    report = bench.report()
    assert {"pool-gone", "lock-stale"} <= set(kinds(report))
    assert report.copies_missing == 2

    bench.lock()
    bench.apply()
    assert bench.report().counts() == {State.ACTIVE: 4}


def test_a_pool_left_out_on_purpose_is_no_finding(bench: Bench) -> None:
    bench.declare(PINS.replace("[storage_tags.gold]", '[storage_tags.gold]\nexclude_pools = ["PS7"]'))
    added(bench)

    assert kinds(bench.report()) == []


def test_a_full_pool_is_named_with_its_share_and_limit(bench: Bench) -> None:
    bench.call(
        "updateConfiguration",
        name="pool.storage.allocated.capacity.disablethreshold",
        storageid=pool_id(bench, "PS0"),
        value="0.001",
    )

    found = finding(bench.report(), "pool-full")
    assert "PS0 is full" in found.text and "allocated, limit 0%" in found.text

    bench.repair(found)
    assert kinds(bench.report()) == []


def test_a_deleted_template_says_what_could_be_freed(bench: Bench) -> None:
    template_id = bench.pin("rocky-9_gold_PS0").template.id
    bench.call("deleteTemplate", id=template_id)

    report = bench.report()
    found = finding(report, "template-deleted")
    assert "20 GiB that could be freed" in found.text
    assert "lock-refused" in kinds(report), kinds(report)

    bench.declare(PINS[: PINS.index("[templates.rocky-9]")])
    bench.repair(found)
    assert (kinds(bench.report()), bench.report().counts()) == ([], {State.ACTIVE: 4})


def test_a_template_that_left_the_declaration_leaves_orphans_until_the_apply(bench: Bench) -> None:
    bench.declare(PINS[: PINS.index("[templates.rocky-9]")])
    bench.lock()

    report = bench.report()
    assert kinds(report) == ["orphan", "orphan"] and len(report.orphans) == 2
    assert "rocky-9 / gold / PS0, which is not declared" in " ".join(each.text for each in report.findings)

    bench.repair(report.findings[0])
    assert bench.report().orphans == ()


def test_an_orphan_that_terraform_does_not_know_is_destroyed_by_the_last_command(bench: Bench) -> None:
    stray = bench.stage.deploy_pin(bench.pin(KEY))
    bench.call("deleteTags", resourceids=stray, resourcetype="UserVm", tags={TAG_POOL: "PS0"})

    found = finding(bench.report(), "orphan")
    assert found.about == stray and "lacks some of the five tags" in found.text

    bench.repair(found)
    assert kinds(bench.report()) == []


def test_a_pin_whose_tags_were_taken_is_missing_until_an_apply_tags_it_again(bench: Bench) -> None:
    vm_id = bench.vm_id(KEY)
    bench.call("deleteTags", resourceids=vm_id, resourcetype="UserVm", tags={TAG_SET: "sandbox"})

    report = bench.report()
    assert kinds(report) == ["pin-missing"]

    bench.repair(report.findings[0])
    assert kinds(bench.report()) == [] and bench.vm_id(KEY) == vm_id


def test_what_an_interrupted_create_left_is_found_by_its_bare_look(bench: Bench) -> None:
    pin = bench.pin(KEY)
    common = {
        "zoneid": pin.zone_id,
        "templateid": pin.template.id,
        "serviceofferingid": pin.storage_tag.service_offering_id,
        "networkids": pin.network_id,
        "startvm": False,
    }
    keys = bench.stage.emulator.pins
    stray = bench.call("deployVirtualMachine", keys, **common)["virtualmachine"]["id"]
    bench.call("deployVirtualMachine", keys, name="web-1", **common)

    found = finding(bench.report(), "untagged")
    assert found.about == stray

    bench.repair(found)
    assert kinds(bench.report()) == []


def test_an_expired_lease_and_its_preference_are_cleared_by_an_activation(bench: Bench) -> None:
    now = int(bench.stage.clock.now())
    account = bench.call("listAccounts", name="pins", listall=True)["account"][0]["id"]
    value = f"holder=ci@runner:1:2 until={now - 1000} account={account} preferred=-"
    tags = {"cloudstack-pins/activation": value}
    bench.call("createTags", resourceids=bench.stage.network_id, resourcetype="Network", tags=tags)
    preferred(bench)

    report = bench.report()
    assert kinds(report) == ["lease-stale", "preference-left"]

    first, *_, last = finding(report, "lease-stale").repair
    bench.type(first)
    assert kinds(bench.report()) == []
    bench.call("createTags", resourceids=bench.stage.network_id, resourcetype="Network", tags=tags)
    bench.type(last)
    assert kinds(bench.report()) == []


def test_a_preference_that_another_set_of_the_account_moves_now_is_no_finding(bench: Bench) -> None:
    stage = bench.stage
    preferred(bench)
    elsewhere = replace(stage)
    elsewhere.system_network("another")
    with stage.session() as session:
        lease = Lease(session, elsewhere.network_id, session.caller(), clock=stage.clock)
        assert lease.acquire(
            preferred=lambda: None, put_back=lambda *_: None, stop=Event(), timeout=0, tell=lambda _: None
        )
        assert kinds(bench.report()) == []
        stage.emulator.advance(2 * SECONDS)
        assert kinds(bench.report()) == ["preference-left"]


def test_a_pin_network_that_is_gone_is_named_with_the_pins_that_went_before(bench: Bench) -> None:
    for vm_id in bench.state.values():
        bench.call("destroyVirtualMachine", id=vm_id, expunge=True)
    bench.call("deleteNetwork", id=bench.stage.network_id)

    report = bench.report()

    assert "network-gone" in kinds(report) and report.counts() == {State.MISSING: 6}

    bench.stage.system_network()
    bench.repair(finding(report, "network-gone"))
    assert kinds(bench.report()) == []


def test_a_pin_that_a_lease_will_destroy_is_found_before(bench: Bench) -> None:
    bench.call("updateConfiguration", name="instance.lease.enabled", value="true")
    bench.call("updateVirtualMachine", id=bench.vm_id(KEY), leaseduration=3, leaseexpiryaction="DESTROY")

    found = finding(bench.report(), "pin-lease")
    assert found.about == KEY

    bench.repair(found)
    assert kinds(bench.report()) == []


def test_schedules_are_read_when_asked_for(bench: Bench) -> None:
    bench.call(
        "createVMSchedule",
        virtualmachineid=bench.vm_id(KEY),
        action="START",
        schedule="0 3 * * *",
        timezone="UTC",
        description="nightly",
    )

    assert kinds(bench.report()) == []
    found = finding(bench.report(schedules=True), "pin-schedule")
    assert f"will start pin {KEY} (nightly)" in found.text

    bench.repair(found)
    assert kinds(bench.report(schedules=True)) == []


def test_a_second_set_in_the_zone_disturbs_nothing(bench: Bench) -> None:
    other = Bench(bench.stage, bench.folder.parent / "other")
    other.declare(PINS)
    other.lock()
    other.apply()
    other.call("startVirtualMachine", id=other.vm_id(KEY))

    assert kinds(bench.report()) == []
    assert kinds(other.report()) == ["pin-running"]


def test_a_rotation_by_two_locks_shows_the_previous_pins_until_it_is_finished(bench: Bench) -> None:
    bench.declare(PINS.replace('owner = "system"', 'owner = "system"\nactivation.mode = "none"'))
    bench.lock()
    assert kinds(bench.report()) == []
    registered(bench)
    bench.lock()
    begun = bench.report()

    bench.apply()
    done = bench.report()
    bench.lock()
    bench.apply()
    after = bench.report()

    assert [pin.state for pin in begun.pins if pin.previous] == [State.ACTIVE] * 4
    assert begun.counts() == {State.ACTIVE: 2, State.MISSING: 4} and begun.copies_missing == 4
    assert any("4 pins are marked previous" in note for note in begun.notes)
    assert done.counts() == {State.ACTIVE: 6} and "16 GiB" in finding(done, "rotation-unfinished").text
    assert not any(pin.previous for pin in after.pins) and kinds(after) == []


def test_garbage_collection_switched_off_is_a_note(bench: Bench) -> None:
    bench.call("updateConfiguration", name="storage.template.cleanup.enabled", value="false")

    report = bench.report()

    assert report.gc.enabled is False and kinds(report) == []
    assert "switched off" in report.notes[0]


def test_the_number_of_calls_does_not_grow_with_pins_nor_with_others(bench: Bench) -> None:
    emulator = bench.stage.emulator

    def calls() -> int:
        before = len(emulator.requests)
        bench.report()
        return len(emulator.requests) - before

    few = calls()
    user_network = next(
        row["id"] for row in bench.call("listNetworks", listall=True)["network"] if row["name"] == "user-l2"
    )
    small = next(
        row["id"]
        for row in bench.call("listServiceOfferings", listall=True)["serviceoffering"]
        if row["name"] == "Small Instance"
    )
    for _ in range(20):
        bench.call(
            "deployVirtualMachine",
            emulator.user,
            zoneid=bench.pin_set.zone_id,
            templateid=bench.pin(KEY).template.id,
            serviceofferingid=small,
            networkids=user_network,
        )
    bench.declare(PINS + '\n[templates.ubuntu-24]\ntemplate = "Ubuntu 24.04 (x86_64)"\nstorage_tags = ["gold"]\n')
    bench.lock()
    bench.apply()

    assert calls() == few
    assert bench.report().counts() == {State.ACTIVE: 8}
