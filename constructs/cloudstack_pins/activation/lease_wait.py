"""Waiting for other activations' leases: for how long, when one is abandoned, and what is said meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from cloudstack_pins.activation.lease_tags import TAG, Held
from cloudstack_pins.cloudstack.clock import Clock
from cloudstack_pins.errors import ActivationError
from cloudstack_pins.plain import plain

TELL_SECONDS = 30.0


class LeaseWait:
    """How long one lease after the other has been waited for, and what is said about it."""

    def __init__(self, clock: Clock, network_id: str, timeout: float, tell: Callable[[str], None]) -> None:
        self._clock = clock
        self._network_id = network_id
        self._timeout = timeout
        self._tell = tell
        self._held: Held | None = None
        self._since = self._began = clock.now()
        self._told = float("-inf")

    def is_over(self) -> bool:
        """Whether the present one has been waited for long enough."""
        return self._clock.now() - self._began >= self._timeout

    def is_abandoned(self) -> bool:
        """Whether the lease that was met ended without being given back."""
        now = self._clock.now()
        return self._held is not None and self._held.is_over(now) and self._held.is_still(now, self._since)

    def meet(self, found: tuple[str, Held] | None) -> None:
        """Take note of the lease that is in the way, None for one that was gone too soon to be seen."""
        now = self._clock.now()
        held = found[1] if found else None
        if (held and held.holder) != (self._held and self._held.holder):
            self._began = now
        if held != self._held:
            self._held, self._since = held, now

    def go_on(self, found: tuple[str, Held]) -> None:
        """Say now and then what is waited for. Raises ActivationError where that was for long enough."""
        network_id, held = found
        if self.is_over():
            raise ActivationError(self._occupied(network_id, held))
        where = "on this network" if network_id == self._network_id else f"for this account on network {network_id}"
        self.say(f"waiting for another activation {where} ({plain(held.holder)})")

    def say(self, text: str) -> None:
        """Say what is waited for, unless that was done a moment ago."""
        if self._clock.now() - self._told >= TELL_SECONDS:
            self._tell(text)
            self._told = self._clock.now()

    def _occupied(self, network_id: str, held: Held) -> str:
        return (
            f"another activation ({plain(held.holder)}) has held the lease on network {network_id} for "
            f"{self._timeout:.0f} s; wait for it, or delete the network's tag {TAG} if you are sure that it is gone"
        )
