"""Certificates are verified by every command, an own CA is taken, and a refusal says what to do."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudstack_emulator import Emulator
from tests.faults.door import Door
from tests.security.life import SYSTEM, Life
from tests.terraform_cli import Terraform

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key in one file, so it is its own CA."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", "key.pem", "-out", "ca.pem"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture
def life(emulator: Emulator, certificate: Path, tmp_path: Path) -> Iterator[Life]:
    """A set whose CloudStack is reached by TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "ca.pem", certificate / "key.pem")
    with Door(emulator.endpoint, context) as door:
        life = Life(emulator, tmp_path, Terraform(tmp_path / "stack", {}), emulator.pins, endpoint=door.endpoint)
        life.declare(SYSTEM)
        yield life


@pytest.mark.parametrize("command", ["bootstrap", "lock"])
def test_an_unknown_certificate_is_refused_with_the_way_out(life: Life, command: str) -> None:
    said = life.run(command, str(life.set_folder), ends=(1,))

    assert "certificate was not accepted: self-signed certificate" in said
    assert "point CLOUDSTACK_CA or REQUESTS_CA_BUNDLE at the CA file that signed it; verification stays on" in said
    assert life.emulator.requests == [], "the key was sent to a server that nobody knows"


@pytest.mark.parametrize("name", ["CLOUDSTACK_CA", "REQUESTS_CA_BUNDLE"])
def test_an_own_ca_is_taken(life: Life, certificate: Path, name: str) -> None:
    own = {name: str(certificate / "ca.pem")}

    life.run("bootstrap", str(life.set_folder), "--yes", more=own)
    life.run("lock", str(life.set_folder), more=own)


@pytest.mark.parametrize(
    "switch",
    [
        pytest.param({"CLOUDSTACK_VERIFY": "false"}, id="verify"),
        pytest.param({"CLOUDSTACK_DANGEROUS_NO_TLS_VERIFY": "1"}, id="dangerous"),
        pytest.param({"PYTHONHTTPSVERIFY": "0"}, id="python"),
    ],
)
def test_no_variable_turns_verification_off(life: Life, switch: dict[str, str]) -> None:
    life.run("lock", str(life.set_folder), ends=(1,), more=switch)

    assert life.emulator.requests == []


@pytest.mark.parametrize("page", ["SECURITY.md", "README.md"])
def test_the_docs_say_that_the_provider_does_not_verify(page: str) -> None:
    said = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    assert "provider 0.6.0 does not" in said
