"""What we know about why a pin could not be started: CloudStack itself never says which limit it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cloudstack_pins.activation.work import Work
from cloudstack_pins.cloudstack import Host, Session, StoragePool, TemplateRegistration
from cloudstack_pins.errors import CloudStackError
from cloudstack_pins.model import Pool
from cloudstack_pins.plain import plain
from cloudstack_pins.roster import Roster, RosterPin

GIB = 1024**3
USED_LIMIT = "pool.storage.capacity.disablethreshold"
ALLOCATED_LIMIT = "pool.storage.allocated.capacity.disablethreshold"
DEFAULT_LIMIT = 0.85
TEMPLATES_ONE_BY_ONE = 20


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The shares of a pool's used and allocated capacity above which CloudStack puts nothing new on it."""

    used: float = DEFAULT_LIMIT
    allocated: float = DEFAULT_LIMIT


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What was read once for all failed pins of an activation; ``trouble`` where it could not be read."""

    pools: Mapping[str, StoragePool] = field(default_factory=dict)
    limits: Mapping[str, Limits] = field(default_factory=dict)
    hosts: tuple[Host, ...] = ()
    templates: Mapping[str, TemplateRegistration] = field(default_factory=dict)
    trouble: str = ""


def gather(session: Session, roster: Roster, works: Iterable[Work]) -> Circumstances:
    """Read pools, thresholds, hosts and templates of these pins; needs a root admin's key."""
    pins = [work.pin for work in works]
    try:
        pools = {pool.id: pool for pool in session.storage_pools(zoneid=roster.zone_id)}
        concerned = {pool.id for pin in pins for pool in _candidates(roster, pools, pin)}
        return Circumstances(
            pools=pools,
            limits={pool_id: _limits(session, pool_id) for pool_id in sorted(concerned)},
            hosts=tuple(session.hosts(type="Routing", zoneid=roster.zone_id)),
            templates=_templates(session, roster, sorted({pin.template_id for pin in pins})),
        )
    except CloudStackError as error:
        return Circumstances(trouble=plain(error.text))


def describe(pin: RosterPin, pool: Pool | None, known: Circumstances) -> tuple[str, ...]:
    """Return what is known about a pin's pool, hosts and template, the likely causes first."""
    if known.trouble:
        return (f"nothing more is known: {known.trouble}",)
    facts = [*_template_facts(pin, known)]
    for found in _pools_of(pin, pool, known):
        facts += _pool_facts(pin, found, known)
    if pool is not None and pool.id not in known.pools:
        facts.append((True, f"pool {plain(pool.name)} no longer exists in the zone; run `cloudstack-pins lock`"))
    if pool is None and not _pools_of(pin, pool, known):
        facts.append((True, f"no pool of the zone bears the storage tag {plain(pin.storage_tag)}"))
    return tuple(text for _, text in sorted(facts, key=lambda fact: not fact[0]))


Fact = tuple[bool, str]
"""Whether it explains a failure, and the sentence."""


def _template_facts(pin: RosterPin, known: Circumstances) -> list[Fact]:
    name = plain(pin.template_name)
    template = known.templates.get(pin.template_id)
    if template is None:
        return [(True, f"template {name} ({pin.template_id}) no longer exists in the zone; run `cloudstack-pins lock`")]
    if not template.is_ready:
        return [(True, f"template {name} is not ready in the zone: {plain(template.status) or 'no status'}")]
    return [(False, f"template {name} is ready in the zone")]


def _pool_facts(pin: RosterPin, pool: StoragePool, known: Circumstances) -> list[Fact]:
    name, limits = plain(pool.name), known.limits.get(pool.id, Limits())
    tags = plain(", ".join(sorted(pool.tags))) or "no tags"
    bears = pin.storage_tag in pool.tags
    asked = 0 if pin.size is None else 2 * pin.size
    room = pool.bytes_total * pool.overprovision_factor
    used = _share(pool.bytes_used, pool.bytes_total)
    allocated, after = _share(pool.bytes_allocated, room), _share(pool.bytes_allocated + asked, room)
    need = f", the pin needs {asked / GIB:.1f} GiB more" if asked else ""
    up, all_of = _hosts(pool, known)
    is_up = pool.state == "Up"
    where = f"in cluster of {name}" if pool.cluster_id else "in the zone"
    return [
        (
            not is_up,
            f"pool {name} is {pool.state}, scope {pool.scope}"
            + ("" if is_up else "; bring it up, or name it in exclude_pools and lock"),
        ),
        (not bears, f"pool {name} bears {tags}" + ("" if bears else f", not {plain(pin.storage_tag)}")),
        (used >= limits.used, f"pool {name} is used to {used:.0%}, limit {limits.used:.0%}"),
        (
            after > limits.allocated,
            f"pool {name} is allocated to {allocated:.1%} of {room / GIB:.0f} GiB{need}, limit {limits.allocated:.0%}",
        ),
        (up == 0, f"hosts up {where}: {up} of {all_of}"),
    ]


def _hosts(pool: StoragePool, known: Circumstances) -> tuple[int, int]:
    hosts = [host for host in known.hosts if pool.cluster_id in (None, host.cluster_id)]
    up = [host for host in hosts if host.state == "Up" and host.resource_state in ("", "Enabled")]
    return len(up), len(hosts)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


def _pools_of(pin: RosterPin, pool: Pool | None, known: Circumstances) -> list[StoragePool]:
    if pool is not None:
        return [known.pools[pool.id]] if pool.id in known.pools else []
    return sorted((item for item in known.pools.values() if pin.storage_tag in item.tags), key=lambda item: item.name)


def _candidates(roster: Roster, pools: Mapping[str, StoragePool], pin: RosterPin) -> list[StoragePool]:
    pool = roster.pools.get(pin.pool) if pin.pool is not None else None
    return _pools_of(pin, pool, Circumstances(pools=pools))


def _limits(session: Session, pool_id: str) -> Limits:
    return Limits(
        used=_fraction(session.setting(USED_LIMIT, storageid=pool_id)),
        allocated=_fraction(session.setting(ALLOCATED_LIMIT, storageid=pool_id)),
    )


def _fraction(value: str | None) -> float:
    try:
        return float(value) if value else DEFAULT_LIMIT
    except ValueError:
        return DEFAULT_LIMIT


def _templates(session: Session, roster: Roster, ids: list[str]) -> dict[str, TemplateRegistration]:
    if len(ids) > TEMPLATES_ONE_BY_ONE:
        rows = session.templates(zoneid=roster.zone_id)
    else:
        rows = [row for template_id in ids for row in _one_template(session, template_id)]
    return {row.id: row for row in rows if row.zone_id == roster.zone_id}


def _one_template(session: Session, template_id: str) -> list[TemplateRegistration]:
    try:
        return session.templates(id=template_id)
    except CloudStackError as error:
        if error.code == 431:
            return []
        raise
