"""The pin sets that are measured: so many templates on each of so many pools, in a zone made for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from benchmarks.measure import Run, measured
from benchmarks.surroundings import CLOUDSTACK_PINS, PYTHON, ROOT, environment

NAME = "bench"
TAG = "nvme"
OFFERING = "pin-nvme"
POOLS_OF_A_CLUSTER = 2


@dataclass(frozen=True, kw_only=True)
class Shape:
    """``templates`` on each of ``pools``; running starts at once as the set declares."""

    templates: int
    pools: int = 10
    max_parallel: int = 8

    @property
    def pins(self) -> int:
        """The number of pins."""
        return self.templates * self.pools


def zone_document(shape: Shape) -> dict[str, Any]:
    """Return the zone as the emulator reads it from a file: clusters of two pools, all bearing one storage tag."""
    pools = [{"name": f"pool-{number:02}", "tags": [TAG], "gib": 64 * 1024} for number in range(shape.pools)]
    return {
        "name": "benchmark",
        "clusters": [
            {"name": f"C{first // POOLS_OF_A_CLUSTER}", "hosts": 4, "pools": pools[first : first + POOLS_OF_A_CLUSTER]}
            for first in range(0, shape.pools, POOLS_OF_A_CLUSTER)
        ],
        "zone_pools": [],
        "templates": [{"name": _template_name(number), "gib": 2} for number in range(shape.templates)],
        "service_offerings": [{"name": OFFERING, "storage_tags": [TAG]}],
    }


def declare(folder: Path, shape: Shape) -> Path:
    """Write the pins.toml of a set below ``folder`` and return the set's folder."""
    declaration = {
        "zone": "benchmark",
        "network": "pins-l2",
        "owner": "system",
        "activation": {"max_parallel": shape.max_parallel},
        "storage_tags": {TAG: {"service_offering": OFFERING}},
        "templates": {
            f"template-{number:04}": {"template": _template_name(number), "storage_tags": [TAG]}
            for number in range(shape.templates)
        },
    }
    stack = folder / NAME
    stack.mkdir(parents=True, exist_ok=True)
    (stack / "pins.toml").write_text(tomlkit.dumps(declaration), encoding="utf-8")
    return stack


def lock(stack: Path, access: Mapping[str, str]) -> Run:
    """Make the set's network and its lock with our own commands; return the run of ``lock``."""
    measured([*CLOUDSTACK_PINS, "bootstrap", str(stack), "--yes"], cwd=stack, environment=access)
    return measured([*CLOUDSTACK_PINS, "lock", str(stack)], cwd=stack, environment=access)


def write_stack(stack: Path, terraform_folder: Path) -> None:
    """Synthesise a locked set as people do, for Terraform in ``terraform_folder``."""
    out = terraform_folder / "cdktf.out"
    measured(
        [PYTHON, str(ROOT / "benchmarks" / "programs" / "pin_set_stack.py"), str(stack), str(out)],
        cwd=terraform_folder,
        environment=environment(),
    )
    document = json.loads((out / "stacks" / NAME / "cdk.tf.json").read_text(encoding="utf-8"))
    document["terraform"]["backend"] = {"local": {}}
    (terraform_folder / "cdk.tf.json").write_text(json.dumps(document), encoding="utf-8")


def _template_name(number: int) -> str:
    return f"Template {number:04} (x86_64)"
