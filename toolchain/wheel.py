"""Build the wheel from a copy of the sources, so that nothing of an earlier build gets into it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from toolchain.go_build import ToolchainError

ROOT = Path(__file__).resolve().parent.parent
_SOURCES = ("pyproject.toml", "README.md", "constructs")
_NO_SOURCES = shutil.ignore_patterns("__pycache__", "*.egg-info")


def build_wheel(folder: Path) -> Path:
    """Write the wheel into ``folder`` and return its path; nothing is downloaded.

    Raises ToolchainError.
    """
    with tempfile.TemporaryDirectory(prefix="cloudstack-pins-wheel-") as name:
        for source in _SOURCES:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, Path(name) / source, ignore=_NO_SOURCES)
            else:
                shutil.copy(ROOT / source, name)
        command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
        ran = subprocess.run(
            [*command, "--wheel-dir", str(folder), name], capture_output=True, text=True, check=False, timeout=600
        )
    if ran.returncode != 0:
        raise ToolchainError(f"the wheel could not be built: {ran.stderr.strip()[-2000:]}")
    [wheel] = folder.glob("cloudstack_pins-*.whl")
    return wheel
