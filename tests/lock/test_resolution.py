from __future__ import annotations

import pytest

from cloudstack_emulator import Emulator, ZoneSpec
from cloudstack_emulator.zone_spec import ClusterSpec, PoolSpec
from cloudstack_pins import lock
from cloudstack_pins.cloudstack import Access, Session
from cloudstack_pins.errors import ResolutionError
from tests.lock.pinned_set import PinnedSet

HEAD = 'zone = "Sandbox-simulator"\nnetwork = "caller-l2"\n'


def names(pinned: PinnedSet, tag: str = "gold") -> list[str]:
    return [pool.name for pool in lock.read(pinned.folder).storage_tags[tag].pools]


def pool_id(emulator: Emulator, name: str) -> str:
    return next(pool.id for pool in emulator.world.pools.values() if pool.name == name)


def refused(pinned: PinnedSet, session: Session | None = None) -> tuple[str, ...]:
    with pytest.raises(ResolutionError) as caught:
        pinned.resolved(session=session)
    return tuple(reason.removeprefix(f"{pinned.folder / 'pins.toml'}: ") for reason in caught.value.reasons)


def test_a_second_lock_without_a_change_writes_the_same_bytes(pinned: PinnedSet) -> None:
    first = pinned.lock()
    before = (pinned.folder / "pins.lock.json").read_bytes()

    assert first.changes == ("first lock: 1 template, 1 storage tag, 2 pools",)
    assert pinned.lock().changes == ()
    assert (pinned.folder / "pins.lock.json").read_bytes() == before


def test_the_number_of_calls_does_not_depend_on_what_is_declared(pinned: PinnedSet) -> None:
    pinned.resolved()
    few = len(pinned.emulator.requests)
    templates = "".join(f'[templates.t{i}]\ntemplate = "T{i}"\nstorage_tags = ["gold", "silver"]\n' for i in range(40))
    for i in range(40):
        pinned.emulator.register_template(f"T{i}")
    pinned.declare(HEAD + f'[storage_tags.gold]\nservice_offering = "pin-gold"\n[storage_tags.silver]\n{templates}')

    assert len(pinned.resolved().lock.templates) == 40
    assert len(pinned.emulator.requests) - few == few - 1, "the caller is asked for once"


def test_a_new_registration_is_told_with_its_date(pinned: PinnedSet) -> None:
    pinned.lock()
    pinned.emulator.register_template("Debian 12 (x86_64)")

    found = pinned.lock()

    (change,) = found.changes
    assert change.startswith("debian-12: new template registered 20")
    (warning,) = found.warnings
    assert "2 templates are named 'Debian 12 (x86_64)'; took" in warning
    assert "registered 2026-05-01" in warning


def test_a_registration_that_is_not_ready_does_not_win(pinned: PinnedSet) -> None:
    pinned.lock()
    newest = pinned.emulator.register_template("Debian 12 (x86_64)")
    pinned.emulator.world.templates[newest].ready = False

    found = pinned.lock()

    assert found.changes == ()
    assert f"not {newest}" in found.warnings[0]
    assert "(not ready" in found.warnings[0]


def test_a_template_id_stays_with_one_registration(pinned: PinnedSet) -> None:
    old = pinned.lock().lock.templates["debian-12"].template.id
    pinned.emulator.register_template("Debian 12 (x86_64)")
    text = (pinned.folder / "pins.toml").read_text(encoding="utf-8")
    pinned.declare(text.replace('template = "Debian 12 (x86_64)"', f'template_id = "{old}"'))

    found = pinned.lock()

    assert (found.changes, found.warnings) == ((), ())


def test_a_pool_enters_when_it_is_up_and_stays_through_maintenance(pinned: PinnedSet) -> None:
    emulator = pinned.emulator
    ps0, ps2 = pool_id(emulator, "PS0"), pool_id(emulator, "PS2")
    pinned.lock()
    emulator.call("enableStorageMaintenance", id=ps0)
    emulator.call("updateStoragePool", id=pool_id(emulator, "PS1"), enabled="false")
    emulator.call("enableStorageMaintenance", id=ps2)
    emulator.call("updateStoragePool", id=ps2, tags="silver,gold")

    assert pinned.lock().changes == ()
    emulator.call("cancelStorageMaintenance", id=ps2)
    assert pinned.lock().changes == ("gold: pool PS2 added",)
    emulator.call("updateStoragePool", id=ps2, tags="silver")
    assert pinned.lock().changes == ("gold: pool PS2 removed",)
    assert names(pinned) == ["PS0", "PS1"]


def test_an_excluded_pool_leaves(pinned: PinnedSet) -> None:
    pinned.lock()
    text = (pinned.folder / "pins.toml").read_text(encoding="utf-8")
    pinned.declare(text.replace('"pin-gold"', '"pin-gold"\nexclude_pools = ["PS1", "PS11"]'))

    found = pinned.lock()

    assert found.changes == ("gold: pool PS1 removed",)
    assert "no pool of this zone is named 'PS11', did you mean 'PS1'" in found.warnings[0]


