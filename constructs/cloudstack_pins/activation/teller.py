"""Turns what the engine does into events."""

from __future__ import annotations

from collections.abc import Iterable

from cloudstack_pins.activation.events import Event, EventKind, Listener, label
from cloudstack_pins.activation.work import Work
from cloudstack_pins.cloudstack.clock import Clock


class Teller:
    """Sends events with the number of active pins at that moment."""

    def __init__(self, on_event: Listener, clock: Clock) -> None:
        self._on_event = on_event
        self._clock = clock
        self._works: tuple[Work, ...] = ()

    def about(self, works: Iterable[Work]) -> None:
        """Count these pins from now on."""
        self._works = tuple(works)

    def tell(self, kind: EventKind, text: str, work: Work | None = None) -> None:
        """Send one event; ``text`` of an event about a pin is said after the pin's name."""
        self._on_event(
            Event(
                kind=kind,
                text=text if work is None else f"{label(work.pin)}: {text}",
                at=self._clock.now(),
                pin=None if work is None else work.pin,
                active=sum(work.state == "active" for work in self._works),
                total=len(self._works),
            )
        )
