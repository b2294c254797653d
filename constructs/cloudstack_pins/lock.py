"""pins.lock.json: the ids behind a declaration's names. Deterministic bytes; read as strictly as written."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path
from typing import Any, Literal

from cloudstack_pins.errors import LockError
from cloudstack_pins.fields import Fields, shown
from cloudstack_pins.files import replace_text
from cloudstack_pins.lock_document import FORMAT, document_of
from cloudstack_pins.locked import Lock, LockedTag, LockedTemplate, Named, PreviousPin, Side
from cloudstack_pins.model import Coverage, OfferingSpec, Owner, Pool, Scope, Template

__all__ = [
    "FILE_NAME",
    "Lock",
    "LockedTag",
    "LockedTemplate",
    "Named",
    "PreviousPin",
    "Side",
    "parse",
    "read",
    "text_of",
    "write",
]

FILE_NAME = "pins.lock.json"
_SIDES: tuple[Side, ...] = ("a", "b")
_SCOPES: tuple[Scope, ...] = ("CLUSTER", "ZONE", "HOST")
_COVERAGES: tuple[Coverage, ...] = ("every-pool", "any-pool")
_STORAGE_TYPES: tuple[Literal["shared", "local"], ...] = ("shared", "local")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def text_of(lock: Lock) -> str:
    """Return the file's text."""
    return json.dumps(document_of(lock), indent=2, allow_nan=False) + "\n"


def write(path: Path, lock: Lock) -> None:
    """Write a lock to its file, whole or not at all. Raises OutputError."""
    replace_text(path, text_of(lock))


def read(path: Path) -> Lock:
    """Read a pins.lock.json, or the one in the folder ``path``. Raises LockError."""
    path = path / FILE_NAME if path.is_dir() else path
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise LockError(
            f"{path}: there is no such file; run `cloudstack-pins lock {path.parent}` and commit what it writes"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise LockError(f"{path}: cannot be read: {error}; {_repair(path)}") from error
    return parse(text, path)


def parse(text: str, path: Path) -> Lock:
    """Return the lock in ``text``; ``path`` names it in errors."""
    try:
        document = json.loads(text, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError) as error:
        raise LockError(f"{path}: not the JSON that was written: {error}; {_repair(path)}") from error

    def failure(key: str, problem: str) -> LockError:
        return LockError(f"{path}: {key or 'the file'}: {problem}; {_repair(path)}")

    fields = Fields(document, "", failure)
    known = fields.integer("format", least=0)
    if known != FORMAT:
        raise LockError(
            f"{path}: format: {known} is not known to this version, which reads {FORMAT}; install the version of"
            " cloudstack-pins that wrote it"
        )
    lock = Lock(
        set_name=fields.text("set"),
        zone=_read_named(fields.table("zone")),
        network=_read_named(fields.table("network")),
        owner=_read_owner(fields.table("owner")),
        storage_tags={name: _read_tag(table, name) for name, table in fields.tables("storage_tags").items()},
        templates={key: _read_template(table, key) for key, table in fields.tables("templates").items()},
        sides=frozenset(fields.texts("sides")),
        previous=tuple(_read_previous(row) for row in fields.rows("previous")),
    )
    fields.refuse_unknown()
    return lock


def _repair(path: Path) -> str:
    return f"restore it from git, or delete it and run `cloudstack-pins lock {path.parent}`"


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twin = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {shown(twin)} stands there twice")
    return found


def _read_named(fields: Fields) -> Named:
    named = Named(id=fields.text("id"), name=fields.text("name"))
    fields.refuse_unknown()
    return named


def _read_owner(fields: Fields) -> Owner:
    owner = Owner(account=fields.optional_text("account"), domain_id=fields.optional_text("domain_id"))
    fields.refuse_unknown()
    if (owner.account is None) != (owner.domain_id is None):
        raise fields.error("domain_id", "an account and its domain go together")
    return owner


def _read_tag(fields: Fields, key: str, *, with_pools: bool = True) -> LockedTag:
    offering, spec = fields.optional_table("service_offering"), fields.optional_table("spec")
    if (offering is None) == (spec is None):
        raise fields.error("spec", "either a service offering or the specification of one has to be there")
    tag = LockedTag(
        key=key,
        coverage=fields.choice("coverage", _COVERAGES),
        service_offering=_read_named(offering) if offering else None,
        spec=_read_spec(spec) if spec else None,
        pools=tuple(_read_pool(row) for row in fields.rows("pools")) if with_pools else (),
    )
    fields.refuse_unknown()
    if len({pool.key for pool in tag.pools}) != len(tag.pools):
        raise fields.error("pools", "two pools have one key")
    return tag


def _read_spec(fields: Fields) -> OfferingSpec:
    spec = OfferingSpec(
        cpu_number=fields.integer("cpu_number", least=1),
        cpu_speed=fields.integer("cpu_speed", least=1),
        memory=fields.integer("memory", least=1),
        storage_type=fields.choice("storage_type", _STORAGE_TYPES),
    )
    fields.refuse_unknown()
    return spec


def _read_pool(fields: Fields) -> Pool:
    pool = Pool(
        id=fields.text("id"),
        name=fields.text("name"),
        key=fields.text("key"),
        cluster_id=fields.optional_text("cluster_id"),
        scope=fields.choice("scope", _SCOPES),
        host_id=fields.optional_text("host_id"),
    )
    fields.refuse_unknown()
    return pool


def _read_identity(fields: Fields, key: str) -> Template:
    size = None if fields.raw("size") is None else fields.integer("size", least=0)
    return Template(
        key=key,
        id=fields.text("id"),
        name=fields.text("name"),
        size=size,
        hypervisor=fields.optional_text("hypervisor"),
    )


def _read_template(fields: Fields, key: str) -> LockedTemplate:
    locked = LockedTemplate(template=_read_identity(fields, key), registered=_read_date(fields, "registered"))
    fields.refuse_unknown()
    return locked


def _read_date(fields: Fields, name: str) -> str | None:
    value = fields.optional_text(name)
    if value is not None:
        try:
            datetime.date.fromisoformat(value if _DATE.fullmatch(value) else "")
        except ValueError:
            raise fields.error(name, f"{shown(value)} is not a date as 2026-11-20") from None
    return value


def _read_previous(fields: Fields) -> PreviousPin:
    template, tag, pool = fields.table("template"), fields.table("storage_tag"), fields.optional_table("pool")
    kept = PreviousPin(
        template=_read_identity(template, template.text("key")),
        storage_tag=_read_tag(tag, tag.text("key"), with_pools=False),
        pool=_read_pool(pool) if pool else None,
        zone_id=fields.text("zone_id"),
        network_id=fields.text("network_id"),
        side=fields.choice("side", _SIDES),
        active_since=_read_date(fields, "active_since"),
    )
    template.refuse_unknown()
    fields.refuse_unknown()
    return kept
