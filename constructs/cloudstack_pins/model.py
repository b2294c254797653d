"""The domain: templates, pools, storage tags, pins and the set of them. Values only, no input or output."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from cloudstack_pins.pin_key import pin_key

Coverage = Literal["every-pool", "any-pool"]
Mode = Literal["local-exec", "run-task", "none"]
Scope = Literal["CLUSTER", "ZONE", "HOST"]

SYSTEM_ACCOUNT = "system"
TAG_PREFIX = "cloudstack-pins/"
TAG_SET = TAG_PREFIX + "set"
TAG_TEMPLATE = TAG_PREFIX + "template"
TAG_STORAGE_TAG = TAG_PREFIX + "storage-tag"
TAG_POOL = TAG_PREFIX + "pool"
TAG_REVISION = TAG_PREFIX + "revision"
ANY_POOL = "any-pool"
"""The value of ``cloudstack-pins/pool`` where CloudStack chooses the pool."""
LONGEST_NAME = 255
"""Characters that CloudStack's tables hold of a name."""


@dataclass(frozen=True, kw_only=True)
class Template:
    """One registration of a template in the zone.

    ``key`` is its name in the declaration, ``name`` its name in CloudStack, ``size`` its virtual size in bytes
    (None: unknown), ``hypervisor`` as listTemplates says.
    """

    key: str
    id: str
    name: str
    size: int | None = None
    hypervisor: str | None = None


@dataclass(frozen=True, kw_only=True)
class Pool:
    """A primary storage pool. ``key`` was given by the first lock that saw it and survives renames.

    ``cluster_id`` is None for zone-wide pools; ``host_id`` is set for local storage (scope HOST) only.
    """

    id: str
    name: str
    key: str
    cluster_id: str | None = None
    scope: Scope = "CLUSTER"
    host_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class OfferingSpec:
    """The service offering that a stack makes for a storage tag: CPU speed in MHz, memory in MiB."""

    cpu_number: int = 1
    cpu_speed: int = 100
    memory: int = 128
    storage_type: Literal["shared", "local"] = "shared"


@dataclass(frozen=True, kw_only=True)
class StorageTag:
    """A storage tag, the offering that carries it, and the pools that bear it.

    ``service_offering_id`` None means that the stack makes the offering from ``spec``. ``key`` is the tag's name in
    the declaration (and in Terraform addresses); ``formerly`` names keys it had before.
    """

    name: str
    pools: tuple[Pool, ...] = ()
    service_offering_id: str | None = None
    coverage: Coverage = "every-pool"
    spec: OfferingSpec = field(default_factory=OfferingSpec)
    formerly: tuple[str, ...] = ()

    @property
    def offering_identity(self) -> str:
        """What makes it another offering: the id, or the tag and specification of a stack-made one."""
        if self.service_offering_id is not None:
            return self.service_offering_id
        spec = self.spec
        return f"{self.name}:{spec.cpu_number}x{spec.cpu_speed}:{spec.memory}:{spec.storage_type}"


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The account that owns active pins; ``account`` None means the account of the API key."""

    account: str | None = None
    domain_id: str | None = None

    @property
    def is_caller(self) -> bool:
        """Whether pins stay with the API key's account."""
        return self.account is None


