"""listUsers, getUser, registerUserKeys, getUserKeys."""

from __future__ import annotations

from typing import Any

from ..additions import new_keys
from ..clock import stamp
from ..entities import User
from ..errors import denied, invalid
from ..jobs import Work
from ..registry import Call, command


def user_answer(user: User) -> dict[str, Any]:
    """A user as the API sends it, with the API key but never the secret."""
    account = user.account
    answer = {
        "id": user.id,
        "username": user.name,
        "firstname": user.first_name,
        "lastname": user.last_name,
        "email": user.email,
        "created": stamp(user.created),
        "state": user.state,
        "account": account.name,
        "accounttype": account.type,
        "usersource": "native",
        "roleid": account.role_id,
        "roletype": account.role_type,
        "rolename": account.role_name,
        "domainid": account.domain.id,
        "domain": account.domain.name,
        "apikey": user.keys.api_key if user.keys else None,
        "accountid": account.id,
        "iscallerchilddomain": False,
        "isdefault": user.is_default,
        "is2faenabled": False,
        "is2famandated": False,
    }
    return {name: value for name, value in answer.items() if value is not None}


def _shown(user: User, call: Call) -> dict[str, Any]:
    return user_answer(user) | ({"apikeyaccess": "INHERIT"} if call.is_root else {})


@command("listUsers")
def list_users(call: Call) -> dict[str, Any]:
    """The users of the caller's account; for a root admin those of all, with ``listall`` or an account."""
    world = call.world
    wanted = call.entity("id", world.users)
    rows = [
        user
        for user in world.users.values()
        if user.account is not world.system_account
        and wanted in (None, user)
        and call.text("username") in (None, user.name)
        and call.sees(user.account, by_id=wanted is not None)
    ]
    return call.page("user", rows, lambda user: _shown(user, call))


@command("getUser", rights="root", required=("userapikey",))
def get_user(call: Call) -> dict[str, Any]:
    """Whose API key it is."""
    user = call.world.user_of_key(call.params["userapikey"])
    if user is None:
        raise invalid(f"User with specified API key does not exist: {call.params['userapikey']}")
    return {"user": _shown(user, call)}


def _own_or_any(call: Call) -> User:
    user = call.need("id", call.world.users)
    if not (call.is_root or user is call.caller):
        raise denied(f"{call.account.name} does not have permission to operate with provided resource")
    return user


@command(
    "registerUserKeys",
    asynchronous=True,
    required=("id",),
    java_class="org.apache.cloudstack.api.command.admin.user.RegisterUserKeysCmd",
)
def register_user_keys(call: Call) -> dict[str, Any]:
    """New keys for a user; the old ones are void when the job is done. Refused for ``system``."""
    user = _own_or_any(call)
    if user.account is call.world.system_account:
        raise denied(f"user: {user.id} is system account, update is not allowed")
    return call.submit(_new_keys(call, user), instance_type="User", instance_id=user.id)


def _new_keys(call: Call, user: User) -> Work:
    user.keys = new_keys()
    call.world.index_keys(user)
    account = user.account
    keys = {
        "name": f"{call.world.serial('key_pair')} - API key pair",
        "apikey": user.keys.api_key,
        "secretkey": user.keys.secret_key,
        "userid": user.id,
        "username": user.name,
        "id": call.world.new_id(),
        "created": stamp(call.world.now()),
        "accounttype": "ADMIN" if account.is_root_admin else "NORMAL",
        "accountid": account.id,
        "accountname": account.name,
        "roleid": account.role_id,
        "roletype": account.role_type,
        "rolename": account.role_name,
        "domainid": account.domain.id,
        "domain": account.domain.name,
        "domainpath": account.domain.path,
        "state": "ENABLED",
    }
    return {"userkeys": keys}
    yield 0.0


@command("getUserKeys", required=("id",))
def get_user_keys(call: Call) -> dict[str, Any]:
    """The keys of a user: one's own, or anyone's for a root admin."""
    user = _own_or_any(call)
    if user.keys is None:
        return {"userkeys": {}}
    return {"userkeys": {"apikey": user.keys.api_key, "secretkey": user.keys.secret_key}}
