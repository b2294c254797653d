"""The application as people deploy it: the cdktf command line, main.py, Terraform."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.declared_set import template
from tests.e2e.site import Site
from tests.terraform_cli import Terraform

pytestmark = [pytest.mark.terraform, pytest.mark.live]
ROOT = Path(__file__).parents[2]
CDKTF = ROOT / "node_modules" / ".bin" / "cdktf"


def test_cdktf_deploy_leaves_every_pin_active_and_terraforms_plan_clean(site: Site) -> None:
    if not CDKTF.exists():
        pytest.skip("the cdktf command line is not installed; run `make setup`")
    for name in ("main.py", "cdktf.json"):
        shutil.copy(ROOT / name, site.folder)
    (site.folder / "constructs").symlink_to(ROOT / "constructs")
    pins = site.new_set("cdktf", {"first": template(site.templates[0], *site.storage_tags)})

    deployed = subprocess.run(
        [CDKTF, "deploy", pins.name, "--auto-approve", "--skip-provider-lock"],
        cwd=site.folder,
        env=dict(site.environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=site.command_seconds,
        check=False,
    )

    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    assert pins.problems() == []
    synthesised = Terraform(site.folder / "cdktf.out" / "stacks" / pins.name, site.environment)
    plan = synthesised.plan().checked()
    assert not plan.changes, plan.output
    synthesised.destroy().checked()
    assert pins.machines() == []
