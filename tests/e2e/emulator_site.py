"""The end-to-end tests' own CloudStack: an emulator with a zone of two clusters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cloudstack_emulator import ClusterSpec, Emulator, PoolSpec, ZoneSpec
from tests.e2e.declared_set import DeclaredSet
from tests.e2e.site import Site

DEBIAN = "Debian 12 (x86_64)"
UBUNTU = "Ubuntu 24.04 (x86_64)"
ROCKY = "Rocky 9 (x86_64)"
FOREVER = 100_000.0
"""Seconds that a slow copy takes on the emulator's clock, which nothing but a test moves so far."""


def zone() -> ZoneSpec:
    """The default zone, with a tag ``wide`` that two pools of each cluster bear; garbage collection runs hourly.

    So it runs only when a test moves the clock, however slow the machine is.
    """
    return ZoneSpec(
        settings={"storage.cleanup.interval": "3600"},
        clusters=(
            ClusterSpec(
                name="C0",
                pools=(PoolSpec(name="PS0", tags=("gold", "wide")), PoolSpec(name="PS1", tags=("gold", "wide"))),
            ),
            ClusterSpec(
                name="C1",
                pools=(PoolSpec(name="PS2", tags=("silver", "wide")), PoolSpec(name="PS3", tags=("bronze", "wide"))),
            ),
        ),
    )


class EmulatorSite(Site):
    """A site that dies with the test; beside what every site has, its clock, faults, order of events and pools."""

    zone = "Sandbox-simulator"
    templates = (DEBIAN, UBUNTU)
    uefi_template = "UEFI template"
    storage_tags = {"gold": {"service_offering": "pin-gold"}, "silver": {}}  # noqa: RUF012 - a constant

    emulator: Emulator

    def __init__(self, emulator: Emulator, folder: Path, settings: Mapping[str, str]) -> None:
        super().__init__(folder, {**settings, **emulator.environment()}, observer=emulator.environment(emulator.root))
        self.emulator = emulator

    callers_network = "user-l2"
    caller_expunges = False

    @property
    def callers_environment(self) -> Mapping[str, str]:
        """The key of an account of role User."""
        return {**self.environment, **self.emulator.environment(self.emulator.user)}

    def renew(self, pins: DeclaredSet, key: str) -> None:
        """Register the template of ``key`` again."""
        self.emulator.register_template(pins.toml["templates"][key]["template"])

    def let_garbage_collection_pass(self) -> None:
        """Move the clock past three passes."""
        self.emulator.advance(3 * 3600 + 60)

    def slow_copies(self) -> None:
        """Let copies go on until ``finish_copies``."""
        with self.emulator.world.lock:
            self.emulator.world.copy_seconds = FOREVER

    def finish_copies(self) -> None:
        """End the copies that go on, and let further ones take no time."""
        with self.emulator.world.lock:
            self.emulator.world.copy_seconds = 0.0
        self.emulator.advance(FOREVER + 1)

    def heal(self) -> None:
        """Drop the faults that are still to come."""
        with self.emulator.world.lock:
            self.emulator.world.faults.clear()

    def count(self, kind: str, since: int = 0) -> int:
        """How many events of a kind there were after the first ``since`` of all."""
        return sum(event.kind == kind for event in self.emulator.trace[since:])

    @property
    def now(self) -> int:
        """The number of events so far."""
        return len(self.emulator.trace)


@contextmanager
def emulator_site(folder: Path, settings: Mapping[str, str]) -> Iterator[EmulatorSite]:
    """Start an emulator and close what belongs to it."""
    with Emulator(zone()) as emulator:
        site = EmulatorSite(emulator, folder, settings)
        try:
            yield site
        finally:
            site.close()
