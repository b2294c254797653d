"""What ``--live`` read from CloudStack, as values: pools, templates, garbage collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePool:
    """A pool as listStoragePools and its settings say; sizes in bytes, thresholds as shares of 1.

    ``allocated_threshold`` is pool.storage.allocated.capacity.disablethreshold, ``used_threshold``
    pool.storage.capacity.disablethreshold, each as it holds for this pool.
    """

    id: str
    name: str
    zone_id: str
    state: str
    total: int
    allocated: int
    used: int = 0
    factor: float = 1.0
    allocated_threshold: float | None = None
    used_threshold: float | None = None

    @property
    def capacity(self) -> float:
        """What may be allocated in all: the size times the overprovisioning factor."""
        return self.total * self.factor


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTemplate:
    """A template registration as listTemplates says; ``size`` is virtual, in bytes."""

    id: str
    name: str
    ready: bool
    size: int | None = None


@dataclass(frozen=True, kw_only=True)
class Collection:
    """Garbage collection's settings, in seconds; None: not known.

    ``interval`` is storage.cleanup.interval, ``expunge`` the longest a destroyed VM stays: expunge.delay plus
    expunge.interval. ``enabled`` is storage.cleanup.enabled and storage.template.cleanup.enabled.
    """

    interval: int | None = None
    expunge: int | None = None
    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class LiveFacts:
    """All of it; ``pools`` and ``templates`` by id, ``zones`` the ids by name: a plan may say either of a zone."""

    pools: Mapping[str, LivePool] = field(default_factory=dict)
    templates: Mapping[str, LiveTemplate] = field(default_factory=dict)
    zones: Mapping[str, str] = field(default_factory=dict)
    collection: Collection = field(default_factory=Collection)
