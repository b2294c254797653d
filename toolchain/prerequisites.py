"""Name what this machine lacks to set the project up, and what to do about it; silent when nothing is missing.

Runs before anything is installed, on whatever Python there is, so it keeps to syntax that older ones read.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping

OLDEST_PYTHON = (3, 11)
NODES = (20, 22)
OLDEST_TERRAFORM = (1, 5)
OLDEST_GO = (1, 23)


def missing(
    python: tuple[int, ...], environ: Mapping[str, str], registry_answers: Callable[[], bool], provider_there: bool
) -> list[str]:
    """Return what is missing or unfit, in words; ``registry_answers`` is asked only where Go is missing."""
    path = environ.get("PATH", os.defpath)
    found = [_python(python), _node(path), _npm(path), _terraform(path), _make(path)]
    if not provider_there:
        found.append(_go(path, registry_answers))
    return [problem for problem in found if problem]


def _python(version: tuple[int, ...]) -> str:
    if tuple(version[:2]) < OLDEST_PYTHON:
        return "Python is {}.{}; install 3.11 or newer and run `make setup PYTHON=python3.11`".format(*version[:2])
    return ""


def _node(path: str) -> str:
    version = _version(["node", "--version"], r"v(\d+)\.(\d+)", path)
    if version is None:
        return "Node is missing; install Node 22 or 20 (https://nodejs.org/en/download), cdktf runs in it"
    if version[0] not in NODES:
        return f"Node is {version[0]}.{version[1]}; the cdktf command runs on Node 20 and 22, install one of them"
    return ""


def _npm(path: str) -> str:
    if shutil.which("npm", path=path) is None:
        return "npm is missing; it comes with Node (https://nodejs.org/en/download), or install your system's npm"
    return ""


def _terraform(path: str) -> str:
    version = _version(["terraform", "version", "-json"], None, path)
    if version is None:
        return "Terraform is missing; install 1.5 or newer (https://developer.hashicorp.com/terraform/install)"
    if version < OLDEST_TERRAFORM:
        return "Terraform is {}.{}; install 1.5 or newer, pins use what came with it".format(*version)
    return ""


def _make(path: str) -> str:
    if shutil.which("make", path=path) is None:
        return "make is missing; install GNU make with your system's package manager"
    return ""


def _go(path: str, registry_answers: Callable[[], bool]) -> str:
    version = _version(["go", "version"], r"go(\d+)\.(\d+)", path)
    if version is not None and version >= OLDEST_GO:
        return ""
    if registry_answers():
        return ""
    state = "missing" if version is None else "{}.{}".format(*version)
    return (
        f"Go is {state} and the Terraform registry cannot be reached, so the provider can be neither downloaded nor "
        "built; install Go 1.23 or newer (https://go.dev/dl) or allow access to registry.terraform.io"
    )


def _version(command: list[str], pattern: str | None, path: str) -> tuple[int, int] | None:
    """Return (major, minor) of a program, None where it is missing or says nothing of the kind."""
    program = shutil.which(command[0], path=path)
    if program is None:
        return None
    try:
        said = subprocess.run(
            [program] + command[1:],  # noqa: RUF005  (older Pythons get as far as here)
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=False,
        ).stdout.decode("utf-8", "replace")
        if pattern is None:
            said, pattern = json.loads(said)["terraform_version"], r"(\d+)\.(\d+)"
    except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError):
        return None
    match = re.search(pattern, said)
    return None if match is None else (int(match.group(1)), int(match.group(2)))


def main() -> int:
    """Print what is missing to stderr; exit status 1 then."""
    if sys.version_info < OLDEST_PYTHON:
        problems = missing(sys.version_info[:2], os.environ, lambda: True, True)
    else:
        from toolchain import caches, terraform_provider

        there = terraform_provider.binary_in(caches.cache_folder()).is_file()
        problems = missing(sys.version_info[:2], os.environ, terraform_provider.registry_answers, there)
    for problem in problems:
        sys.stderr.write(f"setup: {problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
