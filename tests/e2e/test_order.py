"""The reading of the order of events finds a gap where there is one, so that its silence means something."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from cloudstack_emulator import Event
from tests.e2e.order import gaps


def events(*told: tuple[str, str, str]) -> Iterable[Event]:
    for at, (kind, machine, account) in enumerate(told):
        yield Event(kind=kind, at=at, vm_id=machine, template_name="debian", pool_name="PS0", account=account)


OLD = (("vm-starting", "old", "pins"), ("vm-stopped", "old", "pins"), ("vm-assigned", "old", "system"))
NEW = (("vm-starting", "new", "pins"), ("vm-stopped", "new", "pins"), ("vm-assigned", "new", "system"))
GONE = ("vm-destroyed", "old", "system")


@pytest.mark.parametrize(
    ("told", "found"),
    [
        pytest.param((*OLD, *NEW, GONE), 0, id="made before broken"),
        pytest.param((*OLD, GONE, *NEW), 1, id="broken before made"),
        pytest.param((*OLD, *NEW[:2], GONE, NEW[2]), 1, id="broken before handed over"),
        pytest.param((*OLD, NEW[0], GONE), 1, id="broken while the new one starts"),
        pytest.param((NEW[0], ("vm-destroyed", "new", "pins"), *OLD), 0, id="one that was never active"),
    ],
)
def test_a_pool_without_an_active_pin_is_found(told: tuple[tuple[str, str, str], ...], found: int) -> None:
    assert len(gaps(list(events(*told)), "debian", owner="system")) == found
