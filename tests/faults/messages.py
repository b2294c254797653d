"""What a program has to say where it does not ride a fault out, and what nobody may ever say."""

from __future__ import annotations

import re

from tests.faults.cells import Cell
from tests.faults.scene import Scene

TERRAFORM = ("apply", "destroy")
LOCAL_EXEC = re.compile(r"^\S+ \(local-exec\): (.*)$", re.MULTILINE)
OURS = re.compile(r"^cloudstack-pins: ", re.MULTILINE)
GENERAL = re.compile(r"; repair the causes above and apply again|; [^;]* waits? for a second apply.*")
"""What an activation that failed says of any cause."""


def hold_told(cell: Cell, output: str) -> None:
    """Check that the program has said what happened and what to do."""
    if cell.moment.program in TERRAFORM and not OURS.search(_ours(cell, output)):
        # Neither the provider's words nor Terraform's are ours to mend; that there are any is all that is asked.
        assert "Error" in output or "nterrupt" in output, output
        return
    said = GENERAL.sub("", _ours(cell, output))
    assert OURS.search(said), f"it ended without a word\n{output}"
    said = " ".join(said.split())  # tables wrap
    assert re.search(cell.fault.words, said), f"what happened is not said\n{output}"
    assert re.search(cell.fault.repair, said), f"what to do is not said\n{output}"


def is_terraforms(cell: Cell, output: str) -> bool:
    """Whether what was said of the end is Terraform's or its provider's."""
    if cell.moment.program not in TERRAFORM:
        return False
    # Terraform ends at a signal of its own; whether it still passes on what the activation says of it is a race.
    return cell.fault.needs == "signal" or not OURS.search(_ours(cell, output))


def hold_no_secret(scene: Scene, cell: Cell, output: str) -> None:
    """Check that neither the output nor any file shows a key or a signature."""
    assert "Traceback" not in output, output
    assert "panic:" not in output, output
    texts = {"the output": _without_addresses(scene, output) if cell.moment.program in TERRAFORM else output}
    texts |= {
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


def _ours(cell: Cell, output: str) -> str:
    """The part of the output that `cloudstack-pins` has written."""
    return "\n".join(LOCAL_EXEC.findall(output)) if cell.moment.program in TERRAFORM else output


def _without_addresses(scene: Scene, output: str) -> str:
    """Drop the signed addresses that Terraform's provider shows in its errors; what `cloudstack-pins` said stays."""
    address = re.compile(re.escape(scene.door.endpoint) + r"\?\S*")
    return "\n".join(line if "(local-exec)" in line else address.sub("", line) for line in output.splitlines())
