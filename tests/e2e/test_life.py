"""A set from its first apply to its end: what is declared is active, and nothing else stays."""

from __future__ import annotations

import pytest

from cloudstack_pins.status import sources
from tests.e2e.declared_set import DeclaredSet, template
from tests.e2e.site import Site

pytestmark = [pytest.mark.terraform, pytest.mark.live]


def states(pins: DeclaredSet, site: Site) -> set[str]:
    """What ``status`` says of the set's pins."""
    return {str(pin.state) for pin in sources.read(pins.folder).report(site.session).pins}


def test_a_first_apply_leaves_every_pin_active_and_the_next_plan_clean(site: Site) -> None:
    before = site.preference()
    offered = next(iter(site.storage_tags))
    templates = {"first": template(site.templates[0], *site.storage_tags)}
    if site.uefi_template:
        templates["uefi"] = template(site.uefi_template, offered)
    pins = site.new_set("life", templates)

    pins.apply().checked()

    assert pins.problems() == []
    assert states(pins, site) == {"active"}
    assert (site.preference(), site.lease_tags(pins)) == (before, {})
    pins.assert_clean()

    pins.terraform.destroy().checked()
    assert pins.machines() == []
    assert [one.name for one in site.session.service_offerings(listall=True) if site.run_id in one.name] == []
