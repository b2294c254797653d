"""Find the Pythons of this machine: on PATH, or under pyenv's versions."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path


def python(version: str, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return an interpreter of a version such as ``3.12``, None where there is none."""
    return next((path for path in _places(version, environ) if _is(path, version)), None)


def absent(version: str) -> str:
    """Say why there is none."""
    return f"there is no python{version} on PATH and no {version}.* under pyenv's versions"


def _places(version: str, environ: Mapping[str, str]) -> Iterator[Path]:
    if found := shutil.which(f"python{version}", path=environ.get("PATH", os.defpath)):
        yield Path(found)
    root = Path(environ.get("PYENV_ROOT") or Path(environ.get("HOME", "/")) / ".pyenv")
    yield from sorted((root / "versions").glob(f"{version}.*/bin/python"), reverse=True)


def _is(path: Path, version: str) -> bool:
    # A shim of pyenv is on PATH for every version that is installed, and fails for those that are not switched on.
    code = "import sys; print('{}.{}'.format(*sys.version_info))"
    try:
        ran = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return False
    return ran.returncode == 0 and ran.stdout.strip() == version
