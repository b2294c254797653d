from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudstack_pins.errors import ExpansionError
from cloudstack_pins.expansion import expand
from cloudstack_pins.model import PinSet
from tests.expansion.sets import ANY, DEBIAN, GOLD, PS0, SILVER, UBUNTU, a_set, declared

ONE_POOL = replace(GOLD, pools=(PS0,))


def moves(pin_set: PinSet) -> dict[str, str]:
    return {move["from"]: move["to"] for move in expand(pin_set).get("moved", [])}


def test_a_renamed_template_takes_its_pins_along() -> None:
    assert moves(a_set(declared(DEBIAN, "gold", "any", formerly=("debian",)))) == {
        "cloudstack_instance.debian_gold_PS0": "cloudstack_instance.debian-12_gold_PS0",
        "cloudstack_instance.debian_gold_PS1": "cloudstack_instance.debian-12_gold_PS1",
        "cloudstack_instance.debian_any": "cloudstack_instance.debian-12_any",
    }


def test_a_renamed_storage_tag_takes_all_that_bears_its_name_along() -> None:
    tag = replace(ONE_POOL, formerly=("golden",), service_offering_id=None)
    assert moves(a_set(declared(DEBIAN, "gold"), tags=(tag,))) == {
        "cloudstack_instance.debian-12_golden_PS0": "cloudstack_instance.debian-12_gold_PS0",
        "cloudstack_service_offering_fixed.golden": "cloudstack_service_offering_fixed.gold",
        "terraform_data.offering_golden": "terraform_data.offering_gold",
        "terraform_data.pool_golden_PS0": "terraform_data.pool_gold_PS0",
        "terraform_data.storage_tag_golden": "terraform_data.storage_tag_gold",
    }


def test_several_former_keys_are_a_chain_that_ends_at_the_pin() -> None:
    found = moves(a_set(declared(DEBIAN, "gold", formerly=("a", "b", "c")), tags=(ONE_POOL,)))
    assert found == {
        "cloudstack_instance.a_gold_PS0": "cloudstack_instance.b_gold_PS0",
        "cloudstack_instance.b_gold_PS0": "cloudstack_instance.c_gold_PS0",
        "cloudstack_instance.c_gold_PS0": "cloudstack_instance.debian-12_gold_PS0",
    }


def test_keys_renamed_one_after_the_other_never_move_what_is_still_declared() -> None:
    # b became c, and a became b, in one change: b is declared again.
    found = moves(
        a_set(
            declared(replace(DEBIAN, key="c"), "gold", formerly=("b",)),
            declared(replace(UBUNTU, key="b"), "gold", formerly=("a",)),
            tags=(ONE_POOL,),
        )
    )
    assert found == {"cloudstack_instance.a_gold_PS0": "cloudstack_instance.b_gold_PS0"}


def test_swapped_keys_move_nothing() -> None:
    swapped = a_set(
        declared(replace(DEBIAN, key="a"), "gold", formerly=("b",)),
        declared(replace(UBUNTU, key="b"), "gold", formerly=("a",)),
    )
    assert moves(swapped) == {}


def test_two_templates_that_claim_one_former_key_are_told_so() -> None:
    with pytest.raises(ExpansionError, match=r"old_gold_PS0 is claimed by .*ubuntu_gold_PS0"):
        expand(a_set(declared(DEBIAN, "gold", formerly=("old",)), declared(UBUNTU, "gold", formerly=("old",))))


def test_a_disabled_set_moves_no_pins() -> None:
    found = moves(a_set(declared(DEBIAN, "gold", formerly=("debian",)), enabled=False))
    assert found == {}


KEYS = st.sampled_from(["a", "b", "c", "d"])


@given(
    st.dictionaries(KEYS, st.lists(KEYS, max_size=3, unique=True), min_size=1), st.lists(KEYS, max_size=2, unique=True)
)
def test_terraform_can_follow_every_chain(formerly: dict[str, list[str]], tag_formerly: list[str]) -> None:
    templates = [
        declared(replace(DEBIAN, key=key), "gold", "silver", formerly=tuple(former)) for key, former in formerly.items()
    ]
    pin_set = a_set(*templates, tags=(replace(GOLD, formerly=tuple(tag_formerly)), SILVER, ANY))
    try:
        found = expand(pin_set)
    except ExpansionError:
        return
    existing = {f"{kind}.{name}" for kind, named in found["resource"].items() for name in named}
    pairs = [(move["from"], move["to"]) for move in found.get("moved", [])]
    assert len({source for source, _ in pairs}) == len({target for _, target in pairs}) == len(pairs)
    assert not existing & {source for source, _ in pairs}
    following = dict(pairs)
    for end in following:
        steps = 0
        while end in following:
            end, steps = following[end], steps + 1
            assert steps <= len(pairs)
        assert end in existing
