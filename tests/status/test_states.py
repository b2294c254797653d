"""Every state of a pin, made for real on the emulator, named by status and repaired by its own words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloudstack_emulator import EmulatorCallError
from cloudstack_pins.status.report import State
from tests.status.bench import Bench, finding, kinds

KEY = "debian-12_gold_PS0"


def test_an_applied_set_is_active_and_has_no_findings(bench: Bench) -> None:
    report = bench.report()

    assert report.counts() == {State.ACTIVE: 6}, [pin.detail for pin in report.pins]
    assert (kinds(report), report.copies_missing, report.unseen, report.orphans) == ([], 0, (), ())
    assert report.held == (4 * 2 * 2 + 2 * 2 * 5) * 1024**3
    assert {(pool.name, pool.pins) for pool in report.pools} == {("PS0", 2), ("PS1", 2), ("PS2", 1), ("PS3", 1)}


def started(bench: Bench) -> None:
    bench.call("startVirtualMachine", id=bench.vm_id(KEY))


def restored(bench: Bench) -> None:
    bench.call("restoreVirtualMachine", virtualmachineid=bench.vm_id(KEY))


def restored_as_another(bench: Bench) -> None:
    other = bench.pin("rocky-9_gold_PS0").template.id
    bench.call("restoreVirtualMachine", virtualmachineid=bench.vm_id(KEY), templateid=other)


def assigned(bench: Bench) -> None:
    vm_id, network = bench.vm_id(KEY), bench.stage.network_id
    row = bench.call("listAccounts", name="pins", listall=True)["account"][0]
    bench.call(
        "assignVirtualMachine", virtualmachineid=vm_id, account="pins", domainid=row["domainid"], networkids=network
    )


def destroyed(bench: Bench) -> None:
    bench.call("destroyVirtualMachine", id=bench.vm_id(KEY))


def expunged(bench: Bench) -> None:
    bench.call("destroyVirtualMachine", id=bench.vm_id(KEY), expunge=True)


def moved(bench: Bench) -> None:
    restored(bench)
    pool = next(pool for pool in bench.stage.pools("gold") if pool.name == "PS1")
    vm_id = bench.vm_id(KEY)
    assigned(bench)
    bench.stage.prefer(pool.id)
    bench.call("startVirtualMachine", id=vm_id)
    bench.call("stopVirtualMachine", id=vm_id, forced=True)
    bench.call("resetConfiguration", name="preferred.storage.pool", accountid=account_id(bench))


def account_id(bench: Bench) -> str:
    return str(bench.call("listAccounts", name="pins", listall=True)["account"][0]["id"])


def doubled(bench: Bench) -> None:
    bench.stage.deploy_pin(bench.pin(KEY))


def failed(bench: Bench) -> None:
    expunged(bench)
    pin = bench.pin(KEY)
    bench.stage.emulator.fail("deployVirtualMachine", kind="job")
    with pytest.raises(EmulatorCallError):
        bench.call(
            "deployVirtualMachine",
            bench.stage.emulator.pins,
            zoneid=pin.zone_id,
            templateid=pin.template.id,
            serviceofferingid=pin.storage_tag.service_offering_id,
            networkids=pin.network_id,
            startvm=True,
        )
    [row] = bench.call("listVirtualMachines", listall=True, state="Error")["virtualmachine"]
    bench.state[pin.address] = row["id"]
    bench.call("createTags", resourceids=row["id"], resourcetype="UserVm", tags=pin.tags)


@pytest.mark.parametrize(
    ("act", "state", "protects", "command"),
    [
        pytest.param(started, State.RUNNING, True, "cloudstack-pins activate", id="started"),
        pytest.param(restored, State.NOT_ACTIVATED, False, "cloudstack-pins activate", id="restored"),
        pytest.param(restored_as_another, State.WRONG_TEMPLATE, False, "-replace=", id="restored-as-another"),
        pytest.param(assigned, State.WRONG_OWNER, True, "cloudstack-pins activate", id="assigned"),
        pytest.param(moved, State.WRONG_POOL, False, "cloudstack-pins activate", id="on-another-pool"),
        pytest.param(destroyed, State.DESTROYED, True, "cmk recover virtualmachine", id="destroyed"),
        pytest.param(expunged, State.MISSING, False, "cdktf deploy sandbox", id="expunged"),
        pytest.param(doubled, State.DUPLICATE, True, "cmk destroy virtualmachine", id="doubled"),
        pytest.param(failed, State.ERROR, False, "-replace=", id="failed-at-deploy"),
    ],
)
def test_what_happens_to_a_pin_is_named_and_repaired(
    bench: Bench, act: Callable[[Bench], None], state: State, protects: bool, command: str
) -> None:
    act(bench)

    report = bench.report()
    pin = next(pin for pin in report.pins if pin.key == KEY)
    assert (pin.state, pin.protects) == (state, protects), pin.detail
    assert kinds(report) == [f"pin-{state.replace(' ', '-')}"]
    assert report.counts()[State.ACTIVE] == 5
    assert any(command in line for line in report.findings[0].repair)

    bench.repair(report.findings[0])
    after = bench.report()
    assert (after.counts(), kinds(after)) == ({State.ACTIVE: 6}, [])


def test_a_destroyed_pin_protects_until_its_expunge_and_not_longer(bench: Bench) -> None:
    emulator = bench.stage.emulator
    destroyed(bench)

    until = bench.seen(KEY).until
    assert until is not None
    emulator.advance(until.timestamp() - emulator.clock.now() - 60)
    assert bench.seen(KEY).protects and emulator.copies("Debian 12 (x86_64)", "PS0")

    # At the latest one expunge.interval and two passes later the copy is gone.
    emulator.advance(60 + 86400 + 200)
    gone = bench.seen(KEY)
    assert (gone.state, emulator.copies("Debian 12 (x86_64)", "PS0")) == (State.MISSING, [])


def test_a_recovered_pin_is_active_again(bench: Bench) -> None:
    destroyed(bench)
    bench.call("recoverVirtualMachine", id=bench.vm_id(KEY))

    assert bench.seen(KEY).state is State.ACTIVE


def test_never_activated_pins_are_said_to_protect_nothing(bench: Bench) -> None:
    bench.declare(
        (bench.folder / "pins.toml").read_text()
        + '\n[templates.ubuntu]\ntemplate = "Ubuntu 24.04 (x86_64)"\nstorage_tags = ["gold"]\n'
    )
    bench.lock()
    for pin in bench.pin_set.pins:
        if pin.template.key == "ubuntu":
            bench.state[pin.address] = bench.stage.deploy_pin(pin)

    report = bench.report()

    assert report.counts() == {State.ACTIVE: 6, State.NOT_ACTIVATED: 2} and report.copies_missing == 2
    bench.repair(report.findings[0])
    assert bench.report().counts() == {State.ACTIVE: 8}


def test_a_pin_in_the_middle_of_its_activation_is_not_called_lost_for_good(bench: Bench) -> None:
    restored(bench)
    now = int(bench.stage.clock.now())
    value = f"holder=ci@runner:1:2 until={now + 100} account={account_id(bench)} preferred=-"
    bench.call(
        "createTags",
        resourceids=bench.stage.network_id,
        resourcetype="Network",
        tags={"cloudstack-pins/activation": value},
    )

    report = bench.report()

    assert "an activation by ci@runner:1:2 is under way" in finding(report, "pin-not-activated").text
    assert "lease until" in report.notes[0]
