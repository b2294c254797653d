"""What comes before a moment: an earlier apply whose pins protect, and a rotation to come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cloudstack_emulator import Emulator
from cloudstack_pins import declaration, pin_set
from cloudstack_pins.model import Pin
from tests.activation.stage import HastyTime, Stage
from tests.faults.cells import Moment, Program
from tests.faults.door import Door
from tests.faults.scene import Scene
from tests.terraform_cli import Terraform

DEBIAN = "Debian 12 (x86_64)"
TOML = f"""zone = "Sandbox-simulator"
network = "pins-l2"
owner = "system"

[storage_tags.gold]
service_offering = "pin-gold"

[templates.debian-12]
template = "{DEBIAN}"
storage_tags = ["gold"]
"""


@contextmanager
def set_up(moment: Moment, folder: Path, terraform_settings: Mapping[str, str]) -> Iterator[Scene]:
    """Play everything that comes before a moment."""
    with ExitStack() as stack:
        emulator = stack.enter_context(Emulator())
        door = stack.enter_context(Door(emulator.endpoint))
        terraform = Terraform(folder / "stack", {**terraform_settings, **emulator.environment()})
        scene = Scene(emulator, door, folder, terraform, Stage(emulator, HastyTime()), emulator.pins)
        stack.callback(scene.end_others)
        stack.callback(door.open)
        (folder / "sandbox").mkdir()
        (folder / "sandbox" / declaration.FILE_NAME).write_text(TOML, encoding="utf-8")
        _HISTORY[moment.program](scene)
        if moment.prefers and moment.program in ("activate", "status", "apply", "destroy"):
            scene.preferred = scene.stage.pools("ps3")[0].id
            scene.stage.prefer(scene.preferred)
        _note(scene)
        yield scene


def _note(scene: Scene) -> None:
    """Remember what the invariants compare with."""
    if any(path.parent.exists() for path in scene.reports.values()):
        for path in scene.reports.values():
            path.write_text("the report of before\n", encoding="utf-8")
    scene.before = {path: path.read_bytes() for path in sorted(scene.folder.rglob("*")) if _is_ours(path)}
    scene.begin, scene.sent = len(scene.emulator.trace), len(scene.emulator.requests)


def _is_ours(path: Path) -> bool:
    return path.is_file() and ".terraform" not in path.parts


def _before_bootstrap(scene: Scene) -> None:
    """Nothing but pins.toml is there."""


def _before_lock(scene: Scene) -> None:
    scene.stage.system_network()
    scene.write_lock()
    scene.emulator.register_template(DEBIAN)


def _rotation(scene: Scene) -> None:
    """An earlier apply is active, a newer registration is locked and deployed."""
    stage = scene.stage
    stage.system_network()
    scene.write_lock()
    first = pin_set.load(scene.set_folder)
    vms = stage.deploy(first)
    assert stage.activate(first).is_ok
    scene.earlier = {pin.key: vms[pin.address] for pin in first.pins}
    scene.emulator.register_template(DEBIAN)
    scene.write_lock()
    second = pin_set.load(scene.set_folder)
    scene.terraform.write(second)
    scene.made = {*vms.values(), *stage.deploy(second).values()}
    (scene.folder / "reports").mkdir()


def _applied(scene: Scene) -> None:
    scene.stage.system_network()
    scene.write_lock()
    scene.terraform.write(pin_set.load(scene.set_folder))
    scene.terraform.apply().checked()
    scene.earlier = {pin.key: vm for pin in scene.pins for vm in _vms_of(scene, pin)}


def _before_apply(scene: Scene) -> None:
    _applied(scene)
    scene.emulator.register_template(DEBIAN)
    scene.write_lock()
    scene.terraform.write(pin_set.load(scene.set_folder))


def _before_review(scene: Scene) -> None:
    (scene.folder / "reports").mkdir()


def _vms_of(scene: Scene, pin: Pin) -> list[str]:
    tags = set(pin.tags.items())
    return [
        vm_id
        for vm_id, row in scene.vms().items()
        if tags <= {(tag["key"], tag["value"]) for tag in row.get("tags", ())}
    ]


_HISTORY: dict[Program, Callable[[Scene], None]] = {
    "bootstrap": _before_bootstrap,
    "lock": _before_lock,
    "activate": _rotation,
    "status": _rotation,
    "review": _before_review,
    "apply": _before_apply,
    "destroy": _applied,
}
