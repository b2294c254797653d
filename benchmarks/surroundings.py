"""The environment of measured commands: our commands on PATH, the provider's mirror, no settings of this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from toolchain.caches import cache_folder
from toolchain.terraform_provider import provide

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
CLOUDSTACK_PINS = (PYTHON, "-m", "cloudstack_pins")


def environment() -> dict[str, str]:
    """Return it; without access to any CloudStack."""
    foreign = ("TF_", "CLOUDSTACK_", "CDKTF_", "FORCE_COLOR", "PYTEST_", "COV_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    commands = (str(Path(PYTHON).parent), str(ROOT / "node_modules" / ".bin"), kept.get("PATH", os.defpath))
    return {
        **kept,
        "PATH": os.pathsep.join(commands),
        "CHECKPOINT_DISABLE": "1",
        "CI": "true",
        "NO_COLOR": "1",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        "TF_IN_AUTOMATION": "1",
        "TF_CLI_CONFIG_FILE": str(provide(cache_folder())),
    }
