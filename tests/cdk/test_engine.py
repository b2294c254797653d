from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import cloudstack_pins
from cloudstack_pins.cdk.engine import chosen
from cloudstack_pins.errors import SettingsError

SOURCE = Path(cloudstack_pins.__file__).parents[1]
BOTH = ["cdktf", "cdktn"]


@pytest.mark.parametrize(
    ("imported", "environ", "installed", "expected"),
    [
        pytest.param(["cdktn", "cdktf"], {}, BOTH, "cdktn", id="both imported: a cdktn application"),
        pytest.param(["cdktf"], {"CLOUDSTACK_PINS_ENGINE": "cdktn"}, BOTH, "cdktf", id="imported before environment"),
        pytest.param([], {"CLOUDSTACK_PINS_ENGINE": "cdktn"}, BOTH, "cdktn", id="environment"),
        pytest.param([], {}, BOTH, "cdktf", id="cdktf first"),
        pytest.param([], {}, ["cdktn"], "cdktn", id="the only one"),
    ],
)
def test_the_engine_is_the_one_that_the_application_uses(
    imported: list[str], environ: dict[str, str], installed: list[str], expected: str
) -> None:
    assert chosen(imported, environ, installed) == expected


@pytest.mark.parametrize(
    ("environ", "installed", "repair"),
    [
        pytest.param({"CLOUDSTACK_PINS_ENGINE": "cdk8s"}, BOTH, "allowed are cdktf and cdktn", id="unknown"),
        pytest.param({"CLOUDSTACK_PINS_ENGINE": "cdktn"}, ["cdktf"], "pip install cdktn", id="not installed"),
        pytest.param({}, [], r"pip install 'cloudstack-pins\[cdktf\]'", id="none"),
    ],
)
def test_without_an_engine_the_repair_is_named(environ: dict[str, str], installed: list[str], repair: str) -> None:
    with pytest.raises(SettingsError, match=repair):
        chosen([], environ, installed)


def test_without_node_the_constructs_say_so(tmp_path: Path) -> None:
    code = "import cloudstack_pins\ntry: cloudstack_pins.PinSetStack\nexcept cloudstack_pins.PinsError as e: print(e)"
    environ = {**os.environ, "PATH": str(tmp_path), "PYTHONPATH": str(SOURCE)}
    environ.pop("JSII_NODE", None)
    ran = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "node is not on PATH, and cdktf and cdktn run in it; install Node 20 or 22"
