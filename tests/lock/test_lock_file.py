from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudstack_pins import declaration, lock, pin_set
from cloudstack_pins.errors import LockError
from cloudstack_pins.lock import Lock, LockedTag, LockedTemplate, Named, PreviousPin
from cloudstack_pins.model import OfferingSpec, Owner, Pool, Template

PATH = Path("stacks/s/pins.lock.json")
TOML = """
zone = "z"
network = "n"
owner = "system"
[storage_tags.gold]
service_offering = "pin-gold"
[storage_tags.silver]
coverage = "any-pool"
[templates.debian]
template = "Debian"
storage_tags = ["gold", "silver"]
"""
POOL = Pool(id="p0", name="PS0", key="PS0", cluster_id="c0")
LOCK = Lock(
    set_name="s",
    zone=Named(id="z1", name="z"),
    network=Named(id="n1", name="n"),
    owner=Owner(account="system", domain_id="d"),
    storage_tags={
        "gold": LockedTag(key="gold", service_offering=Named(id="o1", name="pin-gold"), pools=(POOL,)),
        "silver": LockedTag(key="silver", coverage="any-pool", spec=OfferingSpec()),
    },
    templates={
        "debian": LockedTemplate(
            template=Template(key="debian", id="t2", name="Debian", size=2, hypervisor="KVM"), registered="2026-11-20"
        )
    },
    sides=frozenset({"debian_gold_PS0"}),
    previous=(
        PreviousPin(
            template=Template(key="debian", id="t1", name="Debian"),
            storage_tag=LockedTag(key="gold", service_offering=Named(id="o1", name="pin-gold")),
            pool=POOL,
            zone_id="z1",
            network_id="n1",
            side="a",
            active_since="2026-11-21",
        ),
    ),
)
# The same examples each time and no clock: a busy machine must not fail a build.
STEADY = settings(deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def declared(text: str = TOML) -> declaration.Declaration:
    return declaration.parse(text, Path("stacks/s/pins.toml"))


def document() -> dict[str, Any]:
    found = json.loads(lock.text_of(LOCK))
    assert isinstance(found, dict)
    return found


def test_a_lock_comes_back_as_it_was_written(tmp_path: Path) -> None:
    lock.write(tmp_path / "pins.lock.json", LOCK)

    assert lock.read(tmp_path) == LOCK
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pins.lock.json"]


def test_the_order_of_its_parts_does_not_change_a_byte() -> None:
    turned = replace(LOCK, storage_tags=dict(reversed(list(LOCK.storage_tags.items()))))

    assert lock.text_of(turned) == lock.text_of(LOCK)


def test_the_pin_set_has_the_new_pin_at_the_other_side_of_the_one_it_keeps() -> None:
    found = pin_set.combine(declared(), LOCK)

    assert [(pin.key, pin.previous, pin.template.id) for pin in found.pins] == [
        ("debian_gold_PS0", True, "t1"),
        ("debian_gold_PS0_b", False, "t2"),
        ("debian_silver", False, "t2"),
    ]
    assert found.owner == Owner(account="system", domain_id="d")


def test_a_removed_template_takes_the_pins_that_a_rotation_kept_with_it() -> None:
    found = pin_set.combine(declared(TOML.replace('["gold", "silver"]', '["silver"]')), LOCK)

    assert [pin.key for pin in found.pins] == ["debian_silver"]


def test_a_set_that_is_not_enabled_has_no_pins() -> None:
    assert pin_set.combine(replace(declared(), enabled=False), LOCK).pins == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        pytest.param('zone = "z"', 'zone = "y"', "zone is 'z' there and 'y' in pins.toml", id="zone"),
        pytest.param('network = "n"', 'network = "m"', "network is 'n' there", id="network"),
        pytest.param('owner = "system"', "", "owner is 'system' there and 'caller'", id="owner"),
        pytest.param('"pin-gold"', '"other"', "storage_tags.gold.service_offering is 'pin-gold'", id="offering"),
        pytest.param('coverage = "any-pool"', "", "storage_tags.silver.coverage", id="coverage"),
        pytest.param('"any-pool"', '"any-pool"\nstorage_type = "local"', "silver.storage_type", id="storage type"),
        pytest.param('"pin-gold"', '"pin-gold"\nexclude_pools = ["PS0"]', "gold.exclude_pools", id="excluded pool"),
        pytest.param("[templates.debian]", "[storage_tags.tin]\n[templates.debian]", "storage_tags.tin", id="new tag"),
        pytest.param('template = "Debian"', 'template = "Debian 12"', "templates.debian.template", id="template"),
        pytest.param('template = "Debian"', 'template_id = "t9"', "templates.debian.template_id", id="template id"),
        pytest.param("[templates.debian]", "[templates.deb]", "templates.deb is not there", id="new template"),
    ],
)
def test_a_lock_that_does_not_cover_the_declaration_is_refused(old: str, new: str, words: str) -> None:
    with pytest.raises(LockError) as caught:
        pin_set.combine(declared(TOML.replace(old, new)), LOCK)

    assert words in str(caught.value)
    assert "run `cloudstack-pins lock stacks/s`" in str(caught.value)