@dataclass(frozen=True, kw_only=True)
class Activation:
    """How pins of a stack become active: mode, running starts at once, seconds a pin may take."""

    mode: Mode = "local-exec"
    max_parallel: int = 8
    timeout: int = 7200


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One stopped VM that keeps one template's copy on one storage pool.

    ``pool`` is None where CloudStack chooses among the pools of the tag (coverage "any-pool"). ``side`` is "a" or "b":
    a rotation by two locks puts the new revision at the other side of the same key, so that the old VM stays.
    ``previous`` marks the pin that such a rotation keeps until the new one is active.
    """

    set_name: str
    zone_id: str
    network_id: str
    template: Template
    storage_tag: StorageTag
    pool: Pool | None
    side: Literal["a", "b"] = "a"
    previous: bool = False

    @cached_property
    def base_key(self) -> str:
        """The key without its side: what the pin is about."""
        return pin_key(self.template.key, self.storage_tag.name, self.pool.key if self.pool else None)

    @cached_property
    def key(self) -> str:
        """The name of the pin's resource in Terraform, unique in the stack."""
        return pin_key(self.template.key, self.storage_tag.name, self.pool.key if self.pool else None, self.side)

    @cached_property
    def address(self) -> str:
        """The pin's Terraform address."""
        return f"cloudstack_instance.{self.key}"

    @cached_property
    def revision(self) -> str:
        """Changes whenever the VM has to be another one.

        Old and new share every other tag during a rotation; this one tells them apart.
        """
        parts = [
            self.template.id,
            self.zone_id,
            self.network_id,
            self.storage_tag.offering_identity,
            self.pool.id if self.pool else ANY_POOL,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]

    @property
    def tags(self) -> dict[str, str]:
        """The five CloudStack resource tags by which everything knows this pin."""
        return {
            TAG_SET: self.set_name,
            TAG_TEMPLATE: self.template.key,
            TAG_STORAGE_TAG: self.storage_tag.name,
            TAG_POOL: self.pool.key if self.pool else ANY_POOL,
            TAG_REVISION: self.revision,
        }

    @property
    def display_name(self) -> str:
        """A name for people; may change in place."""
        where = f"{self.storage_tag.name}/{self.pool.key}" if self.pool else self.storage_tag.name
        return f"pin {self.template.key} on {where}"[:LONGEST_NAME]

    @property
    def bytes_allocated(self) -> int | None:
        """What the pin takes of its pool's allocated capacity: template size + root size, None if unknown."""
        return None if self.template.size is None else 2 * self.template.size


@dataclass(frozen=True, kw_only=True)
class DeclaredTemplate:
    """A template of the set with the storage tags that it is pinned on; ``formerly`` names keys it had before."""

    template: Template
    storage_tags: tuple[str, ...]
    formerly: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PinSet:
    """The declared templates x storage tags of one zone, with ids.

    ``sides`` holds the base keys of pins that stand at side "b"; ``previous`` the pins that rotations by two locks
    keep. ``enabled`` False means no pins at all, and nothing else changes.
    """

    name: str
    zone_id: str
    network_id: str
    owner: Owner
    storage_tags: Mapping[str, StorageTag]
    templates: tuple[DeclaredTemplate, ...]
    activation: Activation = field(default_factory=Activation)
    enabled: bool = True
    expunge: bool = True
    sides: frozenset[str] = frozenset()
    previous: tuple[Pin, ...] = ()

    @cached_property
    def current(self) -> tuple[Pin, ...]:
        """The declared pins, sorted by key, without those that a rotation keeps."""
        return tuple(sorted(self._current(), key=lambda pin: pin.key)) if self.enabled else ()

    @cached_property
    def pins(self) -> tuple[Pin, ...]:
        """All pins of the stack, sorted by key; the ones kept by a rotation among them."""
        if not self.enabled:
            return ()
        return tuple(sorted((*self.current, *self.previous), key=lambda pin: pin.key))

    def _current(self) -> Iterator[Pin]:
        for declared in self.templates:
            for tag_name in declared.storage_tags:
                tag = self.storage_tags[tag_name]
                pools = (None,) if tag.coverage == "any-pool" else tag.pools
                for pool in pools:
                    yield self._pin(declared.template, tag, pool)

    def _pin(self, template: Template, tag: StorageTag, pool: Pool | None) -> Pin:
        base = pin_key(template.key, tag.name, pool.key if pool else None)
        return Pin(
            set_name=self.name,
            zone_id=self.zone_id,
            network_id=self.network_id,
            template=template,
            storage_tag=tag,
            pool=pool,
            side="b" if base in self.sides else "a",
        )
