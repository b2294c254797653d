"""What Terraform cannot see, and ``status`` says: the same bodies on the emulator and on a real CloudStack."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from cloudstack_pins.cloudstack import Session
from tests.e2e.declared_set import DeclaredSet, template
from tests.e2e.site import Site

pytestmark = [pytest.mark.terraform, pytest.mark.live]

Happening = Callable[[Session, str], object]


def start(session: Session, machine_id: str) -> object:
    return session.run("startVirtualMachine", id=machine_id)


def restore(session: Session, machine_id: str) -> object:
    return session.run("restoreVirtualMachine", virtualmachineid=machine_id)


def destroy(session: Session, machine_id: str) -> object:
    return session.run("destroyVirtualMachine", id=machine_id)


def recover(session: Session, machine_id: str) -> object:
    return session.write("recoverVirtualMachine", id=machine_id)


def retag(session: Session, machine_id: str) -> object:
    tag = {"cloudstack-pins/template": "first"}
    session.run("deleteTags", resourceids=[machine_id], resourcetype="UserVm", tags=tag)
    return session.run(
        "createTags", resourceids=[machine_id], resourcetype="UserVm", tags={"cloudstack-pins/template": "somebody"}
    )


def expunge(session: Session, machine_id: str) -> object:
    return session.run("destroyVirtualMachine", id=machine_id, expunge=True)


def status(pins: DeclaredSet, exit_code: int) -> set[str]:
    """The states that ``cloudstack-pins status`` gives the set's pins."""
    report = json.loads(pins.command("status", str(pins.folder), "--json", "-", exit_code=exit_code))
    return {pin["state"] for of_set in report["sets"] for pin in of_set["pins"]}


def test_what_happens_behind_terraforms_back_is_named_and_repaired(site: Site) -> None:
    tag = next(iter(site.storage_tags))
    declared = {"first": template(site.templates[0], tag)}
    pins = site.new_set("truth", declared, storage_tags={tag: site.storage_tags[tag]})
    pins.apply().checked()
    stack = str(pins.terraform.stack)
    assert status(pins, 0) == {"active"}

    happenings: list[tuple[Happening, str]] = [(start, "running"), (restore, "not activated")]
    for happen, state in happenings:
        happen(site.session, next(iter(pins.ids().values())))
        assert state in status(pins, 3)
        pins.assert_clean()
        pins.command("activate", stack)
        assert status(pins, 0) == {"active"}

    victim = next(iter(pins.ids().values()))
    destroy(site.session, victim)
    assert "destroyed" in status(pins, 3)
    recover(site.session, victim)
    assert status(pins, 0) == {"active"}

    expunge(site.session, victim)
    assert "missing" in status(pins, 3)
    pins.apply().checked()
    assert status(pins, 0) == {"active"}

    retag(site.session, next(iter(pins.ids().values())))
    assert "missing" in status(pins, 3)
    pins.apply().checked()
    assert status(pins, 0) == {"active"}
    assert pins.problems() == []
