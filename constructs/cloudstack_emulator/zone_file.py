"""A zone from a TOML file, for trials with another shape than the default sandbox.

    name = "my-zone"
    hypervisor = "KVM"
    [settings]
    "storage.cleanup.interval" = "60"
    [[clusters]]
    name = "C0"
    hosts = 2
    pools = [{ name = "nvme-1", tags = ["nvme"], gib = 2048 }, { name = "disk", tags = ["local"], local = true }]
    [[zone_pools]]
    name = "ceph"
    tags = ["zonewide"]
    [[templates]]
    name = "Debian 12 (x86_64)"
    gib = 2
    [[service_offerings]]
    name = "pin-nvme"
    storage_tags = ["nvme"]
    [[networks]]
    name = "caller-l2"
    account = "pins"

A key that is left out keeps the default zone's value; a table that is there replaces the default's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from .entities import GIB
from .zone_spec import ClusterSpec, NetworkSpec, OfferingSpec, PoolSpec, TemplateSpec, ZoneSpec


class ZoneFileError(ValueError):
    """A zone file that cannot be read or says something that cannot be."""


def load(path: Path) -> ZoneSpec:
    """The zone that a file describes; ZoneFileError names the file, the key and what is allowed."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ZoneFileError(f"{path}: cannot be read: {error.strerror}; check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ZoneFileError(f"{path}: is no TOML: {error}; correct it there") from error
    try:
        return zone(document)
    except ZoneFileError as error:
        raise ZoneFileError(f"{path}: {error}") from error


def zone(document: Mapping[str, Any]) -> ZoneSpec:
    """The zone of a parsed file."""
    given = _checked(document, "the file", ZoneSpec)
    tables: dict[str, Callable[[Mapping[str, Any]], Any]] = {
        "clusters": _cluster,
        "zone_pools": lambda table: _pool(table, "zone_pools"),
        "templates": _template,
        "service_offerings": lambda table: OfferingSpec(**_tupled(table, "service_offerings", OfferingSpec)),
        "networks": lambda table: NetworkSpec(**_checked(table, "networks", NetworkSpec)),
    }
    for key, build in tables.items():
        if key in given:
            given[key] = tuple(build(table) for table in _tables(given[key], key))
    if "settings" in given:
        given["settings"] = {str(key): str(value) for key, value in given["settings"].items()}
    return ZoneSpec(**given)


def _cluster(table: Mapping[str, Any]) -> ClusterSpec:
    given = _checked(table, "clusters", ClusterSpec)
    given["pools"] = tuple(_pool(pool, "clusters.pools") for pool in _tables(given.get("pools", []), "clusters.pools"))
    return ClusterSpec(**given)


def _pool(table: Mapping[str, Any], where: str) -> PoolSpec:
    return PoolSpec(**_sized(table, where, PoolSpec, "capacity"))


def _template(table: Mapping[str, Any]) -> TemplateSpec:
    return TemplateSpec(**_sized(table, "templates", TemplateSpec, "size"))


def _sized(table: Mapping[str, Any], where: str, spec: type, size: str) -> dict[str, Any]:
    """``gib`` is a size in GiB, beside the exact one in bytes."""
    given = dict(table)
    if "gib" in given:
        given[size] = int(given.pop("gib") * GIB)
    return _tupled(given, where, spec)


def _tupled(table: Mapping[str, Any], where: str, spec: type) -> dict[str, Any]:
    given = _checked(table, where, spec)
    return {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}


def _checked(table: Mapping[str, Any], where: str, spec: type) -> dict[str, Any]:
    if not isinstance(table, Mapping):
        raise ZoneFileError(f"{where}: {table!r} has to be a table")
    allowed = [field.name for field in fields(spec)]
    for key in table:
        if key not in allowed:
            raise ZoneFileError(f"{where}: {key!r} is unknown; allowed are {', '.join(allowed)}")
    if "name" in allowed and spec is not ZoneSpec and "name" not in table:
        raise ZoneFileError(f"{where}: name is missing; give one to each")
    return dict(table)


def _tables(value: Any, where: str) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise ZoneFileError(f"{where}: has to be a list of tables, [[{where}]]")
    return value
