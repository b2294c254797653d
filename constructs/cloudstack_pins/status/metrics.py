"""Status for Prometheus' textfile collector; a failed look writes nothing, so that the last success ages."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from cloudstack_pins.plain import plain
from cloudstack_pins.status.matrix import ANY
from cloudstack_pins.status.report import Report, SetReport, State

PREFIX = "cloudstack_pins_"


def text(report: Report) -> str:
    """Return the report as metrics in Prometheus' text form."""
    registry = CollectorRegistry()
    # One sample a pin, with its state as a label: a sum by state counts them, and `state!="active"` names the bad ones.
    pins = _gauge(registry, "pins", "Pins by state", "set", "template", "storage_tag", "pool", "previous", "state")
    states = _gauge(registry, "pins_by_state", "Declared pins of a set in each state", "set", "state")
    per_set = {
        "copies_missing": ("Declared copies that nothing protects", lambda each: each.copies_missing),
        "held_bytes": ("Allocated capacity that protecting pins hold", lambda each: each.held),
        "orphans": ("VMs with the set's tag that no declared pin accounts for", lambda each: len(each.orphans)),
        "unseen": ("Things that the key in use may not see", lambda each: len(each.unseen)),
        "last_success_timestamp_seconds": ("Time of the last look that succeeded", lambda _: report.at.timestamp()),
    }
    _per_set(registry, report, per_set)
    findings = _gauge(registry, "findings", "Findings", "set", "kind", "severity")
    interval = _gauge(registry, "gc_interval_seconds", "storage.cleanup.interval", "set")
    for each in report.sets:
        for pin in each.pins:
            where = (each.set_name, pin.template, pin.storage_tag, pin.pool or ANY, str(pin.previous).lower())
            pins.labels(*map(plain, where), str(pin.state)).inc()
        counts = each.counts()
        for state in State:
            states.labels(each.set_name, str(state)).set(counts.get(state, 0))
        for finding in each.findings:
            findings.labels(each.set_name, finding.kind, str(finding.severity)).inc()
        if each.gc.interval is not None:
            interval.labels(each.set_name).set(each.gc.interval)
    _pools(registry, report)
    return generate_latest(registry).decode("utf-8")


def _per_set(
    registry: CollectorRegistry, report: Report, wanted: dict[str, tuple[str, Callable[[SetReport], float]]]
) -> None:
    for name, (words, value) in wanted.items():
        gauge = _gauge(registry, name, words, "set")
        for each in report.sets:
            gauge.labels(each.set_name).set(value(each))


def _pools(registry: CollectorRegistry, report: Report) -> None:
    share = _gauge(registry, "pool_share", "Share of a pool's capacity", "set", "pool", "kind")
    limit = _gauge(registry, "pool_share_limit", "Share at which CloudStack stops using a pool", "set", "pool", "kind")
    up = _gauge(registry, "pool_up", "Whether a pool's state is Up", "set", "pool")
    held = _gauge(registry, "pool_held_bytes", "Allocated capacity that pins hold on a pool", "set", "pool")
    for each in report.sets:
        for pool in each.pools:
            where = (each.set_name, plain(pool.key or pool.name))
            held.labels(*where).set(pool.held)
            if pool.state is not None:
                up.labels(*where).set(pool.state == "Up")
            for kind, value, threshold in (
                ("used", pool.used_share, pool.used_threshold),
                ("allocated", pool.allocated_share, pool.allocated_threshold),
            ):
                if value is not None:
                    share.labels(*where, kind).set(value)
                if threshold is not None:
                    limit.labels(*where, kind).set(threshold)


def _gauge(registry: CollectorRegistry, name: str, words: str, *labels: str) -> Gauge:
    return Gauge(PREFIX + name, words, labels, registry=registry)
