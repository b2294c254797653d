"""Rotation by two locks, played with every order of events on a model of Terraform without an activation."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudstack_pins import declaration
from cloudstack_pins.lock import Lock, LockedTag, LockedTemplate, Named
from cloudstack_pins.model import Owner, Pin, Pool, Template
from cloudstack_pins.pin_set import combine
from cloudstack_pins.resolution.activity import Activity, Identity
from cloudstack_pins.resolution.rotation import rotate, turns

# The same examples each time and no clock: a busy machine must not fail a build.
STEADY = settings(deadline=None, derandomize=True, max_examples=120, suppress_health_check=[HealthCheck.too_slow])

TOML = """
zone = "z"
network = "n"
[storage_tags.gold]
service_offering = "o"
[templates.debian]
storage_tags = ["gold"]
"""
POOL = Pool(id="p", name="PS0", key="PS0", cluster_id="c")


class World:
    """One pin's Terraform addresses and VMs; time passes by a day with each lock."""

    def __init__(self, addition: str) -> None:
        self.declared = declaration.parse(TOML + addition, Path("stacks/s/pins.toml"))
        self.registration = 0
        self.today = date(2026, 11, 1)
        self.machines: dict[str, Pin] = {}
        self.active: set[str] = set()
        self.lock = self._resolved()

    def _resolved(self) -> Lock:
        template = Template(key="debian", id=f"t{self.registration}", name="debian")
        return Lock(
            set_name="s",
            zone=Named(id="z", name="z"),
            network=Named(id="n", name="n"),
            owner=Owner(),
            storage_tags={"gold": LockedTag(key="gold", service_offering=Named(id="o", name="o"), pools=(POOL,))},
            templates={"debian": LockedTemplate(template=template)},
        )

    def _activity(self) -> Activity:
        def identity(pin: Pin) -> Identity:
            return ("debian", "gold", "PS0", pin.revision)

        ready = {identity(self.machines[address]): frozenset({"p"}) for address in sorted(self.active)}
        return Activity(existing=frozenset(identity(pin) for pin in self.machines.values()), ready=dict(ready))

    def do(self, action: str) -> None:
        if action == "register":
            self.registration += 1
        elif action == "revert":
            self.registration = max(0, self.registration - 1)
        elif action == "lock":
            self.today += timedelta(days=1)
            found = turns(self.declared, self._resolved(), self.lock)
            self.lock = rotate(self.declared, self._resolved(), self.lock, found, self._activity(), self.today)
        elif action == "activate":
            self.active = set(self.machines)
        else:
            self._apply()

    def _apply(self) -> None:
        wanted = {pin.address: pin for pin in combine(self.declared, self.lock).pins}
        for address, machine in list(self.machines.items()):
            if address not in wanted or wanted[address].revision != machine.revision:
                del self.machines[address]
                self.active.discard(address)
        self.machines.update(wanted)


@pytest.mark.parametrize(
    "addition",
    [
        pytest.param('[activation]\nmode = "run-task"\n', id="until active"),
        pytest.param('[rotation]\nkeep_previous = "2d"\n', id="a soak time"),
    ],
)
@STEADY
@given(actions=st.lists(st.sampled_from(["register", "revert", "lock", "lock", "apply", "activate"]), max_size=30))
def test_a_pin_that_was_active_once_is_never_missed(addition: str, actions: list[str]) -> None:
    world = World(addition)
    world.do("apply")
    world.do("activate")

    for action in actions:
        world.do(action)

        assert world.active, f"no active pin after {action}"
        addresses = [pin.address for pin in combine(world.declared, world.lock).pins]
        assert len(set(addresses)) == len(addresses) <= 2

    for action in ["lock", "apply", "activate", *["lock"] * 4, "apply"]:
        world.do(action)
    (machine,) = world.machines.values()
    assert machine.template.id == f"t{world.registration}", "in the end only the newest is left"
    assert world.lock.previous == ()
    assert replace(machine, side="a").address == "cloudstack_instance.debian_gold_PS0"
