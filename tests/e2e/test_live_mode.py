"""``make live``'s own promises, held by a run against an emulator that is a process like any other server."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudstack_pins.cloudstack import Access, Session
from tests.e2e.live_site import ACCESS, VARIABLE, LiveSettingsError, read

ROOT = Path(__file__).parents[2]
SETTINGS = """
zone = "Sandbox-simulator"
templates = ["Debian 12 (x86_64)", "Ubuntu 24.04 (x86_64)"]

[storage_tags.gold]
service_offering = "pin-gold"

[waits]
command = 400
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment that ``make live`` is given, for a server that runs meanwhile."""
    settings = tmp_path / "live.toml"
    settings.write_text(SETTINGS, encoding="utf-8")
    command = [sys.executable, "-m", "cloudstack_emulator", "--copy-seconds", "0.2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT / "constructs") as process:
        assert process.stdout is not None
        said: dict[str, str] = {}
        try:
            while not set(ACCESS) <= set(said):
                _, name_and_value = shlex.split(process.stdout.readline())
                name, _, value = name_and_value.partition("=")
                said[name] = value
            yield {name: said[name] for name in ACCESS} | {VARIABLE: str(settings)}
        finally:
            process.terminate()


def run_live(server: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "live", *arguments],
        cwd=ROOT,
        env={**os.environ, **server},
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )


def belongings(server: dict[str, str]) -> list[str]:
    """What there is on the server beside what came with it."""
    with Session(Access.from_environment(server)) as session:
        machines = [machine.display_name for machine in session.virtual_machines(listall=True)]
        offerings = [one.name for one in session.service_offerings(listall=True) if "e2e-" in one.name]
        networks = [one.name for one in session.networks(listall=True) if "e2e-" in one.name]
    return machines + offerings + networks


def test_a_live_run_passes_says_why_it_skips_and_leaves_nothing(server: dict[str, str]) -> None:
    ran = run_live(
        server,
        "tests/e2e/test_two_locks.py::test_a_whole_rotation_by_two_locks_leaves_no_pool_bare",
        "tests/e2e/test_pools.py",
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed, 2 skipped" in ran.stdout
    assert "only the emulator can do this: a real pool is not for tests to take away or to fill" in ran.stdout
    assert belongings(server) == []


def test_a_failing_live_run_leaves_nothing_either(server: dict[str, str], tmp_path: Path) -> None:
    failing = tmp_path / "test_failing.py"
    failing.write_text(
        "from __future__ import annotations\n"
        "import pytest\n"
        "from tests.e2e.conftest import site\n"
        "from tests.e2e.declared_set import template\n"
        "@pytest.mark.live\n"
        "def test_it(site):\n"
        "    pins = site.new_set('failing', {'first': template(site.templates[0], *site.storage_tags)})\n"
        "    site.offering('one', 'gold')\n"
        "    pins.apply().checked()\n"
        "    assert pins.problems() == []\n"
        "    raise RuntimeError('half-way')\n",
        encoding="utf-8",
    )

    ran = run_live(
        server, str(failing), "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"), "-p", "tests.terraform_cli"
    )

    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "RuntimeError: half-way" in ran.stdout
    assert belongings(server) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(None, "cannot be read", id="no file"),
        pytest.param("zone =", "not TOML", id="no TOML"),
        pytest.param('zones = "z"', "'zones' is unknown", id="an unknown key"),
        pytest.param('zone = "z"\ntemplates = ["one"]', "two templates", id="too little"),
    ],
)
def test_a_file_that_says_too_little_is_refused(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "live.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(LiveSettingsError, match=said):
        read(path)
