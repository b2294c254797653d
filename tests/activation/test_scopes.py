"""Where pools are not a cluster's, and where the key is not a root admin's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cloudstack_emulator import Emulator, ManualClock, ZoneSpec
from cloudstack_emulator.zone_spec import ClusterSpec, OfferingSpec, PoolSpec
from cloudstack_pins.errors import ActivationError
from cloudstack_pins.model import Activation, DeclaredTemplate, Owner, PinSet, StorageTag
from tests.activation.stage import EmulatorTime, Stage

LOCAL = ZoneSpec(
    local_storage=True,
    clusters=(
        ClusterSpec(name="C0", hosts=2, pools=(PoolSpec(name="L", tags=("fast",), local=True),)),
        ClusterSpec(name="C1", hosts=2, pools=(PoolSpec(name="PS2", tags=("silver",)),)),
    ),
    service_offerings=(
        OfferingSpec(name="pin-fast", storage_tags=("fast",), storage_type="local"),
        OfferingSpec(name="pin-zonewide", storage_tags=("zonewide",)),
    ),
)


@pytest.fixture
def local(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with Emulator(LOCAL, clock=ManualClock(), job_seconds=2.0, copy_seconds=10.0) as emulator:
        stage = Stage(emulator, EmulatorTime(emulator))
        stage.system_network()
        yield stage


def set_on(stage: Stage, tag: str) -> PinSet:
    offerings = stage.emulator.call("listServiceOfferings", listall=True)["serviceoffering"]
    offering = next(row["id"] for row in offerings if row["name"] == f"pin-{tag}")
    template = stage.template("debian-12")
    return PinSet(
        name="sandbox",
        zone_id=stage.emulator.call("listZones")["zone"][0]["id"],
        network_id=stage.network_id,
        owner=Owner(account="system", domain_id=stage.domain_id),
        storage_tags={tag: StorageTag(name=tag, service_offering_id=offering, pools=stage.pools(tag))},
        templates=(DeclaredTemplate(template=template, storage_tags=(tag,)),),
        activation=Activation(),
    )


def starts(stage: Stage) -> list[dict[str, str]]:
    return [request.params for request in stage.emulator.requests if request.command == "startVirtualMachine"]


def test_local_storage_is_reached_by_its_host(local: Stage) -> None:
    pin_set = set_on(local, "fast")
    vms = local.deploy(pin_set)

    report = local.activate(pin_set)

    assert report.is_ok, report.document()
    assert len(pin_set.pins) >= 1
    for pin in pin_set.pins:
        assert pin.pool is not None
        assert pin.pool.scope == "HOST"
        assert local.root(vms[pin.address])["storageid"] == pin.pool.id
    assert {params.get("hostid") for params in starts(local)} == {
        pin.pool.host_id for pin in pin_set.pins if pin.pool is not None
    }
    assert not [params for params in starts(local) if "clusterid" in params]


def test_a_zone_wide_pool_is_reached_without_a_cluster(local: Stage) -> None:
    pin_set = set_on(local, "zonewide")
    vms = local.deploy(pin_set)

    report = local.activate(pin_set)

    assert report.is_ok, report.document()
    assert local.root(vms[pin_set.pins[0].address])["storage"] == "PS4"
    assert not [params for params in starts(local) if "clusterid" in params or "hostid" in params]


def test_a_users_key_activates_pins_on_any_pool_without_a_preference(stage: Stage) -> None:
    stage.use_network("user-l2")
    user = stage.emulator.user
    pin_set = stage.pin_set(("debian-12", "rocky-9"), owner=None, any_pool=True)
    vms = stage.deploy(pin_set, keys=user)
    before = len(stage.emulator.requests)

    report = stage.activate(pin_set, keys=user)
    again = stage.activate(pin_set, keys=user)

    assert report.is_ok, report.document()
    assert again.is_ok
    for pin in pin_set.pins:
        assert stage.vm(vms[pin.address])["state"] == "Stopped"
        assert stage.root(vms[pin.address])["state"] == "Ready"
    sent = set(stage.commands(since=before))
    assert not sent & {"updateConfiguration", "resetConfiguration", "assignVirtualMachine", "listStoragePools"}
    assert not [params for params in starts(stage) if "clusterid" in params]


def test_a_root_admins_key_may_leave_the_pool_to_cloudstack(stage: Stage) -> None:
    pin_set = stage.pin_set(any_pool=True)
    vms = stage.deploy(pin_set)

    report = stage.activate(pin_set)

    assert report.is_ok, report.document()
    assert "updateConfiguration" not in stage.commands()
    assert {stage.vm(vm)["account"] for vm in vms.values()} == {"system"}
    assert {pin.pool for pin in report.pins} == {None}
    assert all(pin.pool_name for pin in report.pins)


def test_a_user_may_not_choose_pools_or_owners_and_is_told_the_right_that_is_missing(stage: Stage) -> None:
    stage.use_network("user-l2")
    user = stage.emulator.user
    placed = stage.pin_set(owner=None)
    given = replace(stage.pin_set(any_pool=True), owner=Owner(account="user-2", domain_id=stage.domain_id))

    with pytest.raises(ActivationError, match="clusterid of startVirtualMachine"):
        stage.activate(placed, keys=user)
    with pytest.raises(ActivationError, match="assignVirtualMachine"):
        stage.activate(given, keys=user)
    stage.deploy(given, keys=user)
    with pytest.raises(ActivationError, match="assignVirtualMachine"):
        stage.activate(given, keys=user)
    assert "startVirtualMachine" not in stage.commands()
