from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudstack_pins.lock import Lock, LockedTag, Named
from cloudstack_pins.model import ANY_POOL, OfferingSpec, Owner
from cloudstack_pins.pin_key import sanitised
from cloudstack_pins.resolution.observed import SeenPool
from cloudstack_pins.resolution.pools import assign_keys, locked_pools

# The same examples each time and no clock: a busy machine must not fail a build.
STEADY = settings(deadline=None, derandomize=True, max_examples=50, suppress_health_check=[HealthCheck.too_slow])

_ids = st.sampled_from([f"{i:08d}-0000" for i in range(8)])
_pools = st.dictionaries(_ids, st.sampled_from(["PS0", "PS 0", "PS1", "PS1_b", "Ä", "9", ANY_POOL]), max_size=6).map(
    lambda names: [
        SeenPool(
            id=pool_id,
            name=name,
            cluster_id="c",
            scope="CLUSTER",
            state="Up",
            tags=frozenset(("gold",)),
            hypervisor=None,
            ip_address=None,
        )
        for pool_id, name in names.items()
    ]
)


def locked(pools: list[SeenPool], before: Lock | None) -> Lock:
    tag = LockedTag(key="gold", spec=OfferingSpec(), pools=locked_pools(pools, assign_keys(pools, before), {}))
    named = Named(id="x", name="x")
    return Lock(set_name="s", zone=named, network=named, owner=Owner(), storage_tags={"gold": tag})


def keys(lock: Lock) -> dict[str, str]:
    return {pool.id: pool.key for pool in lock.storage_tags["gold"].pools}


@STEADY
@given(history=st.lists(_pools, min_size=2, max_size=4))
def test_keys_are_unique_and_stay_with_their_pool_whatever_happens(history: list[list[SeenPool]]) -> None:
    before: Lock | None = None
    for pools in history:
        after = locked(pools, before)

        found = keys(after)
        assert len(set(found.values())) == len(found)
        assert all(key == sanitised(key) != ANY_POOL for key in found.values())
        if before is not None:
            stayed = keys(before).items() & found.items()
            assert {pool_id for pool_id, _ in stayed} == keys(before).keys() & found.keys()
        before = after


@STEADY
@given(pools=_pools)
def test_the_order_of_cloudstacks_list_does_not_matter(pools: list[SeenPool]) -> None:
    assert keys(locked(pools, None)) == keys(locked(pools[::-1], None))


@STEADY
@given(pools=_pools)
def test_a_pool_under_a_new_id_inherits_the_key_of_its_name(pools: list[SeenPool]) -> None:
    unique = list({pool.name: pool for pool in pools}.values())
    before = locked(unique, None)

    after = locked([replace(pool, id=f"new-{pool.id}") for pool in unique], before)

    assert keys(after) == {f"new-{pool_id}": key for pool_id, key in keys(before).items()}
