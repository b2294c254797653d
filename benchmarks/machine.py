"""Which machine and which versions the figures are of."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

from toolchain.terraform_provider import VERSION as PROVIDER_VERSION

PACKAGES = ("cdktf", "constructs", "jsii", "requests", "ijson")


def machine() -> dict[str, str]:
    """Return the machine in words: CPU, cores, memory, system, and the versions of all that was measured."""
    return {
        "CPU": _cpu(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB",
        "system": _system(),
        "Python": platform.python_version(),
        "Node": _said(["node", "--version"]).removeprefix("v"),
        "Terraform": _terraform(),
        "provider cloudstack/cloudstack": PROVIDER_VERSION,
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "cloudstack-pins": version("cloudstack-pins"),
    }


def load() -> str:
    """Return what else the machine does: the load of the last 1 and 5 minutes."""
    one, five, _ = os.getloadavg()
    return f"{one:.1f}, {five:.1f}"


def _cpu() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", _text("/proc/cpuinfo"), re.MULTILINE)
    return found[1] if found else platform.machine()


def _system() -> str:
    found = re.search(r'^PRETTY_NAME="?([^"\n]+)', _text("/etc/os-release"), re.MULTILINE)
    return f"{found[1] if found else platform.system()}, Linux {platform.release()}"


def _terraform() -> str:
    said = _said(["terraform", "version", "-json"])
    return str(json.loads(said)["terraform_version"]) if said else "none"


def _said(command: list[str]) -> str:
    if shutil.which(command[0]) is None:
        return ""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
