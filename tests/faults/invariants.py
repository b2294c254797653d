"""What has to hold after every cell, whatever went wrong: one function after the fault, one after the second run."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from cloudstack_pins.status import data, sources
from cloudstack_pins.status.report import Report
from tests.faults.cells import LOST, MAY_LOSE, Cell
from tests.faults.completeness import hold_complete, is_done, is_of, protects
from tests.faults.messages import TERRAFORM, hold_no_secret, hold_told
from tests.faults.scene import Scene

UNTOLD = ("sigkill", "orphan")
"""Nobody who is killed says anything."""
LEASE = "cloudstack-pins/activation"
ONCE = ("vm-started", "vm-stopped", "vm-assigned", "vm-restored", "vm-destroyed", "vm-expunged")
WRITES = ("createNetwork", "createNetworkPermissions", "createTags")
UNHEARD = ("429", "502", "503")
"""What is answered so was not run."""


def hold_after_fault(scene: Scene, cell: Cell, code: int, output: str) -> None:
    """Check what the fault has left, once it is over and before anything runs again."""
    done = is_done(cell.moment, code)
    if not done and cell.fault.key not in UNTOLD:
        hold_told(cell, output)
    _hold_always(scene, cell, output)
    _given_back_or_said(scene, cell, done, output)
    if cell.fault.needs == "file":
        assert not done, "a file that cannot be written was written"
        assert _files(scene) == {path: scene.before.get(path) for path in _paths(scene)}, "a file has changed"
    if done:
        hold_complete(scene, cell.moment)


def hold_at_end(scene: Scene, cell: Cell, code: int, output: str) -> None:
    """Check that the second run has completed what the first began, and that nothing of the fault is left."""
    assert is_done(cell.moment, code), f"the second run: exit {code}\n{output}"
    _hold_always(scene, cell, output)
    assert _is_given_back(scene)
    if cell.moment.program in ("activate", *TERRAFORM):
        assert scene.stage.network_tags() == {}
    _strays_have_a_repair(scene, cell)
    hold_complete(scene, cell.moment)


def _hold_always(scene: Scene, cell: Cell, output: str) -> None:
    hold_no_secret(scene, cell, output)
    _nothing_unknown(scene, cell)
    _nothing_lost(scene, cell)
    _nothing_twice(scene, cell)
    _files_whole(scene, cell)


# One promise each


def _given_back_or_said(scene: Scene, cell: Cell, done: bool, output: str) -> None:
    """The preference is what it was; where CloudStack is out of reach that is said, and the lease leads back to it."""
    killed = cell.fault.key == "sigkill" and cell.moment.program == "activate"
    if cell.fault.needs in ("signal", "orphan") and not killed:
        # Also where Terraform got the signal: its activation, orphan or not, puts back what it has moved.
        assert _is_given_back(scene), "an interrupted activation has not put the preference back"
        assert scene.stage.network_tags() == {}, "an interrupted activation has not given its lease back"
    if _is_given_back(scene):
        return
    if not killed:
        assert _is_out_of_reach(cell), "the preference could have been put back"
        assert not done, "the preference is not put back, and the exit status says that all is well"
        assert "could not be put back" in output, "the preference is not put back, and nobody says so"
    assert LEASE in scene.stage.network_tags(), "nothing leads the next run to put it back"


def _is_out_of_reach(cell: Cell) -> bool:
    """Whether the fault lasts until the program gives up, or outlasts its tries to put the preference back."""
    lasting = cell.fault.key in ("clock", "key")
    return lasting or (cell.fault.key in ("refused", "502") and cell.moment.key in ("put-back", "take-back"))


def _strays(scene: Scene) -> set[str]:
    """The VMs that Terraform's state does not know."""
    return set(scene.vms()) - scene.known_to_terraform()


def _nothing_unknown(scene: Scene, cell: Cell) -> None:
    strays = _strays(scene)
    assert not strays or cell.key in MAY_LOSE, f"a pin was made twice: {strays}"
    unknown = {vm_id for vm_id in strays if vm_id not in _status(scene)}
    assert unknown == set(), f"neither Terraform nor status knows {unknown}"


def _strays_have_a_repair(scene: Scene, cell: Cell) -> None:
    strays = _strays(scene)
    assert strays or cell.key not in LOST, "the provider has lost no VM; the page need not say so"
    repairs = [finding["repair"] for finding in json.loads(_status(scene))["sets"][0]["findings"]] if strays else []
    assert all(vm_id in str(repairs) for vm_id in strays), f"status does not say what to do with {strays}"


def _nothing_lost(scene: Scene, cell: Cell) -> None:
    """A pin of the earlier apply protects still, or its successor does."""
    vms = scene.vms()
    for pin in scene.pins if scene.earlier and scene.lock_path.exists() else ():
        old = vms.get(scene.earlier[pin.key])
        if cell.moment.program == "destroy" or (old is not None and protects(scene, old)):
            continue
        heirs = [row for row in vms.values() if is_of(row, pin) and protects(scene, row)]
        assert heirs, f"{pin.key}: the pin of the earlier apply is lost, and nothing took its place"


def _nothing_twice(scene: Scene, cell: Cell) -> None:
    """Nothing is done twice to a VM, and nothing made or allowed twice."""
    since = scene.emulator.trace[scene.begin :]
    for kind in ONCE:
        if cell.fault.key == "maintenance" and kind in ("vm-started", "vm-stopped", "vm-restored"):
            continue  # what misses the pool is restored and started again, and the maintenance itself stops and starts
        counted = Counter(event.vm_id for event in since if event.kind == kind)
        assert all(times == 1 for times in counted.values()), f"{kind}: {counted}"
    networks = scene.emulator.call("listNetworks", listall=True)["network"]
    assert sum(network["name"] == "pins-l2" for network in networks) <= 1
    writes = Counter(
        (request.command, *sorted((name, value) for name, value in request.params.items() if name != "customjobid"))
        for request in scene.emulator.requests[scene.sent :]
        if request.command in WRITES
    )
    undone = cell.fault.key in UNHEARD or (cell.fault.key == "restart" and cell.moment.job)  # its job was lost
    hit = cell.moment.points[-1].command if undone else ""
    assert all(times == 1 or (times == 2 and write[0] == hit) for write, times in writes.items()), writes


def _files_whole(scene: Scene, cell: Cell) -> None:
    left = [path for path in scene.folder.rglob("*.new") if path.is_file()]
    assert left == [] or cell.fault.key in UNTOLD, f"temporary files are left: {left}"
    for path, now in _files(scene).items():
        before = scene.before.get(path)
        if now == before or now is None:
            assert now == before, f"{path} is gone"
            continue
        assert _is_whole(path, now.decode()), f"{path} is half a file"
    assert (scene.set_folder / "pins.toml").read_bytes() == scene.before[scene.set_folder / "pins.toml"]


def _paths(scene: Scene) -> list[Path]:
    return [scene.lock_path, *scene.reports.values()]


def _files(scene: Scene) -> dict[Path, bytes | None]:
    return {path: path.read_bytes() if path.exists() else None for path in _paths(scene)}


def _is_whole(path: Path, text: str) -> bool:
    if path.suffix == ".json":
        json.loads(text)
    return text.rstrip().endswith("</html>") if path.suffix == ".html" else text.endswith("\n")


def _is_given_back(scene: Scene) -> bool:
    return scene.stage.preference() == scene.preferred


def _status(scene: Scene) -> str:
    """What status says of the set, in all its words."""
    with scene.session() as session:
        found = sources.read(scene.set_folder).report(session)
    return data.text(Report(at=datetime.now(UTC), sets=(found,)))
