"""The service offering of a storage tag: the one that is named, if it fits a pin, or the specification of a new one."""

from __future__ import annotations

from cloudstack_pins.declaration import StorageTagEntry
from cloudstack_pins.fields import listed, shown
from cloudstack_pins.model import OfferingSpec
from cloudstack_pins.resolution.findings import Findings
from cloudstack_pins.resolution.observed import Observed, SeenOffering


def choose_offering(entry: StorageTagEntry, observed: Observed, findings: Findings) -> SeenOffering | None:
    """Return the offering that a tag names; None where it names none, or with the reason among the findings."""
    if entry.service_offering is None:
        return None
    key, name = f"storage_tags.{entry.name}.service_offering", entry.service_offering
    found = [offering for offering in observed.offerings if offering.name == name]
    if not found:
        names = (offering.name for offering in observed.offerings)
        repair = "write its name as CloudStack has it, or drop the key and the stack makes one"
        findings.unknown(key, "service offering", name, names, repair)
        return None
    fitting = [offering for offering in found if offering.storage_tags and entry.name in offering.storage_tags]
    if len(found) > 1 and len(fitting) != 1:
        ids = ", ".join(offering.id for offering in found)
        findings.refuse(key, f"{len(found)} offerings are named {shown(name)} ({ids}); rename all but one")
        return None
    offering = fitting[0] if fitting else found[0]
    _judge(key, entry, offering, findings)
    return offering


def spec_for(entry: StorageTagEntry) -> OfferingSpec | None:
    """Return what the stack shall make, None where an offering is named."""
    return None if entry.service_offering is not None else OfferingSpec(storage_type=entry.storage_type)


def _judge(key: str, entry: StorageTagEntry, offering: SeenOffering, findings: Findings) -> None:
    name = shown(offering.name)
    if offering.storage_tags is None:
        findings.warn(
            key, f"this key cannot see the storage tags of {name}; that it bears {shown(entry.name)} is unchecked"
        )
    elif entry.name not in offering.storage_tags:
        findings.refuse(
            key,
            f"{name} has not the storage tag {shown(entry.name)}, its tags are {listed(sorted(offering.storage_tags))};"
            " pins would land on any pool; name an offering with the tag, or drop the key and the stack makes one",
        )
    if offering.offer_ha:
        findings.refuse(
            key,
            f"{name} offers HA, and HA restarts a pin that stops itself; name one without HA, or drop the key and the"
            " stack makes one",
        )
    if offering.customised:
        findings.warn(key, f"{name} is customised: CloudStack wants CPU and memory with each deploy; name a fixed one")
    _judge_size(key, offering, findings)


def _judge_size(key: str, offering: SeenOffering, findings: Findings) -> None:
    least = OfferingSpec()
    sizes = (
        (offering.cpu_number, least.cpu_number, "CPU"),
        (offering.cpu_speed, least.cpu_speed, "MHz"),
        (offering.memory, least.memory, "MiB"),
    )
    larger = [f"{has} {unit} for {needs}" for has, needs, unit in sizes if has > needs]
    if larger:
        findings.warn(
            key,
            f"{shown(offering.name)} is larger than a pin needs: {', '.join(larger)}; its starts need hosts with room",
        )
