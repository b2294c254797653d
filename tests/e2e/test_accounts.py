"""Several sets and activations of one account, and an account without rights."""

from __future__ import annotations

import pytest

from tests.e2e.declared_set import template
from tests.e2e.site import Site

pytestmark = [pytest.mark.terraform, pytest.mark.live]


def test_two_sets_on_one_network_are_activated_at_once_and_each_pin_is_on_its_pool(site: Site) -> None:
    before = site.preference()
    sets = [
        site.new_set(name, {"one": template(title, *site.storage_tags)})
        for name, title in zip(("left", "right"), site.templates, strict=False)
    ]
    for pins in sets:
        pins.terraform.init().checked()

    with (
        sets[0].terraform.start("apply", "-no-color", "-input=false", "-auto-approve") as left,
        sets[1].terraform.start("apply", "-no-color", "-input=false", "-auto-approve") as right,
    ):
        said = [process.communicate(timeout=site.command_seconds)[0] for process in (left, right)]

    assert (left.returncode, right.returncode) == (0, 0), "\n".join(said)
    for pins in sets:
        assert pins.problems() == []
        pins.assert_clean()
    assert (site.preference(), site.lease_tags(sets[0])) == (before, {})

    sets[0].terraform.destroy().checked()
    assert sets[0].machines() == []
    assert sets[1].problems() == []


def test_without_rights_pins_are_the_callers_and_cloudstack_chooses_the_pool(site: Site) -> None:
    tag, table = next(iter(site.storage_tags.items()))
    pins = site.callers_set("caller", {"first": template(site.templates[0], tag)}, tag, table)

    pins.apply().checked()

    assert pins.problems() == []
    assert [pin.key for pin in pins.pins] == [f"first_{tag}"]
    pins.assert_clean()
    pins.terraform.destroy().checked()
    assert pins.machines() == []