def test_a_renamed_pool_keeps_its_key_and_a_new_one_of_its_name_gets_another(pinned: PinnedSet) -> None:
    pinned.lock()
    pools = pinned.emulator.world.pools
    ps0, ps2 = pools[pool_id(pinned.emulator, "PS0")], pools[pool_id(pinned.emulator, "PS2")]
    ps0.name = "old PS0"
    ps2.name, ps2.tags = "PS0", ["gold"]

    found = pinned.lock()

    assert [pin.key for pin in pinned.pins] == [
        "debian-12_gold_PS0",
        f"debian-12_gold_PS0_{ps2.id[:8]}",
        "debian-12_gold_PS1",
    ]
    assert found.changes == (
        "gold: pool PS0 is now named old PS0; its pins keep the key PS0",
        "gold: pool PS0 added",
    )


def test_a_pool_that_was_recreated_under_its_name_keeps_the_key_and_changes_the_revision(pinned: PinnedSet) -> None:
    pinned.lock()
    before = {pin.key: pin.revision for pin in pinned.pins}
    pools = pinned.emulator.world.pools
    ps0 = pools.pop(pool_id(pinned.emulator, "PS0"))
    ps0.id = "11111111-2222-4333-8444-555555555555"
    pools[ps0.id] = ps0

    found = pinned.lock()

    after = {pin.key: pin.revision for pin in pinned.pins}
    assert after.keys() == before.keys()
    assert after["debian-12_gold_PS0"] != before["debian-12_gold_PS0"]
    assert after["debian-12_gold_PS1"] == before["debian-12_gold_PS1"]
    assert "gold: pool PS0 was re-created" in found.changes[0]


def test_all_reasons_are_named_at_once(pinned: PinnedSet) -> None:
    unready = pinned.emulator.register_template("Half")
    pinned.emulator.world.templates[unready].ready = False
    pinned.declare(
        'zone = "Sandbox-simulator"\nnetwork = "caller-l3"\n'
        '[storage_tags.golde]\n[storage_tags.gold]\nservice_offering = "pin-golt"\n'
        '[storage_tags.silver]\nservice_offering = "Small Instance"\n'
        '[templates.debian]\ntemplate = "Debian 12"\nstorage_tags = ["gold"]\n'
        '[templates.half]\ntemplate = "Half"\nstorage_tags = ["gold"]\n'
        '[templates.gone]\ntemplate_id = "0000"\nstorage_tags = ["gold"]\n'
    )

    reasons = refused(pinned)

    expected = (
        ("network: there is no network in this zone named 'caller-l3', did you mean 'caller-l2'",),
        ("templates.debian.template: ", "did you mean 'Debian 12 (x86_64)'"),
        ("templates.half.template: 'Half' is not ready in this zone", "wait"),
        ("templates.gone.template_id: there is no template '0000'",),
        ("storage_tags.gold.service_offering: ", "did you mean 'pin-gold'"),
        ("storage_tags.silver.service_offering: 'Small Instance' has not the storage tag 'silver'",),
        ("storage_tags.golde: no pool of this zone bears the tag 'golde', did you mean 'gold'",),
    )
    assert len(reasons) == len(expected)
    for reason, words in zip(reasons, expected, strict=True):
        assert all(word in reason for word in words), reason


def test_an_unknown_zone_is_named_with_those_that_there_are(pinned: PinnedSet) -> None:
    pinned.declare('zone = "Sandbox"\nnetwork = "caller-l2"\n')

    assert refused(pinned) == (
        "zone: there is no zone 'Sandbox', did you mean 'Sandbox-simulator'; write its name as CloudStack has it",
    )


def test_an_offering_with_ha_is_refused_and_a_large_one_is_a_warning(pinned: PinnedSet) -> None:
    offering = next(o for o in pinned.emulator.world.service_offerings.values() if o.name == "pin-gold")
    offering.memory = 4096
    assert "is larger than a pin needs: 4096 MiB for 128" in pinned.lock().warnings[0]
    offering.offer_ha = True

    (reason,) = refused(pinned)

    assert "'pin-gold' offers HA" in reason


def test_a_zone_wide_pool_behind_cluster_pools_is_refused(pinned: PinnedSet) -> None:
    ps4 = pool_id(pinned.emulator, "PS4")
    pinned.declare(
        HEAD
        + '[storage_tags.zonewide]\n[templates.debian]\ntemplate = "Debian 12 (x86_64)"\nstorage_tags = ["zonewide"]\n'
    )
    pinned.lock()
    assert [(pool.scope, pool.cluster_id) for pool in lock.read(pinned.folder).storage_tags["zonewide"].pools] == [
        ("ZONE", None)
    ]
    pinned.emulator.call("updateStoragePool", id=pool_id(pinned.emulator, "PS3"), tags="silver,zonewide")

    (reason,) = refused(pinned)
    assert "takes a pool of the cluster ('PS3') before the zone-wide pool 'PS4'" in reason

    pinned.emulator.world.pools[ps4].name = "PS4"
    text = (pinned.folder / "pins.toml").read_text(encoding="utf-8")
    pinned.declare(text.replace("[storage_tags.zonewide]", '[storage_tags.zonewide]\nexclude_pools = ["PS4"]'))
    pinned.lock()
    assert names(pinned, "zonewide") == ["PS3"]


