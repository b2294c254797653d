"""What a set promises, read from its folder or from its synthesised stack, in the words that status needs."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cloudstack_pins.model import Owner, Pin, PinSet, Pool
from cloudstack_pins.roster import Roster, RosterPin

STACKS = Path("cdktf.out/stacks")
"""Where the cdktf CLI writes a set's stack, seen from the folder of cdktf.json."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """The pins that should be there, and how a person reaches them.

    ``every_pool`` maps each storage tag of coverage "every-pool" to the ids of the pools that the lock knows;
    ``excluded`` maps a tag to the names of pools left out on purpose, None where the source (a stack) does not say.
    ``source`` is what was asked about, ``stack`` the ``cdk.tf.json`` that activate reads.
    """

    set_name: str
    zone_id: str
    network_id: str
    owner: Owner
    pools: Mapping[str, Pool]
    pins: tuple[RosterPin, ...]
    every_pool: Mapping[str, frozenset[str]]
    source: Path
    stack: Path
    excluded: Mapping[str, frozenset[str]] | None = None
    enabled: bool = True
    expunge: bool = True
    storage_tags: tuple[str, ...] = field(default=())

    @property
    def is_folder(self) -> bool:
        """Whether the set's own folder was asked about, so that pins.toml and its lock are at hand."""
        return self.source != self.stack

    @property
    def deploy_command(self) -> str:
        """The command that applies the set's plan."""
        if self.is_folder:
            return f"cdktf deploy {shlex.quote(self.set_name)}"
        return f"terraform -chdir={shlex.quote(str(self.stack.parent))} apply"

    @property
    def activate_command(self) -> str:
        """The command that activates the set's pins again."""
        return f"cloudstack-pins activate {shlex.quote(str(self.stack))}"

    @property
    def lock_command(self) -> str:
        """The command that looks the set's names up again."""
        return f"cloudstack-pins lock {shlex.quote(str(self.source))}"

    def replace_command(self, address: str) -> str:
        """Return the command that makes one pin anew, the old one going last."""
        return f"terraform -chdir={shlex.quote(str(self.stack.parent))} apply -replace={shlex.quote(address)}"

    def show_command(self, address: str) -> str:
        """Return the command that says which VM Terraform knows as this pin."""
        return f"terraform -chdir={shlex.quote(str(self.stack.parent))} state show {shlex.quote(address)}"


def from_pin_set(
    pin_set: PinSet, folder: Path, excluded: Mapping[str, frozenset[str]] | None = None, *, stacks: Path = STACKS
) -> Declared:
    """Return what ``stacks/<set>`` (pins.toml and its lock) declares."""
    tags = pin_set.storage_tags
    return Declared(
        set_name=pin_set.name,
        zone_id=pin_set.zone_id,
        network_id=pin_set.network_id,
        owner=pin_set.owner,
        pools={pool.key: pool for tag in tags.values() for pool in tag.pools}
        | {pin.pool.key: pin.pool for pin in pin_set.pins if pin.pool is not None},
        pins=tuple(_as_roster_pin(pin) for pin in pin_set.pins),
        every_pool={
            name: frozenset(pool.id for pool in tag.pools)
            for name, tag in tags.items()
            if tag.coverage == "every-pool" and pin_set.enabled
        },
        source=folder,
        stack=stacks / pin_set.name / "cdk.tf.json",
        excluded=excluded if excluded is not None else {},
        enabled=pin_set.enabled,
        expunge=pin_set.expunge,
        storage_tags=tuple(sorted(tags)),
    )


def from_roster(roster: Roster, path: Path) -> Declared:
    """Return what a ``cdk.tf.json`` declares; it does not say which pools were left out on purpose."""
    every_pool: dict[str, set[str]] = defaultdict(set)
    for pin in roster.pins:
        if pin.pool is not None and pin.pool in roster.pools and not pin.previous:
            every_pool[pin.storage_tag].add(roster.pools[pin.pool].id)
    return Declared(
        set_name=roster.set_name,
        zone_id=roster.zone_id,
        network_id=roster.network_id,
        owner=roster.owner,
        pools=roster.pools,
        pins=roster.pins,
        every_pool={tag: frozenset(ids) for tag, ids in every_pool.items()},
        source=path,
        stack=path,
        storage_tags=tuple(sorted({pin.storage_tag for pin in roster.pins})),
    )


def _as_roster_pin(pin: Pin) -> RosterPin:
    return RosterPin(
        address=pin.address,
        template=pin.template.key,
        storage_tag=pin.storage_tag.name,
        pool=pin.pool.key if pin.pool else None,
        revision=pin.revision,
        template_id=pin.template.id,
        template_name=pin.template.name,
        size=pin.template.size,
        previous=pin.previous,
    )
