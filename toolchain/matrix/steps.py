"""What a cell does: tests against the wheel, the examples of the README, a set's life with Terraform or OpenTofu."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from pathlib import Path

from toolchain.matrix.room import CellFailed, Room

TESTS = (
    "tests/declaration",
    "tests/lock",
    "tests/expansion",
    "tests/cdk/test_constructs.py",
    "tests/cdk/test_engine.py",
    "tests/cdk/test_writing.py",
    "tests/cloudstack",
    "tests/review",
    "tests/activation/test_activation.py",
    "tests/activation/test_command.py",
    "tests/activation/test_judge.py",
    "tests/run_task/test_service.py",
    "tests/status/test_command.py",
    "tests/test_cli.py",
)
LEFT_OUT = ("tests/review/test_page.py", "tests/review/test_examples.py")
"""The browser sees nothing of Python's version, nor do the pipelines of the examples."""

FROM_FOLDER = """
from {engine} import App

from cloudstack_pins import PinSetStack

app = App()
PinSetStack(app, "sandbox", folder="stacks/sandbox")
app.synth()
"""


def imported_from_wheel(room: Room) -> None:
    """Make sure that what is imported is what was installed.

    Raises CellFailed.
    """
    printed = room.python("import", "-c", "import cloudstack_pins as p, cloudstack_emulator as e; print(p, e)")
    if printed.count(str(room.bin.parent)) != 2:
        raise CellFailed(f"import: not from the wheel, but {printed.strip()}")


def tests(room: Room) -> str:
    """Run the tests that say most in little time; how many there were.

    Raises CellFailed.
    """
    printed = room.python(
        "tests",
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "pythonpath=.", "-m", "not terraform"),
        # Other people's deprecations: their oldest versions on new Pythons have them.
        *("-W", "default::DeprecationWarning", "-W", "default::PendingDeprecationWarning"),
        *(f"--ignore={name}" for name in LEFT_OUT),
        *TESTS,
        settings={"HYPOTHESIS_PROFILE": "brief"},
    )
    found = re.search(r"(\d+) passed", printed)
    return f"{found.group(1) if found else 'no'} tests"


def stacks(room: Room) -> str:
    """Synthesise both examples of the README in a folder without anything else; a digest of what came out.

    Raises CellFailed.
    """
    engine = room.cell.engine
    readme = (room.source / "README.md").read_text(encoding="utf-8")
    [program] = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    with tempfile.TemporaryDirectory(prefix="cloudstack-pins-matrix-") as name:
        folder = Path(name)
        shutil.copytree(room.source / "stacks", folder / "stacks")
        digest = hashlib.sha256()
        for step, stack, code in (
            ("stack of pins.toml", "sandbox", FROM_FOLDER.format(engine=engine)),
            ("stack from Python", "pins", program.replace("from cdktf ", f"from {engine} ")),
        ):
            path = folder / f"{stack}.py"
            path.write_text(code, encoding="utf-8")
            room.run(step, str(room.bin / "python"), "-P", str(path), cwd=folder, settings={})
            digest.update(_without_version(folder / "cdktf.out" / "stacks" / stack / "cdk.tf.json"))
    return digest.hexdigest()


def life(room: Room, program: Path, configuration: Path) -> str:
    """Take the README's first set through its life on the emulator; the last thing that was said.

    Raises CellFailed.
    """
    readme = (room.source / "README.md").read_text(encoding="utf-8")
    declaration = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)[0]
    with tempfile.TemporaryDirectory(prefix="cloudstack-pins-matrix-") as name:
        folder = Path(name)
        (folder / "stacks" / "sandbox").mkdir(parents=True)
        (folder / "stacks" / "sandbox" / "pins.toml").write_text(declaration, encoding="utf-8")
        (folder / "synth.py").write_text(FROM_FOLDER.format(engine=room.cell.engine), encoding="utf-8")
        printed = room.run(
            "life",
            *(str(room.bin / "python"), "-P", str(Path(__file__).with_name("life.py")), str(program)),
            cwd=folder,
            settings={"TF_CLI_CONFIG_FILE": str(configuration), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"},
        )
    return printed.strip().splitlines()[-1]


def _without_version(path: Path) -> bytes:
    """The stack as bytes, without what the engine says of itself."""
    document = json.loads(path.read_text(encoding="utf-8"))
    document.pop("//", None)
    return json.dumps(document, sort_keys=True).encode()
