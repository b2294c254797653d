"""What the management server cleans up by itself: unused template copies, destroyed VMs and volumes."""

from __future__ import annotations

from .world import World


def start_housekeeping(world: World) -> None:
    """Schedule the first pass of everything that repeats."""
