"""The key of a pin: readable, stable and unique, never by list position."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cloudstack_pins.errors import ExpansionError

_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9_-]+")


def sanitised(name: str) -> str:
    """Return ``name`` with everything that a Terraform identifier cannot hold replaced by ``_``.

    Terraform identifiers are ``[A-Za-z_][A-Za-z0-9_-]*``; a leading digit gets a ``_`` before it.
    """
    cleaned = _NOT_ALLOWED.sub("_", name)
    return cleaned if re.match(r"[A-Za-z_]", cleaned) else f"_{cleaned}"


def pin_key(template_key: str, storage_tag: str, pool_key: str | None, side: str = "a") -> str:
    """Return ``<template>_<tag>_<pool>``, without the pool for coverage "any-pool".

    The second side of a rotation by two locks ends in ``_b``.
    """
    parts = [template_key, storage_tag, *([pool_key] if pool_key is not None else [])]
    key = sanitised("_".join(parts))
    return key if side == "a" else f"{key}_{side}"


def refuse_collisions(keys: Iterable[tuple[str, str]]) -> None:
    """Raise ExpansionError where two things share a key; each item is ``(key, what it is in words)``."""
    seen: dict[str, str] = {}
    for key, what in keys:
        if key in seen:
            raise ExpansionError(f"{what} and {seen[key]} both become the Terraform name {key!r}; rename one of them")
        seen[key] = what
