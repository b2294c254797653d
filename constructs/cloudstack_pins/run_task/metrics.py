"""What the service counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST


class Metrics:
    """Counters of one service, in a registry of their own."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        prefix = "cloudstack_pins_run_task_"
        self._requests = Counter(
            f"{prefix}requests", "Requests by endpoint and HTTP status", ("stage", "status"), registry=self._registry
        )
        self._results = Counter(
            f"{prefix}results", "Final results by stage and status", ("stage", "status"), registry=self._registry
        )
        self._unsent = Counter(
            f"{prefix}unsent", "Final results that HCP Terraform did not take", registry=self._registry
        )
        self._running = Gauge(f"{prefix}running", "Requests being worked on", registry=self._registry)

    def received(self, stage: str, status: str) -> None:
        """Count a request by its endpoint and the HTTP status it got."""
        self._requests.labels(stage, status).inc()

    def finished(self, stage: str, status: str, *, sent: bool) -> None:
        """Count a final result and whether HCP Terraform took it."""
        self._results.labels(stage, status).inc()
        if not sent:
            self._unsent.inc()

    def text(self, *, running: int) -> bytes:
        """Return the metrics as Prometheus reads them."""
        self._running.set(running)
        return generate_latest(self._registry)
