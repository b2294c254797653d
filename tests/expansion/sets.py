"""Pin sets for the tests of what becomes of them."""

from __future__ import annotations

from dataclasses import replace

from cloudstack_pins.model import Activation, DeclaredTemplate, Owner, Pin, PinSet, Pool, StorageTag, Template


def an_id(number: int) -> str:
    """Return a CloudStack id, another one for each number."""
    return f"{number:08x}-1111-4222-8333-444455556666"


PS0 = Pool(id=an_id(1), name="PS0", key="PS0", cluster_id=an_id(11))
PS1 = Pool(id=an_id(2), name="PS1", key="PS1", cluster_id=an_id(11))
PS2 = Pool(id=an_id(3), name="PS2", key="PS2", cluster_id=an_id(12))
LOCAL = Pool(
    id=an_id(4), name="host-1-local", key="host-1-local", cluster_id=an_id(12), scope="HOST", host_id=an_id(21)
)
ZONEWIDE = Pool(id=an_id(5), name="PS4 ${zone}", key="PS4", scope="ZONE")

GOLD = StorageTag(name="gold", pools=(PS0, PS1), service_offering_id=an_id(31))
SILVER = StorageTag(name="silver", pools=(PS2,))
ANY = StorageTag(name="any", coverage="any-pool", service_offering_id=an_id(32))

DEBIAN = Template(key="debian-12", id=an_id(41), name="Debian 12 (x86_64)", size=2 * 2**30, hypervisor="KVM")
UBUNTU = Template(key="ubuntu", id=an_id(42), name='Ubuntu "24.04" ${x} %{y}', size=3 * 2**30)


def declared(template: Template, *tags: str, formerly: tuple[str, ...] = ()) -> DeclaredTemplate:
    """Return a template as the declaration has it."""
    return DeclaredTemplate(template=template, storage_tags=tags, formerly=formerly)


def a_set(
    *templates: DeclaredTemplate,
    tags: tuple[StorageTag, ...] = (GOLD, SILVER, ANY),
    owner: Owner | None = None,
    activation: Activation | None = None,
    enabled: bool = True,
    previous: tuple[Pin, ...] = (),
    sides: frozenset[str] = frozenset(),
) -> PinSet:
    """Return the set "sandbox"; without templates it has two, on all of its tags."""
    return PinSet(
        name="sandbox",
        zone_id=an_id(91),
        network_id=an_id(92),
        owner=owner or Owner(account="system", domain_id=an_id(93)),
        storage_tags={tag.name: tag for tag in tags},
        templates=templates or (declared(DEBIAN, "gold", "silver"), declared(UBUNTU, "gold", "any")),
        activation=activation or Activation(),
        enabled=enabled,
        previous=previous,
        sides=sides,
    )


def kept(pin: Pin, *, template: Template) -> Pin:
    """Return the earlier revision of a pin, as a rotation by two locks keeps it on the other side."""
    return replace(pin, template=template, side="b" if pin.side == "a" else "a", previous=True)
