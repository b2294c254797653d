"""A real CloudStack: access by the environment, and a TOML file that says what the tests may use of it.

    zone = "Sandbox-simulator"
    # Two small ones or more. Each is copied to every pool of the storage tags below.
    templates = ["Debian 12 (x86_64)", "Ubuntu 24.04 (x86_64)"]
    uefi_template = "UEFI template"          # one with the detail UEFI; left out: not tried

    [storage_tags.gold]                      # as in pins.toml
    service_offering = "pin-gold"

    [storage_tags.silver]                    # the stack makes an offering

    [waits]
    command = 3600                           # seconds that one Terraform command may take
    garbage_collection = 180                 # seconds in which storage garbage collection makes three passes

``CLOUDSTACK_PINS_LIVE`` names the file. The key has to be a root admin's, of an account of its own: activations move
the account's preferred pool, and put it back.
"""

from __future__ import annotations

import os
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudstack_pins.errors import CloudStackError
from tests.e2e.declared_set import DeclaredSet
from tests.e2e.site import Site

VARIABLE = "CLOUDSTACK_PINS_LIVE"
ACCESS = ("CLOUDSTACK_API_URL", "CLOUDSTACK_API_KEY", "CLOUDSTACK_SECRET_KEY")
SWEEPS = 3


class LiveSettingsError(Exception):
    """The file cannot be used."""


@dataclass(frozen=True, kw_only=True)
class LiveSettings:
    """What the file says."""

    zone: str
    templates: tuple[str, ...]
    storage_tags: Mapping[str, Mapping[str, Any]]
    uefi_template: str | None
    command_seconds: float
    garbage_collection_seconds: float


def read(path: Path) -> LiveSettings:
    """Read the file; LiveSettingsError says what is wrong with it."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LiveSettingsError(f"{VARIABLE}={path}: cannot be read: {error.strerror}; name the TOML file") from error
    except tomllib.TOMLDecodeError as error:
        raise LiveSettingsError(f"{path}: not TOML: {error}; repair that line") from error
    waits = document.get("waits", {})
    settings = LiveSettings(
        zone=document.get("zone", ""),
        templates=tuple(document.get("templates", ())),
        storage_tags=document.get("storage_tags", {}),
        uefi_template=document.get("uefi_template"),
        command_seconds=float(waits.get("command", 3600)),
        garbage_collection_seconds=float(waits.get("garbage_collection", 0)),
    )
    known = {"zone", "templates", "storage_tags", "uefi_template", "waits"}
    if unknown := sorted(set(document) - known):
        raise LiveSettingsError(f"{path}: {unknown[0]!r} is unknown; known are {', '.join(sorted(known))}")
    if not settings.zone or len(settings.templates) < 2 or not settings.storage_tags:
        raise LiveSettingsError(f"{path}: zone, two templates and a storage tag are needed; add what is missing")
    return settings


class LiveSite(Site):
    """The CloudStack that ``CLOUDSTACK_API_URL`` names; ``close`` removes all that the test made."""

    def __init__(self, live: LiveSettings, folder: Path, settings: Mapping[str, str]) -> None:
        access = {name: os.environ[name] for name in ACCESS}
        super().__init__(folder, {**settings, **access}, observer=access)
        self.zone = live.zone
        self.templates = live.templates
        self.uefi_template = live.uefi_template
        with_offering_first = sorted(live.storage_tags.items(), key=lambda item: "service_offering" not in item[1])
        self.storage_tags = dict(with_offering_first)
        self.command_seconds = live.command_seconds
        self._garbage_collection_seconds = live.garbage_collection_seconds

    def renew(self, pins: DeclaredSet, key: str) -> None:
        """Put another template behind the key: nobody's image is registered anew for a test."""
        table = pins.toml["templates"][key]
        table["template"] = next(name for name in self.templates if name != table["template"])

    def let_garbage_collection_pass(self) -> None:
        """Wait as long as the file says."""
        time.sleep(self._garbage_collection_seconds)

    def close(self) -> None:
        """Remove what bears the run id, also what a failed test left half-done, and close the session."""
        try:
            for _ in range(SWEEPS):
                try:
                    self.sweep()
                except CloudStackError as error:
                    failure: CloudStackError | None = error
                else:
                    failure = None
                    break
                # What was on its way (a VM that starts) is removed once it has arrived.
                time.sleep(20)
            left = self.leftovers()
            assert failure is None and not left, f"{self.run_id}: remove by hand: {', '.join(left)} ({failure})"
        finally:
            super().close()


@contextmanager
def live_site(folder: Path, settings: Mapping[str, str]) -> Iterator[LiveSite]:
    """Open the site of the environment, and clean it when the test has ended, however it did."""
    site = LiveSite(read(Path(os.environ[VARIABLE])), folder, settings)
    try:
        yield site
    finally:
        site.close()
