"""listAccounts, createAccount, listDomains."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..additions import add_account, add_user
from ..clock import stamp
from ..entities import GIB, Account, Domain, User
from ..errors import invalid
from ..registry import Call, command
from ..world import World
from .users import user_answer

#: What is limited, and how much of it an account of the User role may have; None stands for no limit at all.
_LIMITS = {
    "vm": 20,
    "ip": 20,
    "volume": 20,
    "snapshot": 20,
    "backup": 20,
    "backupstorage": 400,
    "template": 20,
    "project": 10,
    "network": 20,
    "vpc": 20,
    "cpu": 40,
    "memory": 40960,
    "gpu": 20,
    "primarystorage": 200,
    "secondarystorage": 400,
    "bucket": 20,
    "objectstorage": 400,
}


def _totals(world: World, owns: Callable[[Account], bool]) -> dict[str, int | float]:
    """What the accounts that ``owns`` accepts hold, by the name of the limit; memory in MiB, storage in GiB."""
    vms = [vm for vm in world.vms.values() if owns(vm.account) and vm.state not in ("Destroyed", "Expunging", "Error")]
    volumes = [volume for volume in world.volumes.values() if owns(volume.account) and volume.destroyed_at is None]
    templates = [one for one in world.templates.values() if owns(one.account) and not one.removed]
    counted: dict[str, int | float] = dict.fromkeys(_LIMITS, 0)
    return counted | {
        "vm": len(vms),
        "volume": len(volumes),
        "template": len(templates),
        "network": sum(owns(network.account) and not network.removed for network in world.networks.values()),
        "cpu": sum(vm.service_offering.cpu_number or 0 for vm in vms),
        "memory": sum(vm.service_offering.memory or 0 for vm in vms),
        "primarystorage": sum(volume.size for volume in volumes) // GIB,
        "secondarystorage": sum(one.size for one in templates) / GIB,
    }


def _limits(totals: dict[str, int | float], *, limited: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, limit in _LIMITS.items():
        total = totals[name]
        found |= {
            f"{name}limit": str(limit) if limited else "Unlimited",
            f"{name}total": total,
            f"{name}available": str(limit - total) if limited else "Unlimited",
        }
    return found


def account_answer(account: Account, call: Call) -> dict[str, Any]:
    """An account with its limits and users, as the API sends it."""
    world = call.world
    own = [vm for vm in world.vms.values() if vm.account is account]
    users: Iterable[User] = (user for user in world.users.values() if user.account is account)
    answer: dict[str, Any] = {
        "id": account.id,
        "name": account.name,
        "accounttype": account.type,
        "roleid": account.role_id,
        "roletype": account.role_type,
        "rolename": account.role_name,
        "domainid": account.domain.id,
        "domain": account.domain.name,
        "domainpath": account.domain.path,
        "vmstopped": sum(vm.state == "Stopped" for vm in own),
        "vmrunning": sum(vm.state == "Running" for vm in own),
        "state": account.state,
        "user": [user_answer(user) for user in users],
        "isdefault": account.is_default,
        "groups": [],
    }
    answer |= _limits(_totals(world, lambda owner: owner is account), limited=not account.is_root_admin)
    if not account.is_default:
        answer["created"] = stamp(account.created)
    if call.is_root:
        answer["apikeyaccess"] = "INHERIT"
    return answer


@command("listAccounts")
def list_accounts(call: Call) -> dict[str, Any]:
    """The caller's account; for a root admin all, with ``listall`` or a domain. ``system`` is never shown."""
    world = call.world
    wanted = call.entity("id", world.accounts)
    domain = call.entity("domainid", world.domains)
    rows = [
        account
        for account in world.accounts.values()
        if account is not world.system_account
        and wanted in (None, account)
        and domain in (None, account.domain)
        and call.text("name") in (None, account.name)
        and call.integer("accounttype") in (None, account.type)
        and call.text("state") in (None, account.state)
        and (account is call.account or (call.is_root and (call.flag("listall") or bool(wanted or domain))))
    ]
    return call.page("account", rows, lambda account: account_answer(account, call))


@command("createAccount", rights="root", required=("email", "firstname", "lastname", "password", "username"))
def create_account(call: Call) -> dict[str, Any]:
    """An account of type 0 (User), 1 (root Admin) or 2 (DomainAdmin) in ROOT, with its first user."""
    world = call.world
    domain = call.entity("domainid", world.domains) or world.root_domain
    name = call.text("account") or call.params["username"]
    kind = call.integer("accounttype") or 0
    if world.account_named(name, domain.id) is not None:
        raise invalid(f"The specified account: {name} already exists")
    if any(user.name == call.params["username"] for user in world.users.values()):
        raise invalid(f"The user {call.params['username']} already exists in domain {domain.id}")
    if kind not in (0, 1, 2):
        raise invalid(f"Unable to resolve role type for account type {kind}")
    account = add_account(world, name, kind)
    user = add_user(world, account, call.params["username"])
    user.first_name, user.last_name, user.email = (call.params[one] for one in ("firstname", "lastname", "email"))
    return {"account": account_answer(account, call)}


def domain_answer(domain: Domain, call: Call) -> dict[str, Any]:
    """A domain with its limits, as the API sends it."""
    answer = {
        "id": domain.id,
        "name": domain.name,
        "level": domain.path.count("/"),
        "haschild": False,
        "path": domain.path,
        "state": "Active",
        "hasannotations": False,
    }
    return answer | _limits(_totals(call.world, lambda owner: owner.domain is domain), limited=False)


@command("listDomains")
def list_domains(call: Call) -> dict[str, Any]:
    """Domains by id or name; there is only ROOT."""
    wanted = call.entity("id", call.world.domains)
    rows = [
        domain
        for domain in call.world.domains.values()
        if wanted in (None, domain) and call.text("name") in (None, domain.name)
    ]
    return call.page("domain", rows, lambda domain: domain_answer(domain, call))
