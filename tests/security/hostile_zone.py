"""A zone whose every name is hostile, and a set in it."""

from __future__ import annotations

import json

from cloudstack_emulator import Emulator
from tests.security.hostile import DECLARED, PAYLOADS, named

NUMBERS = range(len(PAYLOADS))
TEMPLATES = [named(f"T{number}x", number) for number in NUMBERS]
UNPINNED = [named(f"U{number}x", number) for number in NUMBERS]
POOLS = [named(f"P{number}x", number) for number in NUMBERS]
TAGS = [named(f"S{number}x", number) for number in NUMBERS]
ORPHANS = [named(f"V{number}x", number) for number in NUMBERS]
ACCOUNT = named("A0x", 0)
GOLD, SILVER, NETWORK, OFFERING = (
    f"{mark}{payload}"
    for mark, payload in zip(("goldx", "silverx", "networkx", "offeringx"), DECLARED[:1] + DECLARED[4:7], strict=True)
)


def haunt(emulator: Emulator) -> str:
    """Rename everything, add what there is too little of, and return the pins.toml of a set: templates by their ids."""
    world = emulator.world
    for template, name in zip(world.templates.values(), UNPINNED, strict=False):
        template.name = name
    for name in (*TEMPLATES, *UNPINNED[len(world.templates) :]):
        emulator.register_template(name)
    cluster = next(iter(world.clusters.values())).name
    while len(world.pools) < len(POOLS):
        emulator.add_pool(f"more-{len(world.pools)}", cluster=cluster, tags=["silver"])
    with world.lock:
        for pool, name, tag in zip(world.pools.values(), POOLS, TAGS, strict=True):
            pool.name = name
            pool.tags = [*({"gold": GOLD}.get(known, SILVER) for known in pool.tags), tag]
        for host in world.hosts.values():
            host.name = PAYLOADS[0]
        for offering in world.service_offerings.values():
            tags = offering.disk_offering.storage_tags
            tags[:] = [{"gold": GOLD, "silver": SILVER}.get(known, known) for known in tags]
            offering.name = OFFERING if SILVER in tags else f"{len(tags)}{PAYLOADS[1]}"
        for account in world.accounts.values():
            account.name = ACCOUNT if account.name == "pins" else account.name
        ids = {template.name: template.id for template in world.templates.values()}
    return declaration([ids[name] for name in TEMPLATES])


def declaration(template_ids: list[str]) -> str:
    """Return a pins.toml: the first two templates on every pool of one tag, the others anywhere on another tag."""
    gold, silver, network, offering = map(json.dumps, (GOLD, SILVER, NETWORK, OFFERING))
    head = (
        f'zone = "Sandbox-simulator"\nnetwork = {network}\nowner = "system"\n[storage_tags.{gold}]\n'
        f'[storage_tags.{silver}]\nservice_offering = {offering}\ncoverage = "any-pool"\n'
    )
    return head + "".join(
        f'[templates.t{number}]\ntemplate_id = "{identity}"\nstorage_tags = [{gold if number < 2 else silver}]\n'
        for number, identity in enumerate(template_ids)
    )


def orphans(emulator: Emulator) -> None:
    """Make VMs with the set's tag, hostile in their names and in the values of their other tags."""
    world = emulator.world
    vm = next(vm for vm in world.vms.values() if vm.state == "Stopped")
    for name in ORPHANS:
        made = emulator.call(
            "deployVirtualMachine",
            emulator.pins,
            zoneid=vm.zone.id,
            templateid=vm.template.id,
            serviceofferingid=vm.service_offering.id,
            networkids=vm.nics[0].network.id,
            startvm=False,
        )["virtualmachine"]["id"]
        tags = {"cloudstack-pins/set": "sandbox", "cloudstack-pins/template": name, "cloudstack-pins/pool": name}
        emulator.call("createTags", emulator.pins, resourceids=made, resourcetype="UserVm", tags=tags)
        with world.lock:
            world.vms[made].name = world.vms[made].display_name = name