def test_a_missing_lock_is_made_by_lock(tmp_path: Path) -> None:
    (tmp_path / "pins.toml").write_text(TOML, encoding="utf-8")

    with pytest.raises(LockError, match="run `cloudstack-pins lock"):
        pin_set.load(tmp_path)


def _set(path: str, value: object) -> dict[str, Any]:
    found: Any = document()
    *parents, last = path.split("/")
    inner = found
    for name in parents:
        inner = inner[int(name)] if name.isdigit() else inner[name]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        pytest.param("format", 2, "format: 2 is not known", id="a later format"),
        pytest.param("zone/id", 3, "zone.id: 3 is not a string", id="a number for an id"),
        pytest.param("zone/id", ..., "zone.id: is missing", id="no id"),
        pytest.param("zone/dns", "x", "zone.dns: unknown key", id="an unknown key"),
        pytest.param("owner/domain_id", None, "go together", id="an account without a domain"),
        pytest.param("storage_tags/gold/pools/0/scope", "RACK", "storage_tags.gold.pools[0].scope", id="a scope"),
        pytest.param("storage_tags/gold/spec", {}, "either a service offering", id="two offerings"),
        pytest.param("templates/debian/registered", "2026-13-01", "not a date", id="no date"),
        pytest.param("templates/debian/size", -1, "whole number", id="a negative size"),
        pytest.param("previous/0/side", "c", "previous[0].side", id="a third side"),
        pytest.param("previous", {}, "not a list", id="a table for a list"),
        pytest.param("sides", ["x", "x"], "twice", id="a side twice"),
    ],
)
def test_a_lock_that_was_not_written_so_is_refused(path: str, value: object, words: str) -> None:
    with pytest.raises(LockError) as caught:
        lock.parse(json.dumps(_set(path, value)), PATH)

    assert words in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("<<<<<<< HEAD\n{}", id="conflict marks"),
        pytest.param('{"format": 1, "format": 1}', id="a key twice"),
        pytest.param("[" * 100000, id="nested without end"),
        pytest.param("[]", id="a list"),
        pytest.param('{"format": NaN}', id="not a number"),
    ],
)
def test_what_is_no_lock_is_refused_with_the_repair(text: str) -> None:
    with pytest.raises(LockError, match="restore it from git, or delete it"):
        lock.parse(text, PATH)


_names = st.text(min_size=1, max_size=12)
_pools = st.lists(
    st.builds(
        Pool,
        id=_names,
        name=_names,
        key=_names,
        cluster_id=st.none() | _names,
        scope=st.sampled_from(["CLUSTER", "ZONE", "HOST"]),
        host_id=st.none() | _names,
    ),
    unique_by=lambda pool: pool.key,
    max_size=3,
)


@STEADY
@given(name=_names, pools=_pools, size=st.none() | st.integers(0, 2**60))
def test_whatever_cloudstack_calls_things_is_kept(name: str, pools: list[Pool], size: int | None) -> None:
    wanted = replace(
        LOCK,
        zone=Named(id="z1", name=name),
        storage_tags={
            name: LockedTag(key=name, spec=OfferingSpec(), pools=tuple(sorted(pools, key=lambda pool: pool.key)))
        },
        templates={name: LockedTemplate(template=Template(key=name, id="t", name=name, size=size))},
        sides=frozenset((name,)),
    )

    text = lock.text_of(wanted)

    assert text.isascii()
    assert lock.parse(text, PATH) == wanted
    assert lock.text_of(lock.parse(text, PATH)) == text
