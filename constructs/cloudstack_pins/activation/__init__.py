"""Makes pins active: start once on the right pool, verify, stop, hand over; idempotent and resumable.

``activate(session, roster, ...)`` is the way in for the command and for the run task.
"""

from __future__ import annotations

from cloudstack_pins.activation.events import Event, Listener, label
from cloudstack_pins.activation.report import Leftover, PinOutcome, Report
from cloudstack_pins.activation.run import activate

__all__ = ["Event", "Leftover", "Listener", "PinOutcome", "Report", "activate", "label"]
