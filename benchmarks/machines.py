"""Pins as Terraform leaves them before the activation, made through the API: faster, where Terraform isn't measured."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks.cloud import Cloud
from cloudstack_pins.cloudstack import Session
from cloudstack_pins.model import Pin

HANDS = 4


def deploy(cloud: Cloud, pins: Sequence[Pin]) -> None:
    """Create the VM of each pin as the provider does: not started, and tagged."""
    with ThreadPoolExecutor(HANDS) as hands:
        list(hands.map(lambda part: _deploy(cloud, part), (pins[number::HANDS] for number in range(HANDS))))


def _deploy(cloud: Cloud, pins: Sequence[Pin]) -> None:
    with cloud.session() as session:
        for pin in pins:
            _deploy_one(session, pin)


def _deploy_one(session: Session, pin: Pin) -> None:
    machine = session.run(
        "deployVirtualMachine",
        zoneid=pin.zone_id,
        templateid=pin.template.id,
        serviceofferingid=pin.storage_tag.service_offering_id,
        networkids=pin.network_id,
        displayname=pin.display_name,
        startvm=False,
    )["virtualmachine"]
    session.run("createTags", resourceids=machine["id"], resourcetype="UserVm", tags=pin.tags)
