"""A CloudStack API on loopback, for trials and tests."""

from __future__ import annotations

from .caller import EmulatorCallError
from .clock import Clock, ManualClock, RealClock
from .emulator import Copy, Emulator
from .entities import GIB, TIB, Keys
from .world import Event
from .zone_spec import ClusterSpec, NetworkSpec, OfferingSpec, PoolSpec, TemplateSpec, ZoneSpec

__all__ = [
    "GIB",
    "TIB",
    "Clock",
    "ClusterSpec",
    "Copy",
    "Emulator",
    "EmulatorCallError",
    "Event",
    "Keys",
    "ManualClock",
    "NetworkSpec",
    "OfferingSpec",
    "PoolSpec",
    "RealClock",
    "TemplateSpec",
    "ZoneSpec",
]
