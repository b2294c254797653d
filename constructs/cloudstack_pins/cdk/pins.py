"""Pins in a stack: elements whose JSON is a fragment of the expansion, and the handles of their pins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from cloudstack_pins.addresses import INSTANCE_TYPE
from cloudstack_pins.cdk.engine import engine
from cloudstack_pins.cdk.stack_pins import needs_cdktf, pins_of
from cloudstack_pins.cdk.values import StorageTag, known_id
from cloudstack_pins.errors import DeclarationError
from cloudstack_pins.expansion import pin_fragment
from cloudstack_pins.model import DeclaredTemplate, Owner, Pin, PinSet, Template
from cloudstack_pins.overrides import apply_override

if TYPE_CHECKING:
    from constructs import Construct


class PinHandle:
    """One pin of a stack: where it is in Terraform, and a way to change its arguments."""

    def __init__(self, pin: Pin, body: dict[str, Any]) -> None:
        self.pin = pin
        self.overridden = False
        self._body = body

    @property
    def address(self) -> str:
        """The pin's Terraform address."""
        return self.pin.address

    @property
    def id(self) -> str:
        """A reference to the id of the pin's VM, for use in other resources and outputs."""
        return f"${{{self.pin.address}.id}}"

    @property
    def body(self) -> dict[str, Any]:
        """The pin's arguments with all overrides so far; not to be changed."""
        return self._body

    @property
    def needs_cdktf(self) -> bool:
        """Whether cdktf has to see the arguments: they may hold a reference that only cdktf can write out."""
        return self.overridden or needs_cdktf(self._body)

    def override(self, path: str, value: Any) -> None:
        """Set the argument at ``path``, as ``"details.cpu"``; None removes it; ``${...}`` is Terraform's.

        Raises ExpansionError for a path that does not exist and for arguments that make a pin a pin.
        """
        changed = deepcopy(self._body)
        apply_override(changed, path, value)
        self._body, self.overridden = changed, True


class PinElement(engine.TerraformElement):
    """Some pins of a stack as one element: the number of constructs does not grow with the number of pools."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002  (constructs name it so)
        *,
        pins: Sequence[Pin],
        bodies: Mapping[str, dict[str, Any]],
        formerly: Sequence[str] = (),
    ) -> None:
        """Add ``pins`` with their ``bodies``, by key, to the stack of ``scope``."""
        super().__init__(scope, id)
        self.handles = tuple(PinHandle(pin, bodies[pin.key]) for pin in pins)
        self.formerly = tuple(formerly)
        self.whole = True

    @property
    def pins(self) -> Mapping[tuple[str, str | None], PinHandle]:
        """The handles by storage tag and pool key; the pool is None for coverage "any-pool"."""
        return {
            (handle.pin.storage_tag.name, handle.pin.pool.key if handle.pin.pool else None): handle
            for handle in self.handles
        }

    def to_terraform(self) -> Any:
        """Return the fragment; cdktf calls this at synthesis.

        Not ``whole``: somebody else writes the pins that cdktf need not see, and they are left out.
        """
        bodies = {handle.pin.key: handle.body for handle in self.handles if self.whole or handle.needs_cdktf}
        return {"resource": {INSTANCE_TYPE: bodies}} if bodies else {}

    @property
    def is_plain(self) -> bool:
        """Whether it returns what is written here, and nothing that a subclass makes of it."""
        return type(self).to_terraform is PinElement.to_terraform

    def beside(self) -> dict[str, dict[str, Any]]:
        """Return the arguments, by key, of the pins that ``to_terraform`` leaves out when it is not ``whole``."""
        return {handle.pin.key: handle.body for handle in self.handles if not handle.needs_cdktf}


class PinnedTemplate(PinElement):
    """A template that stays on primary storage: one pin per storage tag and pool.

    Makes one ``cloudstack_instance`` for each, named ``<id>_<tag>_<pool>``. The stack needs one PinActivation, and a
    CloudStackProvider or the application's own provider "cloudstack".
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002  (constructs name it so)
        *,
        template_id: str,
        zone_id: str,
        network_id: str,
        storage_tags: Sequence[StorageTag],
        name: str | None = None,
        size: int | None = None,
        set_name: str | None = None,
        expunge: bool = True,
        formerly: Sequence[str] = (),
    ) -> None:
        """Pin a template.

        id: the template's key: part of Terraform addresses, value of the tag ``cloudstack-pins/template``
        template_id, zone_id, network_id: ids as CloudStack lists them (listTemplates, listZones, listNetworks); another
            one of them is another VM. An L2 network costs no address and no router
        storage_tags: where to keep it; one pin for each pool of each tag
        name: the template's name in CloudStack, for reports; default: the id
        size: the template's virtual size in bytes, for reports; default: unknown
        set_name: value of the tag ``cloudstack-pins/set``, one per stack; default: the stack's id
        expunge: whether destroyed pins are expunged at once (default); False for keys that may not expunge
        formerly: ids that this template had in the stack before: its pins are moved and not replaced

        Raises DeclarationError for values that cannot be, ExpansionError where two pins collide.
        """
        where = f"template {id!r}"
        if not storage_tags:
            raise DeclarationError(f"{where}: storage_tags is empty; give the tags on whose pools it is to stay")
        tags = [tag.model for tag in storage_tags]
        stack_pins = pins_of(scope)
        template = Template(key=id, id=known_id(template_id, f"{where}: template_id"), name=name or id, size=size)
        pin_set = PinSet(
            name=set_name or stack_pins.stack_id,
            zone_id=known_id(zone_id, f"{where}: zone_id"),
            network_id=known_id(network_id, f"{where}: network_id"),
            owner=Owner(),
            storage_tags={tag.name: tag for tag in tags},
            templates=(DeclaredTemplate(template=template, storage_tags=tuple(tag.name for tag in tags)),),
        )
        bodies = pin_fragment(pin_set.current, expunge=expunge)["resource"][INSTANCE_TYPE]
        super().__init__(scope, id, pins=pin_set.current, bodies=bodies, formerly=formerly)
        stack_pins.add(self)
