"""What has to hold after every cell, whatever went wrong: one function after the fault, one after the second run."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cloudstack_pins.model import TAG_SET, Pin
from cloudstack_pins.status import data, sources
from cloudstack_pins.status.report import Report
from tests.faults.cells import Cell, Program
from tests.faults.scene import Scene

DONE = {"status": (0, 3), "review": (0, 4)}
"""Exit statuses of a program that did its work; 0 alone for the others."""

REPAIR = re.compile(
    r"again|apply|check |look the command up|use the key|make the folder|wait|raise|the next run|continues|"
    r"cloudstack-pins |cmk "
)
OURS = re.compile(r"^(?:.*\(local-exec\): )?cloudstack-pins: (.*)$", re.MULTILINE)
UNTOLD = ("sigkill",)
"""Nobody who is killed says anything."""


def is_done(cell: Cell, code: int) -> bool:
    """Whether an exit status says that the work was done."""
    return code in DONE.get(cell.moment.program, (0,))


def hold_after_fault(scene: Scene, cell: Cell, code: int, output: str) -> None:
    """Check what the fault has left, once it is over and before anything runs again."""
    _told(cell, code, output)
    _no_secret(scene, output)
    _nothing_unknown(scene)
    _nothing_lost(scene, cell)
    _nothing_twice(scene, cell)
    _files_whole(scene, cell)
    if not _is_given_back(scene):
        # What is out of reach cannot be put back: then it is said, and the lease is there for the next run to see.
        assert cell.fault.key in UNTOLD or not is_done(cell, code), "the preference is not put back, and nobody says so"
        assert "cloudstack-pins/activation" in scene.stage.network_tags(), "nothing leads the next run to put it back"


def hold_at_end(scene: Scene, cell: Cell, code: int, output: str) -> None:
    """Check that the second run has completed what the first began, and that nothing of the fault is left."""
    assert is_done(cell, code), f"the second run: exit {code}\n{output}"
    _no_secret(scene, output)
    _nothing_unknown(scene)
    _nothing_lost(scene, cell)
    _nothing_twice(scene, cell)
    _files_whole(scene, cell)
    assert _is_given_back(scene)
    if cell.moment.program in ("activate", "apply", "destroy"):
        assert scene.stage.network_tags() == {}
    _COMPLETE[cell.moment.program](scene)


# One promise each


def _told(cell: Cell, code: int, output: str) -> None:
    assert "Traceback" not in output, output
    assert "panic:" not in output, output
    if is_done(cell, code) or cell.fault.key in UNTOLD:
        return
    said = "\n".join(OURS.findall(output))
    if cell.moment.program in ("apply", "destroy") and not said:
        # The provider's own errors, in its own words; ours come only from the activation.
        assert "Error" in output or "nterrupt" in output, output
        return
    assert said, f"exit {code} without a word\n{output}"
    assert re.search(cell.fault.words, output), f"what happened is not said\n{output}"
    assert REPAIR.search(said), f"what to do is not said\n{output}"


def _no_secret(scene: Scene, output: str) -> None:
    ours = "\n".join(line for line in output.splitlines() if "signature=" not in line or "cloudstack-pins" in line)
    texts = {"the output": ours} | {
        str(path): path.read_text(encoding="utf-8", errors="replace")
        for path in scene.folder.rglob("*")
        if path.is_file() and ".terraform" not in path.parts
    }
    for keys in {scene.emulator.pins, scene.keys}:
        assert keys.secret_key not in output
        for where, text in texts.items():
            assert keys.secret_key not in text, where
            assert keys.api_key not in text, where
            assert "signature=" not in text, where


def _nothing_unknown(scene: Scene) -> None:
    there = set(scene.vms())
    known = scene.known_to_terraform()
    if there - known:
        known |= {vm_id for vm_id in there if vm_id in _status(scene)}
    assert there <= known, f"neither Terraform nor status knows {there - known}"


def _nothing_lost(scene: Scene, cell: Cell) -> None:
    """A pin of the earlier apply protects still, or its successor does."""
    vms = scene.vms()
    for pin in scene.pins if scene.earlier and scene.lock_path.exists() else ():
        old = vms.get(scene.earlier[pin.key])
        if cell.moment.program == "destroy" or (old is not None and _protects(scene, old)):
            continue
        heirs = [row for row in vms.values() if _is(row, pin) and _protects(scene, row)]
        assert heirs, f"{pin.key}: the pin of the earlier apply is lost, and nothing took its place"


def _nothing_twice(scene: Scene, cell: Cell) -> None:
    """No VM is started or handed over twice, and no network made twice."""
    since = scene.emulator.trace[scene.begin :]
    for kind in ("vm-started", "vm-assigned"):
        if kind == "vm-started" and cell.fault.key == "maintenance":
            continue  # the end of the maintenance starts what it had stopped
        counted = Counter(event.vm_id for event in since if event.kind == kind)
        assert all(times == 1 for times in counted.values()), f"{kind}: {counted}"
    networks = scene.emulator.call("listNetworks", listall=True)["network"]
    assert sum(network["name"] == "pins-l2" for network in networks) <= 1


def _files_whole(scene: Scene, cell: Cell) -> None:
    left = [path for path in scene.folder.rglob("*.new") if path.is_file()]
    assert left == [] or cell.fault.key in UNTOLD, f"temporary files are left: {left}"
    paths = [scene.lock_path, *scene.reports.values()]
    for path in paths:
        before = scene.before.get(path)
        now = path.read_bytes() if path.exists() else None
        if now == before or now is None:
            assert now == before, f"{path} is gone"
            continue
        assert _is_whole(path, now.decode()), f"{path} is half a file"
    assert (scene.set_folder / "pins.toml").read_bytes() == scene.before[scene.set_folder / "pins.toml"]


def _is_whole(path: Path, text: str) -> bool:
    if path.suffix == ".json":
        json.loads(text)
    return text.rstrip().endswith("</html>") if path.suffix == ".html" else text.endswith("\n")


def _is_given_back(scene: Scene) -> bool:
    return scene.stage.preference() == scene.preferred


# Looking


def _status(scene: Scene) -> str:
    """What status says of the set, in all its words."""
    with scene.session() as session:
        found = sources.read(scene.set_folder).report(session)
    return data.text(Report(at=datetime.now(UTC), sets=(found,)))


def _is(row: dict[str, Any], pin: Pin) -> bool:
    tags = {tag["key"]: tag["value"] for tag in row.get("tags", ())}
    return all(tags.get(key) == value for key, value in pin.tags.items())


def _protects(scene: Scene, row: dict[str, Any]) -> bool:
    volumes = scene.emulator.call("listVolumes", virtualmachineid=row["id"], type="ROOT", listall=True)["volume"]
    return any(volume["state"] == "Ready" and volume.get("storageid") for volume in volumes)


def _pins_active(scene: Scene) -> None:
    for pin in scene.pins:
        (row,) = [row for row in scene.vms().values() if _is(row, pin) and row["id"] in scene.known_to_terraform()]
        assert (row["state"], row["account"]) == ("Stopped", "system"), pin.key
        root = scene.stage.root(row["id"])
        assert pin.pool is not None
        assert (root["state"], root["storageid"]) == ("Ready", pin.pool.id), pin.key


def _earlier_pins_there(scene: Scene) -> None:
    _pins_active(scene)
    vms = scene.vms()
    for key, vm_id in scene.earlier.items():
        assert vms[vm_id]["state"] == "Stopped", key
        assert _protects(scene, vms[vm_id]), key


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
