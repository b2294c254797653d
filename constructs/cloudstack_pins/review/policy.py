"""``pins-policy.toml``: limits, severities and waivers, read strictly."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from cloudstack_pins.errors import PolicyError
from cloudstack_pins.review.catalogue import CATALOGUE, SEVERITIES, Severity


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one merge may do. Shares are of a pool's capacity with overprovisioning; None: no limit.

    ``pool_shares`` and ``tag_shares`` go before ``allocated_share``; a pool under several limits has to keep the
    lowest.
    """

    allocated_share: float | None = None
    copied_gib: float | None = None
    pins_destroyed: int | None = None
    pool_shares: Mapping[str, float] = field(default_factory=dict)
    tag_shares: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """Lets one finding pass until and including ``until``, in one stack or (None) in all, for a written reason."""

    id: str
    reason: str
    until: date
    stack: str | None = None

    def covers(self, identity: str, stack: str | None) -> bool:
        """Return whether the waiver is about this finding of this stack."""
        return self.id == identity and self.stack in (None, stack)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What is acceptable. Without a file: the catalogue's severities, no limits, no waivers."""

    limits: Limits = field(default_factory=Limits)
    protected_templates: frozenset[str] = frozenset()
    allowed_storage_tags: frozenset[str] | None = None
    severities: Mapping[str, Severity] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()

    def severity(self, identity: str) -> Severity:
        """Return how bad a finding is."""
        return self.severities.get(identity) or CATALOGUE[identity].severity


def load_policy(path: Path) -> Policy:
    """Read a policy file.

    Raises PolicyError, naming the file, the key, what is allowed and the repair.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read ({error.strerror or error}); name a policy that exists") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PolicyError(f"{path}: is not TOML ({error}); repair the line that is named") from error
    return _Strict(path).policy(document)


class _Strict:
    """Reads values of one file and refuses everything that it does not know."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def policy(self, document: Mapping[str, Any]) -> Policy:
        known = ("limits", "protected_templates", "allowed_storage_tags", "severity", "waivers")
        self._only(document, "", known)
        allowed = document.get("allowed_storage_tags")
        return Policy(
            limits=self._limits(self._table(document, "limits")),
            protected_templates=frozenset(self._names(document.get("protected_templates", []), "protected_templates")),
            allowed_storage_tags=None if allowed is None else frozenset(self._names(allowed, "allowed_storage_tags")),
            severities=self._severities(self._table(document, "severity")),
            waivers=self._waivers(document.get("waivers", [])),
        )

    def _limits(self, table: Mapping[str, Any]) -> Limits:
        self._only(table, "limits", ("allocated_share", "copied_gib", "pins_destroyed", "pools", "storage_tags"))
        destroyed = self._number(table, "limits", "pins_destroyed", lambda value: value >= 0, "a whole number from 0")
        if destroyed is not None and not isinstance(destroyed, int):
            raise self._error("limits.pins_destroyed", destroyed, "a whole number from 0")
        return Limits(
            allocated_share=self._share(table, "limits"),
            copied_gib=self._number(table, "limits", "copied_gib", lambda value: value >= 0, "a number of GiB from 0"),
            pins_destroyed=destroyed,
            pool_shares=self._shares(table, "pools"),
            tag_shares=self._shares(table, "storage_tags"),
        )

    def _shares(self, table: Mapping[str, Any], name: str) -> dict[str, float]:
        shares: dict[str, float] = {}
        for key, value in self._table(table, name, "limits.").items():
            where = f"limits.{name}.{key}"
            if not isinstance(value, dict):
                raise self._error(where, value, "a table, as in { allocated_share = 0.7 }")
            self._only(value, where, ("allocated_share",))
            share = self._share(value, where)
            if share is not None:
                shares[key] = share
        return shares

    def _share(self, table: Mapping[str, Any], where: str) -> float | None:
        return self._number(table, where, "allocated_share", lambda v: 0 < v <= 1, "a share above 0 and up to 1")

    def _number(
        self, table: Mapping[str, Any], where: str, name: str, fits: Callable[[float], bool], wanted: str
    ) -> float | None:
        value = table.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not fits(value):
            raise self._error(f"{where}.{name}", value, wanted)
        return value

    def _severities(self, table: Mapping[str, Any]) -> dict[str, Severity]:
        severities: dict[str, Severity] = {}
        for identity, value in table.items():
            self._known_id(identity, f"severity.{identity}")
            if value not in SEVERITIES:
                raise self._error(f"severity.{identity}", value, f"one of {', '.join(SEVERITIES)}")
            severities[identity] = value
        return severities

    def _waivers(self, items: Any) -> tuple[Waiver, ...]:
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise self._error("waivers", items, "tables, each written as [[waivers]]")
        return tuple(self._waiver(item, f"waivers[{number}]") for number, item in enumerate(items))

    def _waiver(self, item: Mapping[str, Any], where: str) -> Waiver:
        self._only(item, where, ("id", "reason", "until", "stack"))
        self._known_id(item.get("id"), f"{where}.id")
        reason, until, stack = item.get("reason"), item.get("until"), item.get("stack")
        if not isinstance(reason, str) or not reason.strip():
            raise self._error(f"{where}.reason", reason, "a written reason")
        if not isinstance(until, date) or isinstance(until, datetime):
            raise self._error(f"{where}.until", until, "a date without quotes, as in 2027-01-31")
        if stack is not None and not (isinstance(stack, str) and stack):
            raise self._error(f"{where}.stack", stack, "the name of a stack")
        return Waiver(id=item["id"], reason=reason.strip(), until=until, stack=stack)

    def _known_id(self, identity: Any, where: str) -> None:
        if not isinstance(identity, str) or identity not in CATALOGUE:
            raise self._error(where, identity, f"the id of a finding ({', '.join(sorted(CATALOGUE))})")

    def _names(self, value: Any, where: str) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
            raise self._error(where, value, "a list of names")
        return value

    def _table(self, document: Mapping[str, Any], name: str, prefix: str = "") -> Mapping[str, Any]:
        value = document.get(name, {})
        if not isinstance(value, dict):
            raise self._error(f"{prefix}{name}", value, "a table")
        return value

    def _only(self, table: Mapping[str, Any], where: str, known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                shown = f"{where}.{key}" if where else key
                raise PolicyError(
                    f"{self._path}: {shown}: is not known; known are {', '.join(known)}; correct or drop it"
                )

    def _error(self, where: str, value: Any, wanted: str) -> PolicyError:
        shown = "nothing" if value is None else repr(value)
        return PolicyError(f"{self._path}: {where}: is {shown}; wanted is {wanted}; correct it")
