"""Where a start goes: tags, clusters before the zone, the preference, thresholds, local storage."""

from __future__ import annotations

import pytest

from cloudstack_emulator import GIB, ClusterSpec, Emulator, EmulatorCallError, OfferingSpec, PoolSpec, ZoneSpec
from tests.emulator.pinboard import DEBIAN, Board


def pools_of_starts(board: Board, count: int, **arguments: str) -> set[str | None]:
    """The pools that some starts of one kind reach."""
    return {board.pool(board.pin(**arguments)) for _ in range(count)}


def test_two_pools_of_one_tag_are_chosen_at_random_and_no_other(emulator: Emulator) -> None:
    assert pools_of_starts(Board(emulator), 12) == {"PS0", "PS1"}


def test_the_same_seed_chooses_the_same_pools() -> None:
    def choices() -> list[str | None]:
        with Emulator(seed=7) as emulator:
            board = Board(emulator)
            return [board.pool(board.pin()) for _ in range(6)]

    assert choices() == choices()


def test_every_tag_of_the_offering_has_to_be_on_the_pool() -> None:
    with Emulator(ZoneSpec(service_offerings=(OfferingSpec(name="both", storage_tags=("gold", "ps1")),))) as emulator:
        assert pools_of_starts(Board(emulator), 4, offering="both") == {"PS1"}


def test_an_untagged_offering_reaches_cluster_pools_before_the_zone_wide_one(emulator: Emulator) -> None:
    assert "PS4" not in pools_of_starts(Board(emulator), 16, offering="Small Instance")


def test_a_zone_wide_pool_is_reached_by_a_tag_that_no_cluster_pool_bears() -> None:
    with Emulator(ZoneSpec(service_offerings=(OfferingSpec(name="wide", storage_tags=("zonewide",)),))) as emulator:
        board = Board(emulator)
        vm = board.pin(offering="wide")

        assert board.pool(vm) == "PS4"
        assert "clusterid" not in board.root(vm)


def test_the_preference_of_the_owner_decides_within_a_cluster(emulator: Emulator) -> None:
    board = Board(emulator)
    board.prefer("PS1")

    assert pools_of_starts(board, 8) == {"PS1"}


def test_the_preference_of_another_account_does_not_count(emulator: Emulator) -> None:
    board = Board(emulator)
    board.prefer("PS1", account="admin")

    assert "PS0" in pools_of_starts(board, 12)


def test_the_preference_alone_misses_in_two_clusters_and_with_clusterid_hits() -> None:
    clusters = tuple(ClusterSpec(name=name, pools=(PoolSpec(name=f"{name}-p", tags=("gold",)),)) for name in ("A", "B"))
    with Emulator(ZoneSpec(clusters=clusters)) as emulator:
        board = Board(emulator)
        board.prefer("B-p")

        assert pools_of_starts(board, 12) == {"A-p", "B-p"}
        for _ in range(6):
            vm = board.deploy()
            board.start(vm, clusterid=board.named("clusters", "B"))
            assert board.pool(vm) == "B-p"


def test_only_a_root_admin_may_name_a_cluster(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.deploy(emulator.user, network="user-l2")

    with pytest.raises(EmulatorCallError) as caught:
        board.start(vm, emulator.user, clusterid=board.named("clusters", "C0"))

    assert (caught.value.code, caught.value.text) == (
        530,
        "Parameter clusterid can only be specified by a Root Admin, permission denied",
    )
    assert board.root(vm)["state"] == "Allocated"


def test_local_storage_follows_the_host() -> None:
    zone = ZoneSpec(
        local_storage=True,
        clusters=(ClusterSpec(name="C0", hosts=3, pools=(PoolSpec(name="local", tags=("disk",), local=True),)),),
        service_offerings=(OfferingSpec(name="local", storage_tags=("disk",), storage_type="local"),),
    )
    with Emulator(zone) as emulator:
        board = Board(emulator)
        for host in list(emulator.world.hosts.values()):
            vm = board.deploy(offering="local")
            board.start(vm, hostid=host.id)
            assert board.pool(vm) == f"{host.name}-local"
        assert {pool.scope for pool in emulator.world.pools.values()} == {"HOST", "ZONE"}
        addresses = {host["ipaddress"] for host in emulator.call("listHosts")["host"]}
        assert {p["ipaddress"] for p in emulator.call("listStoragePools", scope="HOST")["storagepool"]} == addresses


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda emulator: _fill(emulator, "foreign_used", 0.85), id="used share at the threshold"),
        pytest.param(lambda emulator: _fill(emulator, "foreign_allocated", 1.7), id="allocated share at the threshold"),
        pytest.param(lambda emulator: _state(emulator, "Maintenance"), id="pools in maintenance"),
        pytest.param(lambda emulator: _state(emulator, "Disabled"), id="pools disabled"),
        pytest.param(lambda emulator: _hosts_down(emulator), id="no host up"),
    ],
)
def test_where_nothing_fits_the_start_fails_with_533_and_no_reason(emulator: Emulator, spoil: object) -> None:
    board = Board(emulator)
    vm = board.deploy()
    spoil(emulator)  # type: ignore[operator]

    with pytest.raises(EmulatorCallError) as caught:
        board.start(vm)

    serial = emulator.world.vms[vm].serial
    assert caught.value.code == 533
    assert caught.value.text == (
        f'No destination found for a deployment for VM instance {{"id":{serial},"instanceName":"i-2-{serial}-VM",'
        f'"state":"Stopped","type":"User","uuid":"{vm}"}}'
    )
    assert board.vm(vm)["state"] == "Stopped"
    assert board.root(vm)["state"] == "Allocated"


def test_a_pool_takes_just_what_its_threshold_allows(emulator: Emulator) -> None:
    board = Board(emulator)
    # Room on PS0 for one copy of 2 GiB and two roots of 2 GiB; PS1 is out of the way.
    for pool in emulator.world.pools.values():
        pool.capacity = 10 * GIB
    emulator.call("updateStoragePool", id=board.named("pools", "PS1"), enabled=False)
    for pool in emulator.world.pools.values():
        pool.foreign_allocated = int(17 * GIB - 6 * GIB)

    board.pin()
    board.pin()

    with pytest.raises(EmulatorCallError, match="533"):
        board.pin()
    shown = emulator.call("listStoragePools", name="PS0")["storagepool"][0]
    assert (shown["disksizeallocated"], shown["disksizetotal"]) == (17 * GIB, 10 * GIB)


def test_a_threshold_of_the_pool_wins_over_the_global_one(emulator: Emulator) -> None:
    board = Board(emulator)
    _fill(emulator, "foreign_used", 0.9)
    emulator.call(
        "updateConfiguration",
        name="pool.storage.capacity.disablethreshold",
        storageid=board.named("pools", "PS1"),
        value="0.95",
    )

    assert pools_of_starts(board, 3) == {"PS1"}


def test_a_volume_keeps_its_pool_through_later_starts(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.pin(template=DEBIAN)
    pool = board.pool(vm)
    for _ in range(4):
        board.start(vm)
        board.stop(vm)
        assert board.pool(vm) == pool


def _fill(emulator: Emulator, field: str, share: float) -> None:
    for pool in emulator.world.pools.values():
        setattr(pool, field, int(pool.capacity * share) + 1)


def _state(emulator: Emulator, state: str) -> None:
    for pool in emulator.world.pools.values():
        pool.state = state


def _hosts_down(emulator: Emulator) -> None:
    for host in emulator.world.hosts.values():
        host.state = "Down"
