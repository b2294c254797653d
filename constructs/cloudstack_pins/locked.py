"""What a lock holds: names with their ids, and where each pin of a rotation stands. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cloudstack_pins.model import Coverage, OfferingSpec, Owner, Pin, Pool, StorageTag, Template

Side = Literal["a", "b"]


@dataclass(frozen=True, kw_only=True)
class Named:
    """An object of CloudStack: its id and its name."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class LockedTag:
    """A storage tag with its offering, None where the stack makes one from ``spec``, and its pools sorted by key."""

    key: str
    coverage: Coverage = "every-pool"
    service_offering: Named | None = None
    spec: OfferingSpec | None = None
    pools: tuple[Pool, ...] = ()

    def storage_tag(self, formerly: tuple[str, ...] = ()) -> StorageTag:
        """Return the tag as the model knows it."""
        return StorageTag(
            name=self.key,
            pools=self.pools,
            service_offering_id=self.service_offering.id if self.service_offering else None,
            coverage=self.coverage,
            spec=self.spec or OfferingSpec(),
            formerly=formerly,
        )


@dataclass(frozen=True, kw_only=True)
class LockedTemplate:
    """A registration of a template; ``registered`` is its date (UTC), as "2026-11-20"."""

    template: Template
    registered: str | None = None


@dataclass(frozen=True, kw_only=True)
class PreviousPin:
    """A pin of an earlier revision that a rotation by two locks keeps.

    ``active_since`` is the date on which ``lock`` first saw the new revision active, recorded where a soak time asks.
    """

    template: Template
    storage_tag: LockedTag
    pool: Pool | None
    zone_id: str
    network_id: str
    side: Side
    active_since: str | None = None

    def pin(self, set_name: str) -> Pin:
        """Return the pin as the model knows it."""
        return Pin(
            set_name=set_name,
            zone_id=self.zone_id,
            network_id=self.network_id,
            template=self.template,
            storage_tag=self.storage_tag.storage_tag(),
            pool=self.pool,
            side=self.side,
            previous=True,
        )


@dataclass(frozen=True, kw_only=True)
class Lock:
    """A whole pins.lock.json. ``sides`` holds the base keys of pins at side "b"."""

    set_name: str
    zone: Named
    network: Named
    owner: Owner
    storage_tags: Mapping[str, LockedTag] = field(default_factory=dict)
    templates: Mapping[str, LockedTemplate] = field(default_factory=dict)
    sides: frozenset[str] = frozenset()
    previous: tuple[PreviousPin, ...] = ()