def test_a_password_enabled_template_needs_a_network_with_user_data(pinned: PinnedSet) -> None:
    text = (pinned.folder / "pins.toml").read_text(encoding="utf-8")
    pinned.declare(text.replace("Debian 12 (x86_64)", "Windows 2022"))

    (reason,) = refused(pinned)

    assert "'Windows 2022' is password-enabled, and the L2 network 'caller-l2' has no UserData" in reason
    assert "DefaultL2NetworkOfferingConfigDrive" in reason


def test_a_system_owned_set_without_its_network_is_sent_to_bootstrap(pinned: PinnedSet) -> None:
    pinned.declare(HEAD.replace("caller-l2", "pins-l2") + 'owner = "system"\n')
    (missing,) = refused(pinned)
    pinned.declare(HEAD + 'owner = "system"\n')
    (foreign,) = refused(pinned)

    assert f"run `cloudstack-pins bootstrap {pinned.folder}`" in missing
    assert "'caller-l2' belongs to 'pins', and owner = 'system' needs one of the account 'system'" in foreign


def test_a_network_of_another_account_is_refused_before_a_pin_is(pinned: PinnedSet) -> None:
    pinned.declare(HEAD.replace("caller-l2", "user-l2"))

    (reason,) = refused(pinned)

    assert "'user-l2' belongs to 'user', and owner = 'caller' needs one of the account 'pins'" in reason


def test_a_user_key_is_told_every_right_that_it_lacks(pinned: PinnedSet, user_session: Session) -> None:
    pinned.declare(
        'zone = "Sandbox-simulator"\nnetwork = "user-l2"\nowner = "system"\n[storage_tags.gold]\n'
        '[templates.debian-12]\ntemplate = "Debian 12 (x86_64)"\nstorage_tags = ["gold"]\n'
    )

    reasons = refused(pinned, user_session)

    assert [reason.split(":")[0] for reason in reasons[:3]] == [
        "owner",
        "storage_tags.gold.coverage",
        "storage_tags.gold.service_offering",
    ]
    assert all("the key of account 'user' is not a root admin's" in reason for reason in reasons[:3])


def test_a_user_key_locks_any_pool_for_its_own_account(pinned: PinnedSet, user_session: Session) -> None:
    pinned.declare(
        'zone = "Sandbox-simulator"\nnetwork = "user-l2"\nexpunge = false\n'
        '[storage_tags.gold]\ncoverage = "any-pool"\nservice_offering = "pin-gold"\n'
        '[templates.debian-12]\ntemplate = "Debian 12 (x86_64)"\nstorage_tags = ["gold"]\n'
    )

    found = pinned.resolved(session=user_session).lock

    assert found.storage_tags["gold"].pools == ()
    assert found.owner.is_caller


def test_a_pool_without_every_tag_of_the_offering_is_refused(pinned: PinnedSet) -> None:
    offering = next(o for o in pinned.emulator.world.service_offerings.values() if o.name == "pin-gold")
    offering.disk_offering.storage_tags = ["gold", "ps1"]

    (reason,) = refused(pinned)

    assert "the offering also asks for 'ps1', which pool 'PS0' lacks; exclude_pools = ['PS0']" in reason


def test_a_key_that_may_not_expunge_is_told_before_the_first_destroy(pinned: PinnedSet, user_session: Session) -> None:
    pinned.declare('zone = "Sandbox-simulator"\nnetwork = "user-l2"\n')

    (reason,) = refused(pinned, user_session)

    assert "may not expunge (allow.user.expunge.recover.vm is false); write expunge = false" in reason


def test_the_host_of_local_storage_is_found_by_its_address(tmp_path_factory: pytest.TempPathFactory) -> None:
    cluster = ClusterSpec(name="C0", hosts=2, pools=(PoolSpec(name="local", tags=("nvme",), local=True),))
    folder = tmp_path_factory.mktemp("sets") / "sandbox"
    folder.mkdir()
    with (
        Emulator(ZoneSpec(clusters=(cluster,), zone_pools=(), local_storage=True)) as emulator,
        Session(Access.from_environment(emulator.environment())) as session,
    ):
        pinned = PinnedSet(folder, emulator, session)
        pinned.declare(HEAD + '[storage_tags.nvme]\nstorage_type = "local"\n')
        found = pinned.lock().lock.storage_tags["nvme"]
        assert {pool.id: pool.host_id for pool in found.pools} == {
            pool.id: pool.host.id for pool in emulator.world.pools.values() if pool.host
        }
        assert len(found.pools) == 2
        pinned.declare(HEAD + "[storage_tags.nvme]\n")
        assert "is local storage and the offering is for shared storage" in refused(pinned)[0]
