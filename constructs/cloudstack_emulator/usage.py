"""The usage server: who held a running VM, a VM, a volume or a template, and for how long, in windows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .entities import Account, Network, ServiceOffering, Template, VirtualMachine, Volume
from .scheduler import Scheduler
from .settings import Settings

RUNNING_VM, ALLOCATED_VM, VOLUME, TEMPLATE, NETWORK_OFFERING = 1, 2, 6, 7, 13

_DAY = 86400


@dataclass(eq=False, kw_only=True)
class Span:
    """From when to when something counted for an account; ``ended`` is None while it still does."""

    type: int
    account: Account = field(repr=False)
    began: float
    ended: float | None = None
    vm: VirtualMachine | None = field(repr=False, default=None)
    volume: Volume | None = field(repr=False, default=None)
    template: Template | None = field(repr=False, default=None)
    offering: ServiceOffering | None = field(repr=False, default=None)
    network: Network | None = field(repr=False, default=None)
    #: Of the two records that each attached volume has, the one that names the VM.
    attached: bool = False

    def hours(self, begin: float, end: float) -> float:
        """How much of it lies between two moments."""
        until = end if self.ended is None else min(self.ended, end)
        return max(0.0, until - max(self.began, begin)) / 3600


@dataclass(frozen=True, kw_only=True)
class UsageRecord:
    """What one span amounted to within one window, which ``begin`` and ``end`` are the ends of."""

    span: Span
    hours: float
    begin: float
    end: float


class UsageServer:
    """Watches VMs, and once it is switched on writes the records of each window that has passed.

    It is off at first, as CloudStack runs without one; spans are watched all the same, so that switching it on late
    loses nothing but the windows that have passed.
    """

    def __init__(self, scheduler: Scheduler, settings: Settings, templates: dict[str, Template]) -> None:
        self._scheduler = scheduler
        self._settings = settings
        self._templates = templates
        self._spans: list[Span] = []
        self._open: dict[tuple[str, int], list[Span]] = {}
        self._written_until = 0.0
        self.records: list[UsageRecord] = []
        self.running = False

    # What it watches

    def observe(self, kind: str, vm: VirtualMachine, now: float) -> None:
        """Take a fact of the world's trace in."""
        if kind in ("vm-created", "vm-recovered"):
            self._allocate(vm, now)
        elif kind == "vm-started":
            self._begin(vm, now, RUNNING_VM, offering=vm.service_offering)
            for nic in vm.nics[:1]:
                self._begin(vm, now, NETWORK_OFFERING, network=nic.network)
        elif kind == "vm-stopped":
            self._end(vm, now, RUNNING_VM, NETWORK_OFFERING)
        elif kind == "vm-assigned":
            self._end(vm, now, ALLOCATED_VM, VOLUME)
            self._allocate(vm, now)
        elif kind == "vm-restored":
            self._end(vm, now, VOLUME)
            self._volumes(vm, now)
        elif kind == "vm-destroyed":
            self._end(vm, now, RUNNING_VM, NETWORK_OFFERING, ALLOCATED_VM)
        elif kind in ("vm-error", "vm-expunged"):
            self._end(vm, now, RUNNING_VM, NETWORK_OFFERING, ALLOCATED_VM, VOLUME)

    def _allocate(self, vm: VirtualMachine, now: float) -> None:
        self._begin(vm, now, ALLOCATED_VM, offering=vm.service_offering)
        self._volumes(vm, now)

    def _volumes(self, vm: VirtualMachine, now: float) -> None:
        if vm.root is not None and (vm.id, VOLUME) not in self._open:
            self._begin(vm, now, VOLUME, volume=vm.root, attached=True)
            self._begin(vm, now, VOLUME, volume=vm.root, offering=vm.service_offering)

    def _begin(
        self,
        vm: VirtualMachine,
        now: float,
        kind: int,
        *,
        volume: Volume | None = None,
        offering: ServiceOffering | None = None,
        network: Network | None = None,
        attached: bool = False,
    ) -> None:
        span = Span(
            type=kind,
            account=vm.account,
            began=now,
            vm=vm,
            volume=volume,
            template=vm.template,
            offering=offering,
            network=network,
            attached=attached,
        )
        self._spans.append(span)
        self._open.setdefault((vm.id, kind), []).append(span)

    def _end(self, vm: VirtualMachine, now: float, *kinds: int) -> None:
        for kind in kinds:
            for span in self._open.pop((vm.id, kind), []):
                span.ended = now

    # What it writes

    def start(self, now: float) -> None:
        """Switch it on: from now on every window is written when its time has come."""
        if not self.running:
            self.running = True
            self._schedule(now)

    def stop(self) -> None:
        """Switch it off; what is written stays."""
        self.running = False

    def generate(self, now: float) -> None:
        """What generateUsageRecords asks for: within a minute, the time since the last record is written."""
        self._scheduler.after(60, lambda: self._write(now + 60 - (now + 60) % 60))

    def _range(self) -> int:
        """Seconds in a window."""
        return int(self._settings.number("usage.stats.job.aggregation.range")) * 60

    def _schedule(self, now: float) -> None:
        length = self._range()
        hours, _, minutes = (self._settings.value("usage.stats.job.exec.time") or "00:15").partition(":")
        offset = (int(hours) * 3600 + int(minutes) * 60) % length
        due = now - (now - offset) % length + length
        self._scheduler.after(due - now, lambda: self._due(due, length))

    def _due(self, moment: float, length: int) -> None:
        if self.running:
            self._write(moment - moment % length, length)
            self._schedule(moment)

    def _write(self, until: float, length: float = _DAY) -> None:
        """Write the window that ends just before ``until``, without what was written before."""
        begin = max(until - length, self._written_until)
        if not self.running or begin >= until:
            return
        self._written_until = until
        for span in [*self._spans, *self._template_spans()]:
            hours = span.hours(begin, until)
            if hours > 0:
                self.records.append(UsageRecord(span=span, hours=hours, begin=begin, end=until - 1))
        # What ended before this window counts in no later one.
        self._spans = [span for span in self._spans if span.ended is None or span.ended > begin]

    def _template_spans(self) -> Iterable[Span]:
        for template in self._templates.values():
            if not template.removed and template.type != "SYSTEM":
                yield Span(type=TEMPLATE, account=template.account, began=template.created, template=template)
