"""Get OpenTofu for `make test-matrix` and print its path.

From PATH where there is one, else built from its Go module, pinned by toolchain/opentofu/go.mod and go.sum (about five
minutes of one core, once). It stays in the user's cache folder.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from toolchain.caches import cache_folder, locked
from toolchain.go_build import GoProgram, ToolchainError, build

VERSION = "1.10.6"
PROGRAM = GoProgram(
    title=f"OpenTofu {VERSION}",
    package="github.com/opentofu/opentofu/cmd/tofu",
    module=Path(__file__).parent / "opentofu",
    oldest_go="1.24.6",
    duration="about five minutes of one core",
    # Else it calls itself 1.10.6-dev, which no version constraint allows.
    linker_flags="-X github.com/opentofu/opentofu/version.dev=no",
)


def main() -> int:
    """Print the path; what takes time is told on stderr."""
    try:
        print(provide(cache_folder()))
    except ToolchainError as error:
        print(f"toolchain: {error}", file=sys.stderr)
        return 1
    return 0


def binary_in(cache: Path) -> Path:
    """Return where OpenTofu is in the cache, there or not."""
    return cache / "opentofu" / VERSION / "tofu"


def provide(cache: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the path of an OpenTofu: on PATH, in ``cache``, or built into it.

    Raises ToolchainError.
    """
    if found := shutil.which("tofu", path=environ.get("PATH", os.defpath)):
        return Path(found)
    binary = binary_in(cache)
    if not binary.is_file():
        with locked(cache / "opentofu.lock"):
            if not binary.is_file():
                _build(binary, environ)
    return binary


def _build(binary: Path, environ: Mapping[str, str]) -> None:
    binary.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=binary.parent) as folder:
        new = Path(folder) / binary.name
        build(PROGRAM, new, environ, missing="there is neither an OpenTofu on PATH nor a Go to build it with")
        new.chmod(0o755)
        new.replace(binary)


if __name__ == "__main__":
    sys.exit(main())
