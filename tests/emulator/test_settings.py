"""Settings: the value that counts in each scope, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from cloudstack_emulator import Emulator, EmulatorCallError

PREFERENCE = "preferred.storage.pool"
THRESHOLD = "pool.storage.capacity.disablethreshold"


def value(emulator: Emulator, name: str, **scope: Any) -> str | None:
    shown: str | None = emulator.call("listConfigurations", name=name, **scope)["configuration"][0].get("value")
    return shown


def ids(emulator: Emulator, command: str, key: str, **params: Any) -> list[str]:
    return [one["id"] for one in emulator.call(command, listall=True, **params)[key]]


def test_a_preference_counts_for_one_account(emulator: Emulator) -> None:
    mine, other = (ids(emulator, "listAccounts", "account", name=name)[0] for name in ("pins", "user"))
    pool = ids(emulator, "listStoragePools", "storagepool")[0]

    emulator.call("updateConfiguration", name=PREFERENCE, accountid=mine, value=pool)
    assert value(emulator, PREFERENCE, accountid=mine) == pool
    assert value(emulator, PREFERENCE, accountid=other) == ""
    assert value(emulator, PREFERENCE) == ""

    emulator.call("resetConfiguration", name=PREFERENCE, accountid=mine)
    assert value(emulator, PREFERENCE, accountid=mine) == ""


def test_a_pools_threshold_wins_over_the_global_one(emulator: Emulator) -> None:
    first, second = ids(emulator, "listStoragePools", "storagepool")[:2]
    emulator.call("updateConfiguration", name=THRESHOLD, value="0.9")
    emulator.call("updateConfiguration", name=THRESHOLD, storageid=first, value="0.95")

    assert value(emulator, THRESHOLD, storageid=first) == "0.95"
    assert value(emulator, THRESHOLD, storageid=second) == "0.9"


@pytest.mark.parametrize(
    ("params", "text"),
    [
        pytest.param({"name": "no.such"}, "Config parameter with name no.such doesn't exist", id="unknown name"),
        pytest.param({"name": THRESHOLD, "value": "2"}, "Please enter a value between 0 and 1", id="out of range"),
        pytest.param({"name": THRESHOLD, "value": "much"}, "trying to parse the value much", id="not a number"),
        pytest.param({"name": "storage.cleanup.enabled", "value": "so"}, "'true' or 'false'", id="not a boolean"),
        pytest.param({"name": THRESHOLD, "zoneid": "x"}, "Invalid parameter zoneid value=x", id="unknown scope id"),
    ],
)
def test_a_wrong_change_is_refused(emulator: Emulator, params: dict[str, Any], text: str) -> None:
    with pytest.raises(EmulatorCallError) as caught:
        emulator.call("updateConfiguration", **{"value": "1"} | params)
    assert caught.value.code == 431
    assert text in caught.value.text


def test_a_setting_has_only_its_own_scopes(emulator: Emulator) -> None:
    zone = ids(emulator, "listZones", "zone")[0]
    with pytest.raises(EmulatorCallError, match="431: Invalid scope id provided for the parameter preferred"):
        emulator.call("updateConfiguration", name=PREFERENCE, zoneid=zone, value="x")


def test_users_have_no_settings(emulator: Emulator) -> None:
    for command in ("listConfigurations", "updateConfiguration", "resetConfiguration"):
        with pytest.raises(EmulatorCallError, match=rf"432: The API \[{command}\] does not exist or is not available"):
            emulator.call(command, emulator.user, name=PREFERENCE)
