"""listConfigurations, updateConfiguration, resetConfiguration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import invalid
from ..registry import Call, command
from ..settings import Setting

#: The parameter that names an object of a scope.
_SCOPES = {
    "zoneid": "zone",
    "clusterid": "cluster",
    "storageid": "storagepool",
    "accountid": "account",
    "domainid": "domain",
    "imagestoreuuid": "imagestore",
}


def _scope(call: Call) -> tuple[str, str]:
    """Scope and id as sent; ("", "") for the global one."""
    world = call.world
    among: dict[str, Mapping[str, object]] = {
        "zoneid": world.zones,
        "clusterid": world.clusters,
        "storageid": world.pools,
        "accountid": world.accounts,
        "domainid": world.domains,
        "imagestoreuuid": world.image_stores,
    }
    sent = [name for name in _SCOPES if call.text(name)]
    if len(sent) > 1:
        raise invalid("cannot handle multiple IDs, provide only one ID corresponding to the scope")
    if not sent:
        return "", ""
    call.need(sent[0], among[sent[0]])
    return _SCOPES[sent[0]], call.params[sent[0]].lower()


def _setting(call: Call, scope: str) -> Setting:
    name = call.params["name"]
    setting = call.world.settings.find(name)
    if setting is None:
        raise invalid(f"Config parameter with name {name} doesn't exist")
    if scope and scope not in setting.scopes:
        raise invalid(f"Invalid scope id provided for the parameter {name}")
    return setting


def setting_answer(setting: Setting, value: str | None, scope: str = "") -> dict[str, Any]:
    """A setting as the API sends it; without a value where it has none."""
    answer = {
        "category": setting.category,
        "group": setting.group,
        "subgroup": setting.subgroup,
        "name": setting.name,
        "value": value,
        "defaultvalue": setting.default,
        "scope": scope or None,
        "description": setting.description,
        "isdynamic": setting.dynamic,
        "component": setting.component,
        "parent": setting.parent,
        "displaytext": setting.display_text,
        "type": setting.type,
    }
    return {name: one for name, one in answer.items() if one is not None}


@command("listConfigurations", rights="root")
def list_configurations(call: Call) -> dict[str, Any]:
    """Settings with the values that count globally, or in one scope (zone, cluster, pool, account)."""
    scope, scope_id = _scope(call)
    name, keyword, category = call.text("name"), call.text("keyword"), call.text("category")
    rows = [
        setting
        for setting in call.world.settings
        if name in (None, setting.name)
        and (keyword is None or keyword in setting.name)
        and category in (None, setting.category)
        and (not scope or scope in setting.scopes)
    ]
    where = {scope: scope_id} if scope else {}
    return call.page(
        "configuration", rows, lambda one: setting_answer(one, call.world.settings.value(one.name, **where), scope)
    )


@command("updateConfiguration", rights="root", required=("name",))
def update_configuration(call: Call) -> dict[str, Any]:
    """Sets a value globally or in one scope.

    The answer of a scoped change shows the global value, as CloudStack's does.
    """
    scope, scope_id = _scope(call)
    setting = _setting(call, scope)
    if "value" in call.params:
        call.world.settings.set(setting.name, _valid(setting, call.params["value"]), scope, scope_id)
    return {"configuration": setting_answer(setting, call.world.settings.value(setting.name), scope)}


def _valid(setting: Setting, value: str) -> str:
    """The value, if it fits the type of the setting."""
    if setting.type == "Boolean" and value.lower() not in ("true", "false"):
        raise invalid(f"Please enter a value from 'true' or 'false' for parameter {setting.name}")
    if setting.type in ("Number", "Decimal", "Range"):
        try:
            number = float(value)
        except ValueError:
            raise invalid(f"There was an error trying to parse the value {value} for: {setting.name}") from None
        if setting.type == "Range" and not 0 <= number <= 1:
            raise invalid(f"Please enter a value between 0 and 1 for the configuration parameter: {setting.name}")
    return value


@command("resetConfiguration", rights="root", required=("name",))
def reset_configuration(call: Call) -> dict[str, Any]:
    """Back to the default, globally or in one scope."""
    scope, scope_id = _scope(call)
    setting = _setting(call, scope)
    call.world.settings.reset(setting.name, scope, scope_id)
    where = {scope: scope_id} if scope else {}
    value = call.world.settings.value(setting.name, **where)
    return {"configuration": setting_answer(setting, value, scope.capitalize())}
