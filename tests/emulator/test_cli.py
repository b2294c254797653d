"""The command: prints how to be reached, serves until a signal, refuses networks and wrong files."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cloudstack_emulator import GIB, Keys, signing
from cloudstack_emulator.cli import loopback, main
from cloudstack_emulator.zone_file import ZoneFileError, load

CONSTRUCTS = Path(__file__).parents[2] / "constructs"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_as_a_process_until_a_signal(number: int) -> None:
    command = [sys.executable, "-W", "error", "-m", "cloudstack_emulator", "--copy-seconds", "0"]
    environment = os.environ | {"PYTHONPATH": str(CONSTRUCTS)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(8)]
            values = dict(re.findall(r"^export (\w+)=(\S+)$", "".join(lines), re.MULTILINE))
            keys = Keys(shlex.split(values["CLOUDSTACK_API_KEY"])[0], shlex.split(values["CLOUDSTACK_SECRET_KEY"])[0])
            assert _zones(values["CLOUDSTACK_API_URL"], keys) == 200
        finally:
            process.send_signal(number)
            _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert values["CLOUDSTACK_EMULATOR_CONTROL"].endswith("/control")


def _zones(endpoint: str, keys: Keys) -> int:
    """One signed call from outside of the emulator."""
    import time
    from urllib.parse import urlencode
    from urllib.request import ProxyHandler, build_opener

    query = urlencode(signing.signed({"command": "listZones"}, keys.api_key, keys.secret_key, now=time.time()))
    with build_opener(ProxyHandler({})).open(f"{endpoint}?{query}", timeout=30) as reply:
        status: int = reply.status
    return status


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])
def test_it_binds_loopback_only(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--host", host]) == 1
    assert "is no loopback address; allowed are localhost, 127.0.0.1 and ::1" in capsys.readouterr().err


@pytest.mark.parametrize(("host", "bound"), [("localhost", "127.0.0.1"), ("127.0.0.2", "127.0.0.2"), ("[::1]", "::1")])
def test_loopback_names_are_understood(host: str, bound: str) -> None:
    assert loopback(host) == bound


def test_a_zone_file_shapes_the_zone(tmp_path: Path) -> None:
    path = tmp_path / "zone.toml"
    path.write_text(
        """
name = "lab"
hypervisor = "KVM"
local_storage = true
[settings]
"storage.cleanup.interval" = 60
[[clusters]]
name = "X"
hosts = 1
pools = [{ name = "nvme", tags = ["fast", "x"], gib = 100 }, { name = "disk", local = true }]
[[templates]]
name = "alpine"
gib = 0.5
[[service_offerings]]
name = "pin-fast"
storage_tags = ["fast"]
""",
        "utf-8",
    )

    zone = load(path)

    (cluster,) = zone.clusters
    assert (zone.name, zone.hypervisor, zone.settings) == ("lab", "KVM", {"storage.cleanup.interval": "60"})
    assert (cluster.pools[0].tags, cluster.pools[0].capacity, cluster.pools[1].local) == (
        ("fast", "x"),
        100 * GIB,
        True,
    )
    assert (zone.templates[0].size, zone.service_offerings[0].storage_tags) == (GIB // 2, ("fast",))
    assert [pool.name for pool in zone.zone_pools] == ["PS4"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("nmae = 'x'", "the file: 'nmae' is unknown; allowed are name, ", id="unknown key"),
        pytest.param("[[clusters]]\nhosts = 1", "clusters: name is missing", id="no name"),
        pytest.param("clusters = 3", "clusters: has to be a list of tables", id="no list"),
        pytest.param("[[templates]]\nname='x'\nsise=1", "templates: 'sise' is unknown", id="unknown key inside"),
        pytest.param("= 3", "is no TOML", id="no TOML"),
    ],
)
def test_a_wrong_zone_file_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    path = tmp_path / "zone.toml"
    path.write_text(text, "utf-8")

    assert main(["--zone", str(path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"cloudstack-emulator: {path}: ")
    assert message in error


def test_a_zone_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ZoneFileError, match=r"gone\.toml: cannot be read: No such file"):
        load(tmp_path / "gone.toml")
