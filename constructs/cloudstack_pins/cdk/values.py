"""What constructs are given: storage tags and owners. Values, checked at once; no cdktf here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, get_args

from cloudstack_pins import model
from cloudstack_pins.errors import DeclarationError
from cloudstack_pins.model import Coverage, OfferingSpec, Pool

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class StorageTag:
    """A storage tag, the service offering that carries it, and the pools that bear it.

    Usable in any number of PinnedTemplates of a stack.
    """

    def __init__(
        self,
        name: str,
        *,
        service_offering_id: str | None = None,
        coverage: Coverage = "every-pool",
        pools: Sequence[Pool] = (),
        cpu_number: int = 1,
        cpu_speed: int = 100,
        memory: int = 128,
        storage_type: Literal["shared", "local"] = "shared",
        formerly: Sequence[str] = (),
    ) -> None:
        """Describe a storage tag.

        name: the tag, as the pools and the offering have it; part of Terraform addresses
        service_offering_id: id of an offering with this storage tag; default: the stack makes one
        coverage: "every-pool" (default): one pin on each of ``pools``; "any-pool": one pin, CloudStack chooses
        pools: the pools that bear the tag; needed for "every-pool"
        cpu_number, cpu_speed (MHz), memory (MiB), storage_type: of the offering that the stack makes; default 1 x 100
            MHz, 128 MiB, "shared" ("local" for pools of scope HOST)
        formerly: names that this tag had in the stack before: its resources are moved and not replaced

        Raises DeclarationError.
        """
        where = f"storage tag {name!r}"
        if not name:
            raise DeclarationError("a storage tag needs a name; give the tag that the pools bear")
        if coverage not in get_args(Coverage):
            raise DeclarationError(f"{where}: coverage is {coverage!r}; allowed are {', '.join(get_args(Coverage))}")
        if coverage == "every-pool" and not pools:
            raise DeclarationError(f"{where}: coverage every-pool needs pools; give pools=[...] or coverage=any-pool")
        if service_offering_id is not None:
            known_id(service_offering_id, f"{where}: service_offering_id")
        for pool in pools:
            known_id(pool.id, f"{where}: pool {pool.name!r}: id")
        self.model = model.StorageTag(
            name=name,
            pools=tuple(sorted(pools, key=lambda pool: pool.key)),
            service_offering_id=service_offering_id,
            coverage=coverage,
            spec=OfferingSpec(cpu_number=cpu_number, cpu_speed=cpu_speed, memory=memory, storage_type=storage_type),
            formerly=tuple(formerly),
        )

    def __repr__(self) -> str:
        """Return the tag's name as one would write it."""
        return f"StorageTag({self.model.name!r})"


class PinOwner:
    """The account that owns active pins: ``PinOwner.caller()`` or ``PinOwner.account("system", domain_id=...)``."""

    def __init__(self, owner: model.Owner) -> None:
        self.model = owner

    @classmethod
    def caller(cls) -> PinOwner:
        """Leave the pins with the account of the API key; needs no further rights."""
        return cls(model.Owner())

    @classmethod
    def account(cls, name: str, *, domain_id: str) -> PinOwner:
        """Hand active pins over to an account, such as "system", of a domain; needs a root admin's key.

        Raises DeclarationError.
        """
        if not name:
            raise DeclarationError("a pin owner needs an account; give its name or use PinOwner.caller()")
        return cls(model.Owner(account=name, domain_id=known_id(domain_id, f"owner {name!r}: domain_id")))

    def __repr__(self) -> str:
        """Return the owner as one would write it."""
        return "PinOwner.caller()" if self.model.is_caller else f"PinOwner.account({self.model.account!r})"


def known_id(value: str, what: str) -> str:
    """Return a CloudStack id that is known at synthesis.

    A reference to another resource is not: a pin's revision is made of these ids. An upper-case UUID would be taken for
    a name by the provider.

    Raises DeclarationError.
    """
    if not _ID.fullmatch(value):
        raise DeclarationError(
            f"{what} is {value!r}; give the object's id as CloudStack lists it, a lower-case UUID, and no reference"
        )
    return value
