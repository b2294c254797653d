"""What a program has done where it did its work, whether through a fault or in the second run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cloudstack_pins.model import TAG_SET, Pin
from tests.faults.cells import Moment, Program
from tests.faults.scene import Scene

DONE = {"status": (0, 3), "review": (0, 4)}
"""Exit statuses of a program that did its work; 0 alone for the others."""


def is_done(moment: Moment, code: int) -> bool:
    """Whether an exit status says that the work was done."""
    return code in DONE.get(moment.program, (0,))


def hold_complete(scene: Scene, moment: Moment) -> None:
    """Check that the work of a moment's program is done indeed."""
    _COMPLETE[moment.program](scene)
    if moment.file and moment.program == "activate":
        _reported("json")(scene)


def is_of(row: dict[str, Any], pin: Pin) -> bool:
    """Whether a VM is this pin, of this revision."""
    tags = {tag["key"]: tag["value"] for tag in row.get("tags", ())}
    return all(tags.get(key) == value for key, value in pin.tags.items())


def protects(scene: Scene, row: dict[str, Any]) -> bool:
    """Whether a VM keeps a copy."""
    volumes = scene.emulator.call("listVolumes", virtualmachineid=row["id"], type="ROOT", listall=True)["volume"]
    return any(volume["state"] == "Ready" and volume.get("storageid") for volume in volumes)


def _pins_active(scene: Scene) -> None:
    for pin in scene.pins:
        (row,) = [row for row in scene.vms().values() if is_of(row, pin) and row["id"] in scene.known_to_terraform()]
        assert (row["state"], row["account"]) == ("Stopped", "system"), pin.key
        root = scene.stage.root(row["id"])
        assert pin.pool is not None
        assert (root["state"], root["storageid"]) == ("Ready", pin.pool.id), pin.key


def _earlier_pins_there(scene: Scene) -> None:
    _pins_active(scene)
    vms = scene.vms()
    for key, vm_id in scene.earlier.items():
        assert vms[vm_id]["state"] == "Stopped", key
        assert protects(scene, vms[vm_id]), key


def _rotated(scene: Scene) -> None:
    _pins_active(scene)
    left = set(scene.earlier.values()) & set(scene.vms())
    assert left == set(), "an old pin is left although its successor is active"


def _destroyed(scene: Scene) -> None:
    assert scene.known_to_terraform() == set()
    ours = [row for row in scene.vms().values() if any(tag["key"] == TAG_SET for tag in row.get("tags", ()))]
    assert ours == []


def _locked(scene: Scene) -> None:
    assert scene.lock_path.read_text(encoding="utf-8") == scene.resolved()
    assert scene.lock_path.read_bytes() != scene.before[scene.lock_path]


def _network_usable(scene: Scene) -> None:
    (network,) = [n for n in scene.emulator.call("listNetworks", listall=True)["network"] if n["name"] == "pins-l2"]
    rows = scene.emulator.call("listNetworkPermissions", networkid=network["id"])["networkpermission"]
    assert [row["account"] for row in rows] == ["pins"]


def _reported(*forms: str) -> Callable[[Scene], None]:
    def written(scene: Scene) -> None:
        for form in forms:
            assert scene.reports[form].read_bytes() != scene.before[scene.reports[form]], form

    return written


_COMPLETE: dict[Program, Callable[[Scene], None]] = {
    "lock": _locked,
    "bootstrap": _network_usable,
    "activate": _earlier_pins_there,
    "apply": _rotated,
    "destroy": _destroyed,
    "status": _reported("json", "html", "prom"),
    "review": _reported("json", "html", "md"),
}
