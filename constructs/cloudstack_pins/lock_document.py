"""A lock as a JSON document, in one order."""

from __future__ import annotations

from typing import Any

from cloudstack_pins.locked import Lock, LockedTag, LockedTemplate, Named, PreviousPin
from cloudstack_pins.model import Pool, Template

FORMAT = 1


def document_of(lock: Lock) -> dict[str, Any]:
    """Return the lock as JSON holds it: the same for the same lock, whatever the order of its parts."""
    return {
        "format": FORMAT,
        "set": lock.set_name,
        "zone": _named(lock.zone),
        "network": _named(lock.network),
        "owner": {"account": lock.owner.account, "domain_id": lock.owner.domain_id},
        "storage_tags": {name: _tag(lock.storage_tags[name]) for name in sorted(lock.storage_tags)},
        "templates": {key: _template(lock.templates[key]) for key in sorted(lock.templates)},
        "sides": sorted(lock.sides),
        "previous": [_previous(pin) for pin in sorted(lock.previous, key=lambda kept: kept.pin(lock.set_name).key)],
    }


def _named(named: Named) -> dict[str, Any]:
    return {"id": named.id, "name": named.name}


def _offering(tag: LockedTag) -> dict[str, Any]:
    spec = tag.spec
    return {
        "coverage": tag.coverage,
        "service_offering": _named(tag.service_offering) if tag.service_offering else None,
        "spec": None
        if spec is None
        else {
            "cpu_number": spec.cpu_number,
            "cpu_speed": spec.cpu_speed,
            "memory": spec.memory,
            "storage_type": spec.storage_type,
        },
    }


def _tag(tag: LockedTag) -> dict[str, Any]:
    return {**_offering(tag), "pools": [_pool(pool) for pool in sorted(tag.pools, key=lambda pool: pool.key)]}


def _pool(pool: Pool) -> dict[str, Any]:
    return {
        "id": pool.id,
        "name": pool.name,
        "key": pool.key,
        "cluster_id": pool.cluster_id,
        "scope": pool.scope,
        "host_id": pool.host_id,
    }


def _identity(template: Template) -> dict[str, Any]:
    return {"id": template.id, "name": template.name, "size": template.size, "hypervisor": template.hypervisor}


def _template(locked: LockedTemplate) -> dict[str, Any]:
    return {**_identity(locked.template), "registered": locked.registered}


def _previous(kept: PreviousPin) -> dict[str, Any]:
    return {
        "template": {"key": kept.template.key, **_identity(kept.template)},
        "storage_tag": {"key": kept.storage_tag.key, **_offering(kept.storage_tag)},
        "pool": _pool(kept.pool) if kept.pool else None,
        "zone_id": kept.zone_id,
        "network_id": kept.network_id,
        "side": kept.side,
        "active_since": kept.active_since,
    }
