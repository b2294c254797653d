"""Reads what CloudStack holds of a set, in a number of lists that does not grow with other people's VMs.

One list of the set's tagged VMs, one more per pool with ``storageid`` (a VM has a pool only once its copy is there, so
presence proves protection), and the ROOT volumes of an owner only where those leave something open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from cloudstack_pins.activation.judge import GONE, PinKey, Root, Sighting, newest, of_set
from cloudstack_pins.cloudstack import Session, VirtualMachine, Volume
from cloudstack_pins.model import TAG_SET, Pool
from cloudstack_pins.roster import Roster

_SERIAL = re.compile(r"i-\d+-(\d+)-")

IDS_AT_ONCE = 100
"""CloudStack's server refuses a GET whose head is larger than 8 KiB, about 200 ids."""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """The VMs of a set: ``sightings`` all of them, ``chosen`` the one that counts per pin, ``sizes`` ROOT's bytes."""

    sightings: tuple[Sighting, ...]
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def chosen(self) -> dict[PinKey, Sighting]:
        """The VM that counts, per pin."""
        return newest(self.sightings)


def observe(session: Session, roster: Roster, *, with_volumes: bool = False) -> Observation:
    """Return the set's VMs and where their ROOT volumes are; ``with_volumes`` reads all sizes as well."""
    seen = _tagged(session, roster)
    roots: dict[str, Root] = {}
    for pool in pools_in_use(roster):
        for vm in session.virtual_machines(**_set_filter(roster), storageid=pool.id):
            roots[vm.id] = Root(state="Ready", pool_id=pool.id, pool_name=pool.name)
    seen = [replace(sighting, root=roots.get(sighting.vm_id)) for sighting in seen]
    unknown = seen if with_volumes else [sighting for sighting in seen if sighting.root is None]
    volumes = _root_volumes(session, unknown)
    return Observation(
        sightings=tuple(
            sighting if sighting.root is not None else replace(sighting, root=root_of(volumes.get(sighting.vm_id)))
            for sighting in seen
        ),
        sizes={vm_id: volume.size for vm_id, volume in volumes.items()},
    )


def pools_in_use(roster: Roster) -> list[Pool]:
    """Return the pools that pins of the roster are declared on."""
    used = {pin.pool for pin in roster.pins}
    return [pool for key, pool in sorted(roster.pools.items()) if key in used]


def look_again(session: Session, vm_ids: Iterable[str]) -> dict[str, Sighting]:
    """Return these VMs as they are now, a hundred a list and without their ROOT; one that is gone is left out."""
    ids = sorted(vm_ids)
    groups = [ids[first : first + IDS_AT_ONCE] for first in range(0, len(ids), IDS_AT_ONCE)]
    return {vm.id: sighting_of(vm) for group in groups for vm in session.virtual_machines(ids=group, listall=True)}


def look_at_root(session: Session, vm_id: str) -> Root | None:
    """Return a VM's ROOT volume as it is now."""
    volumes = session.volumes(virtualmachineid=vm_id, type="ROOT", listall=True)
    return root_of(max(volumes, key=lambda volume: volume.state == "Ready", default=None))


def sighting_of(vm: VirtualMachine) -> Sighting:
    """Return a VM as the judgement needs it."""
    serial = _SERIAL.match(vm.instance_name)
    return Sighting(
        vm_id=vm.id,
        state=vm.state,
        account=vm.account,
        domain_id=vm.domain_id,
        template_id=vm.template_id,
        created=vm.created,
        serial=int(serial[1]) if serial else 0,
        tags=vm.tags,
        host_id=vm.host_id,
        network_ids=tuple(nic.network_id for nic in vm.nics),
    )


def root_of(volume: Volume | None) -> Root | None:
    """Return a volume as the judgement needs it."""
    if volume is None:
        return None
    return Root(state=volume.state, pool_id=volume.pool_id, pool_name=volume.pool_name)


def _tagged(session: Session, roster: Roster) -> list[Sighting]:
    return of_set(roster, [sighting_of(vm) for vm in session.virtual_machines(**_set_filter(roster))])


def _set_filter(roster: Roster) -> dict[str, object]:
    return {"tags": {TAG_SET: roster.set_name}, "listall": True, "zoneid": roster.zone_id}


def _root_volumes(session: Session, sightings: Iterable[Sighting]) -> dict[str, Volume]:
    """Return ROOT volumes by VM id, read by owner: volumes have no filter by tag or by a list of VMs."""
    wanted = [sighting for sighting in sightings if sighting.state not in GONE]
    ids = {sighting.vm_id for sighting in wanted}
    found: dict[str, Volume] = {}
    for account, domain_id in sorted({(sighting.account, sighting.domain_id) for sighting in wanted}):
        for volume in session.volumes(account=account, domainid=domain_id, type="ROOT"):
            vm_id = volume.virtual_machine_id
            if vm_id in ids and vm_id is not None and (vm_id not in found or volume.state == "Ready"):
                found[vm_id] = volume
    return found
