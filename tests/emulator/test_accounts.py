"""Accounts, users and keys: who sees whom, and that the system account stays hidden."""

from __future__ import annotations

from typing import Any

import pytest

from cloudstack_emulator import Emulator, EmulatorCallError, Keys


def test_the_system_account_is_never_listed(emulator: Emulator) -> None:
    accounts = emulator.call("listAccounts", listall=True)["account"]
    users = emulator.call("listUsers", listall=True)["user"]

    assert sorted(account["name"] for account in accounts) == ["admin", "pins", "user"]
    assert "system" not in {user["account"] for user in users}
    assert emulator.call("listAccounts", name="system", listall=True) == {}


def test_each_key_finds_its_own_account(emulator: Emulator) -> None:
    for keys, name in ((emulator.root, "admin"), (emulator.pins, "pins"), (emulator.user, "user")):
        (user,) = emulator.call("listUsers", keys)["user"]
        (account,) = emulator.call("listAccounts", keys)["account"]
        assert (user["account"], user["apikey"], account["name"]) == (name, keys.api_key, name)
        assert user["accountid"] == account["id"]


def test_a_root_admin_finds_a_user_by_key(emulator: Emulator) -> None:
    assert emulator.call("getUser", userapikey=emulator.user.api_key)["user"]["account"] == "user"
    with pytest.raises(EmulatorCallError, match="432: "):
        emulator.call("getUser", emulator.user, userapikey=emulator.user.api_key)


def test_new_keys_void_the_old_ones(emulator: Emulator) -> None:
    user = emulator.call("listUsers", emulator.user)["user"][0]["id"]
    new = emulator.call("registerUserKeys", emulator.user, id=user)["userkeys"]
    shown = emulator.call("getUserKeys", id=user)["userkeys"]

    assert emulator.call("listUsers", Keys(new["apikey"], new["secretkey"]))["user"][0]["id"] == user
    assert (shown["apikey"], shown["secretkey"]) == (new["apikey"], new["secretkey"])
    with pytest.raises(EmulatorCallError, match="401: unable to verify user credentials"):
        emulator.call("listUsers", emulator.user)


def test_nobody_gets_the_keys_of_another_user(emulator: Emulator) -> None:
    other = emulator.call("listUsers", emulator.pins)["user"][0]["id"]
    for command in ("getUserKeys", "registerUserKeys"):
        with pytest.raises(EmulatorCallError, match="531: "):
            emulator.call(command, emulator.user, id=other)


def test_account_names_are_unique(emulator: Emulator) -> None:
    person: dict[str, Any] = {
        "username": "pins-2",
        "firstname": "p",
        "lastname": "p",
        "email": "p@example.org",
        "password": "p",
    }
    with pytest.raises(EmulatorCallError, match="431: The specified account: pins already exists"):
        emulator.call("createAccount", account="pins", accounttype=1, **person)
