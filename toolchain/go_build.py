"""Build a program from a Go module that this repository pins, sums and all."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class ToolchainError(Exception):
    """A program cannot be had; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class GoProgram:
    """One program: its package, the folder of the go.mod that pins it, and what people call it."""

    title: str
    package: str
    module: Path
    oldest_go: str
    duration: str
    linker_flags: str = ""


def build(program: GoProgram, target: Path, environ: Mapping[str, str], *, missing: str, instead: str = "") -> None:
    """Build ``program`` into the file ``target``.

    ``missing`` says what a machine without Go lacks, ``instead`` what else than Go would do.

    Raises ToolchainError.
    """
    go = shutil.which("go", path=environ.get("PATH"))
    if go is None:
        raise ToolchainError(f"{missing}; install Go {program.oldest_go} or newer (https://go.dev/dl){instead}")
    print(f"toolchain: building {program.title} ({program.duration}, once)", file=sys.stderr)
    settings = {**environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}
    flags = f"-ldflags=-s -w {program.linker_flags}".rstrip()
    command = [go, "build", "-trimpath", flags, "-o", str(target), program.package]
    built = subprocess.run(command, cwd=program.module, env=settings, capture_output=True, text=True, check=False)
    if built.returncode != 0:
        raise ToolchainError(
            f"{program.title} could not be built: {built.stderr.strip()[-2000:]}\n"
            "check that the Go module proxy can be reached (`go env GOPROXY`), then run it again"
        )
