"""Where the end-to-end tests run: an emulator, or a real CloudStack that a small TOML describes.

A test body speaks to a ``Site``. What it makes there bears the site's run id, in the name of a set (and so in the tag
``cloudstack-pins/set`` of each VM and in the name of each stack-made offering) or in a name of its own.
"""

from __future__ import annotations

import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cloudstack_emulator import Emulator
from cloudstack_pins.cloudstack import Access, Session
from cloudstack_pins.model import TAG_SET
from tests.e2e.declared_set import DeclaredSet
from tests.terraform_cli import Terraform

PREFERENCE = "preferred.storage.pool"
HANG_SECONDS = 400.0


class Site(ABC):
    """One CloudStack, seen from the tests.

    ``templates`` are names of at least two templates; ``storage_tags`` is as in pins.toml, the first of them with a
    service offering if there is such a one; ``emulator`` is None where it is a real one.
    """

    zone: str
    templates: Sequence[str]
    uefi_template: str | None
    storage_tags: Mapping[str, Mapping[str, Any]]
    emulator: Emulator | None = None
    command_seconds: float = HANG_SECONDS

    def __init__(self, folder: Path, environment: Mapping[str, str], observer: Mapping[str, str]) -> None:
        """``environment`` is Terraform's, with the key that sets are applied with; ``observer`` a root admin's key."""
        self.folder = folder
        self.environment = environment
        self.run_id = f"e2e-{secrets.token_hex(4)}"
        self.session = Session(Access.from_environment(observer))
        self.sets: list[DeclaredSet] = []

    # What bodies make

    @property
    def network(self) -> str:
        """The name of the system-owned network that ``new_set`` bootstraps."""
        return f"{self.run_id}-l2"

    def new_set(
        self,
        name: str,
        templates: Mapping[str, Mapping[str, Any]],
        *,
        environment: Mapping[str, str] | None = None,
        **tables: Any,
    ) -> DeclaredSet:
        """Return a set, bootstrapped and locked; by default of all storage tags, owned by ``system``.

        ``tables`` are those of pins.toml that are to be otherwise.
        """
        toml: dict[str, Any] = {
            "zone": self.zone,
            "network": self.network,
            "owner": "system",
            "storage_tags": {tag: dict(table) for tag, table in self.storage_tags.items()},
            "templates": {key: dict(table) for key, table in templates.items()},
        } | tables
        full = f"{self.run_id}-{name}"
        terraform = Terraform(self.folder / f"stack-{name}", environment or self.environment)
        terraform.seconds = self.command_seconds
        made = DeclaredSet(self.folder / "stacks" / full, toml, terraform, self.session)
        self.sets.append(made)
        made.bootstrap()
        made.lock()
        return made

    def callers_set(
        self, name: str, templates: Mapping[str, Mapping[str, Any]], tag: str, table: Mapping[str, Any]
    ) -> DeclaredSet:
        """Return a set of any-pool pins that stay with the caller, who has as few rights as the site can give."""
        return self.new_set(
            name,
            templates,
            environment=self.callers_environment,
            network=self.callers_network,
            owner="caller",
            expunge=self.caller_expunges,
            storage_tags={tag: {**table, "coverage": "any-pool"}},
        )

    @property
    def callers_environment(self) -> Mapping[str, str]:
        """Terraform's environment with the key of an account with as few rights as there is one."""
        return self.environment

    @property
    def callers_network(self) -> str:
        """The name of that account's network."""
        return f"{self.run_id}-callers-l2"

    caller_expunges = True

    def offering(self, name: str, storage_tag: str) -> str:
        """Make a service offering for pins; its name bears the run id."""
        full = f"{self.run_id} {name}"
        self.session.write(
            "createServiceOffering",
            name=full,
            displaytext=full,
            cpunumber=1,
            cpuspeed=100,
            memory=128,
            storagetype="shared",
            tags=storage_tag,
        )
        return full

    @abstractmethod
    def renew(self, pins: DeclaredSet, key: str) -> None:
        """Have ``pins.lock()`` find another template under ``key``, as when its image is registered again."""

    @abstractmethod
    def let_garbage_collection_pass(self) -> None:
        """Come back when an unused copy would be gone."""

    def expunge(self, machine_id: str) -> None:
        """Destroy a VM behind Terraform's back."""
        self.session.run("destroyVirtualMachine", id=machine_id, expunge=True)

    # What bodies look at

    def preference(self) -> str:
        """The preferred pool of the account that the key belongs to; empty where none is set."""
        with Session(Access.from_environment(self.environment)) as session:
            return session.setting(PREFERENCE, accountid=session.caller().account_id) or ""

    def lease_tags(self, pins: DeclaredSet) -> dict[str, str]:
        """The tags of the set's network: none but during an activation."""
        networks = self.session.networks(listall=True, keyword=pins.toml["network"])
        (network_id,) = [network.id for network in networks if network.name == pins.toml["network"]]
        rows = self.session.list("listTags", "tag", resourceid=network_id, resourcetype="Network", listall=True)
        return {row["key"]: row["value"] for row in rows}

    def wait(self, is_so: Callable[[], bool], otherwise: str) -> None:
        """Wait for what another process brings about; the deadline is for a hang only."""
        end = time.monotonic() + self.command_seconds
        while not is_so():
            assert time.monotonic() < end, otherwise
            time.sleep(0.05)

    # The end

    def sweep(self) -> None:
        """Remove whatever bears the run id, Terraform's knowledge or not."""
        jobs = []
        for pins in self.sets:
            for machine in self.session.virtual_machines(listall=True, tags={TAG_SET: pins.name}):
                if machine.state != "Expunging":
                    jobs.append(self.session.submit("destroyVirtualMachine", id=machine.id, expunge=True))
        for job in jobs:
            self.session.wait(job, command="destroyVirtualMachine", seconds=self.command_seconds)
        for offering in self.session.service_offerings(listall=True):
            if self.run_id in offering.name:
                self.session.write("deleteServiceOffering", id=offering.id)
        for network in self.session.networks(listall=True):
            if self.run_id in network.name:
                self.session.run("deleteNetwork", id=network.id, seconds=self.command_seconds)

    def leftovers(self) -> list[str]:
        """What still bears the run id."""
        found = [
            f"VM {machine.display_name} ({machine.state})"
            for pins in self.sets
            for machine in self.session.virtual_machines(listall=True, tags={TAG_SET: pins.name})
            if machine.state != "Expunging"
        ]
        found += [
            f"offering {one.name}" for one in self.session.service_offerings(listall=True) if self.run_id in one.name
        ]
        return found + [f"network {one.name}" for one in self.session.networks(listall=True) if self.run_id in one.name]

    def close(self) -> None:
        """Close the session."""
        self.session.close()
