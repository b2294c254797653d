"""What pins depend on, as CloudStack says: pools, templates, settings, the account's preference, the lease."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar

from cloudstack_pins.activation import lease_tags as leases
from cloudstack_pins.cloudstack import Session, StoragePool
from cloudstack_pins.errors import NotFound, RightsMissing
from cloudstack_pins.status.declared import Declared
from cloudstack_pins.status.observation import (
    ALLOCATED_THRESHOLD,
    EXPUNGE_DELAY,
    EXPUNGE_INTERVAL,
    GC_ENABLED,
    GC_INTERVAL,
    GC_TEMPLATES_ENABLED,
    PREFERENCE,
    USED_THRESHOLD,
    SeenLease,
    SeenPool,
)

SETTINGS = (GC_ENABLED, GC_TEMPLATES_ENABLED, GC_INTERVAL, EXPUNGE_DELAY, EXPUNGE_INTERVAL)
_AT_ONCE = 8
_T = TypeVar("_T")
_R = TypeVar("_R")


def at_once(act: Callable[[_T], _R], things: Iterable[_T]) -> list[_R]:
    """Return ``act`` of each thing, in order, several calls at a time."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return list(pool.map(act, things))


class Surroundings:
    """Asks for what is around a set's pins; ``unseen`` gathers, in words, what the key may not see."""

    def __init__(self, session: Session, declared: Declared, unseen: list[str]) -> None:
        self.session = session
        self.declared = declared
        self.unseen = unseen
        self.is_root = session.caller().is_root_admin
        self.network_is_gone = False

    def pools(self) -> tuple[SeenPool, ...] | None:
        """Return the zone's pools, those of the set with their thresholds."""
        try:
            pools = self.session.storage_pools(zoneid=self.declared.zone_id)
        except RightsMissing:
            self.unseen.append("storage pools: which pool a pin is on, their state, room and tags (root admin only)")
            return None
        ours = {pool.id for pool in self.declared.pools.values()}
        tags = set(self.declared.storage_tags)
        return tuple(at_once(lambda pool: self._pool(pool, pool.id in ours or bool(pool.tags & tags)), pools))

    def _pool(self, pool: StoragePool, ours: bool) -> SeenPool:
        thresholds = [
            self._threshold(setting, pool.id) if ours else None for setting in (USED_THRESHOLD, ALLOCATED_THRESHOLD)
        ]
        return SeenPool(
            id=pool.id,
            name=pool.name,
            state=pool.state,
            scope=pool.scope,
            cluster_id=pool.cluster_id,
            tags=pool.tags,
            total=pool.bytes_total,
            allocated=pool.bytes_allocated,
            used=pool.bytes_used,
            overprovision_factor=pool.overprovision_factor,
            used_threshold=thresholds[0],
            allocated_threshold=thresholds[1],
        )

    def _threshold(self, setting: str, pool_id: str) -> float | None:
        try:
            value = self.session.setting(setting, storageid=pool_id)
            return None if value is None else float(value)
        except (RightsMissing, ValueError):
            return None

    def template_ids(self) -> frozenset[str] | None:
        """Return the ids of the zone's templates."""
        if not self.is_root:
            self.unseen.append("templates of others: whether a pinned template was deleted can't be told")
            return None
        return frozenset(each.id for each in self.session.templates(zoneid=self.declared.zone_id))

    def settings(self) -> dict[str, str]:
        """Return the settings that could be read."""
        try:
            values = at_once(self.session.setting, SETTINGS)
        except RightsMissing:
            self.unseen.append("settings: garbage collection, expunge delay and pool thresholds (root admin only)")
            return {}
        return {name: value for name, value in zip(SETTINGS, values, strict=True) if value is not None}

    def preference(self) -> str | None:
        """Return the placement preference of the key's account that nobody puts back; None where there is none."""
        try:
            value = self.session.setting(PREFERENCE, accountid=self.session.caller().account_id)
            # An account without a value of its own shows the global one, which no activation has left.
            if not value or value == self.session.setting(PREFERENCE) or self._is_in_hand():
                return None
            return value
        except RightsMissing:
            self.unseen.append(f"{PREFERENCE}: whether one was left on the account (root admin only)")
            return None

    def _is_in_hand(self) -> bool:
        """Whether an activation of the account moves the preference now, for a set on another network."""
        elsewhere = set(leases.networks_leased_for(self.session, self.session.caller())) - {self.declared.network_id}
        held = (leases.read(leases.tags_of(self.session, network_id)) for network_id in sorted(elsewhere))
        return any(lease is not None and not lease.is_over(self.session.clock.now()) for lease in held)

    def lease(self) -> SeenLease | None:
        """Return the activation lease on the pin network."""
        try:
            networks = self.session.networks(id=self.declared.network_id, listall=True)
        except (RightsMissing, NotFound):
            networks = []
        if not networks and self.is_root:
            self.network_is_gone = True
            return None
        if not networks:
            self.unseen.append(f"network {self.declared.network_id}: whether an activation is under way")
            return None
        held = leases.read(networks[0].tags)
        if held is None:
            return None
        return SeenLease(
            holder=held.holder,
            expires=None if held.until is None else datetime.fromtimestamp(held.until, UTC),
            over=held.is_over(self.session.clock.now()),
            keys=(leases.TAG, *(key for key, _ in held.renewals)),
        )
