"""Declared sets and looks at them, made of plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cloudstack_pins.model import DeclaredTemplate, Owner, PinSet, Pool, StorageTag, Template
from cloudstack_pins.roster import RosterPin
from cloudstack_pins.status.declared import Declared, from_pin_set
from cloudstack_pins.status.judge import judge
from cloudstack_pins.status.observation import Caller, Observation, SeenPool, SeenRoot, SeenVm
from cloudstack_pins.status.report import PinReport, Report, SetReport

AT = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
GIB = 1024**3
SETTINGS = {
    "storage.cleanup.enabled": "true",
    "storage.template.cleanup.enabled": "true",
    "storage.cleanup.interval": "86400",
    "expunge.delay": "86400",
    "expunge.interval": "86400",
}


def pin_set(
    *, pools: int = 2, templates: int = 2, owner: Owner | None = None, names: Iterable[str] = (), name: str = "sandbox"
) -> PinSet:
    tags = {
        "gold": StorageTag(
            name="gold",
            service_offering_id="so-gold",
            pools=tuple(Pool(id=f"pool-{n}", name=f"PS{n}", key=f"PS{n}", cluster_id="c0") for n in range(pools)),
        )
    }
    keys = [*names, *(f"template-{n:03}" for n in range(templates))][:templates]
    declared = tuple(
        DeclaredTemplate(
            template=Template(key=key, id=f"id-{key}", name=f"{key} (x86_64)", size=2 * GIB), storage_tags=("gold",)
        )
        for key in keys
    )
    return PinSet(
        name=name,
        zone_id="zone-1",
        network_id="net-1",
        owner=owner or Owner(account="system", domain_id="root"),
        storage_tags=tags,
        templates=declared,
    )


def declared(found: PinSet | None = None, **changes: Any) -> Declared:
    return replace(from_pin_set(found or pin_set(), Path("stacks/sandbox")), **changes)


def vm(pin: RosterPin, set_name: str = "sandbox", **changes: Any) -> SeenVm:
    """The VM of an active pin, or one that differs from it by ``changes``."""
    values: dict[str, Any] = {
        "id": f"vm-{pin.address}",
        "name": f"VM-{pin.address}",
        "state": "Stopped",
        "account": "system",
        "domain_id": "root",
        "template_id": pin.template_id,
        "tags": {
            "cloudstack-pins/set": set_name,
            "cloudstack-pins/template": pin.template,
            "cloudstack-pins/storage-tag": pin.storage_tag,
            "cloudstack-pins/pool": pin.pool or "any-pool",
            "cloudstack-pins/revision": pin.revision,
        },
        "root": SeenRoot(ready=True, pool_id=f"pool-{(pin.pool or 'PS0')[2:]}", pool_name=pin.pool or "PS0"),
        "created": AT - timedelta(days=1),
    }
    return SeenVm(**(values | changes))


def pool(n: int, **changes: Any) -> SeenPool:
    values: dict[str, Any] = {
        "id": f"pool-{n}",
        "name": f"PS{n}",
        "state": "Up",
        "scope": "CLUSTER",
        "cluster_id": "c0",
        "tags": frozenset({"gold"}),
        "total": 2048 * GIB,
        "allocated": 900 * GIB,
        "used": 400 * GIB,
        "overprovision_factor": 2.0,
        "used_threshold": 0.85,
        "allocated_threshold": 0.85,
    }
    return SeenPool(**(values | changes))


def seen(what: Declared, vms: Iterable[SeenVm] | None = None, **changes: Any) -> Observation:
    """A look in which everything is right, but for ``vms`` and ``changes``."""
    values: dict[str, Any] = {
        "at": AT,
        "caller": Caller(account="pins", account_id="account-1", domain_id="root", is_root_admin=True),
        "vms": tuple(vms if vms is not None else (vm(pin, what.set_name) for pin in what.pins)),
        "pools": tuple(pool(int(each.id[5:])) for each in what.pools.values()),
        "template_ids": frozenset(pin.template_id for pin in what.pins),
        "settings": SETTINGS,
        "lock_changes": (),
    }
    return Observation(**(values | changes))


def one(report: SetReport, key: str) -> PinReport:
    return next(pin for pin in report.pins if pin.key == key)


def kinds(report: SetReport) -> list[str]:
    return [finding.kind for finding in report.findings]


def mixed(*, pools: int = 4, templates: int = 12, name: str = "sandbox", names: Iterable[str] = ()) -> Report:
    """A set in which every state and most findings occur."""
    what = declared(pin_set(pools=pools, templates=templates, name=name, names=names))
    first, *others = what.pins
    wrong: list[Mapping[str, Any]] = [
        {"root": SeenRoot(ready=False)},
        {"state": "Running"},
        {"root": SeenRoot(ready=True, pool_id="pool-x", pool_name="PS9")},
        {"account": "admin"},
        {"template_id": "id-other"},
        {"state": "Error", "root": None},
        {"state": "Destroyed", "changed": AT - timedelta(hours=3)},
    ]
    spread = others[:: max(1, len(others) // 9)]
    changed = {pin.address: vm(pin, name, **change) for pin, change in zip(spread, wrong, strict=False)}
    missing, doubled = spread[7].address, spread[8]
    vms = [changed.get(pin.address, vm(pin, name)) for pin in what.pins if pin.address != missing]
    vms.append(vm(doubled, name, id="vm-second", name="VM-second"))
    vms.append(vm(replace(first, revision="0ld"), name, id="vm-orphan", name="VM-orphan"))
    found = list(seen(what).pools or ())
    found[0] = pool(0, allocated=int(2048 * GIB * 1.8))
    found[1] = pool(1, state="Maintenance")
    found.append(pool(0, id="pool-x", name="PS9", tags=frozenset()))
    look = seen(
        what,
        vms,
        pools=(*found, pool(pools, name="PS-new")),
        template_ids=frozenset(pin.template_id for pin in what.pins[pools:]),
        preference="pool-0",
        lock_changes=("template-000: new template registered 2026-11-20",),
        unseen=("VM schedules: this server or this key has no listVMSchedule",),
    )
    return Report(at=AT, sets=(judge(what, look),))
