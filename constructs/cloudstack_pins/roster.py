"""What a synthesised stack or a plan says about its pins, for those that work without pins.toml.

Every stack carries one output, ``roster``, with what the five tags of a VM do not say: where the pools are, who owns
the pins, how they are activated. The pins themselves are the stack's ``cloudstack_instance`` resources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cloudstack_pins.model import Activation, Owner, Pool


@dataclass(frozen=True, kw_only=True)
class RosterPin:
    """One pin as its Terraform resource says: its address, its tags' values and what it is made of.

    ``pool`` is the pool's key, None for coverage "any-pool". ``size`` is the template's size in bytes, None if unknown.
    """

    address: str
    template: str
    storage_tag: str
    pool: str | None
    revision: str
    template_id: str
    template_name: str
    size: int | None = None
    previous: bool = False

    @property
    def key(self) -> tuple[str, str, str | None, str]:
        """What tells two pins of one set apart: template, storage tag, pool, revision."""
        return (self.template, self.storage_tag, self.pool, self.revision)


@dataclass(frozen=True, kw_only=True)
class Roster:
    """The pins of one stack and all that activation, status and the run task need to know about them."""

    set_name: str
    zone_id: str
    network_id: str
    owner: Owner
    activation: Activation
    pools: Mapping[str, Pool]
    pins: tuple[RosterPin, ...]
