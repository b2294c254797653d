from __future__ import annotations

import os
from pathlib import Path

import pytest

from cloudstack_pins.cloudstack import Access
from cloudstack_pins.errors import SettingsError

PROVIDER = {
    "CLOUDSTACK_API_URL": "https://cloud.example/client/api",
    "CLOUDSTACK_API_KEY": "provider-key",
    "CLOUDSTACK_SECRET_KEY": "provider-secret",
}
CS = {
    "CLOUDSTACK_ENDPOINT": "https://other.example/client/api",
    "CLOUDSTACK_KEY": "cs-key",
    "CLOUDSTACK_SECRET": "cs-secret",
}


@pytest.fixture
def process_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """The process's own environment without CloudStack's names, in an empty folder with an empty home."""
    for name in [name for name in os.environ if name.startswith("CLOUDSTACK_") or name.endswith("CA_BUNDLE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def test_names_of_the_provider_come_first() -> None:
    access = Access.from_environment(CS | PROVIDER)

    assert (access.endpoint, access.api_key, access.secret_key, access.verify) == (*PROVIDER.values(), True)


def test_names_of_cs_are_second() -> None:
    access = Access.from_environment(CS)

    assert (access.endpoint, access.api_key, access.secret_key) == tuple(CS.values())


def test_ini_of_cs_is_last(process_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "cloudstack.ini").write_text(
        "[cloudstack]\nendpoint = https://ini.example/client/api\nkey = ini-key\nsecret = ini-secret\ntimeout = 25\n"
    )

    access = Access.from_environment(os.environ)

    assert (access.endpoint, access.api_key, access.secret_key) == (
        "https://ini.example/client/api",
        "ini-key",
        "ini-secret",
    )
    assert access.timeout == 25


def test_region_chooses_the_section_of_the_ini(process_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "own.ini").write_text("[east]\nendpoint = https://east.example/\nkey = k\nsecret = s\n")
    process_environment.setenv("CLOUDSTACK_CONFIG", str(tmp_path / "own.ini"))
    process_environment.setenv("CLOUDSTACK_REGION", "east")

    assert Access.from_environment(os.environ).endpoint == "https://east.example/"


@pytest.mark.parametrize("name", sorted(PROVIDER))
def test_missing_name_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is missing beside"):
        Access.from_environment({key: value for key, value in PROVIDER.items() if key != name} | CS)


@pytest.mark.parametrize("name", ["CLOUDSTACK_KEY", "CLOUDSTACK_SECRET"])
def test_missing_name_of_cs_is_named(process_environment: pytest.MonkeyPatch, name: str) -> None:
    for key, value in CS.items():
        if key != name:
            process_environment.setenv(key, value)

    with pytest.raises(SettingsError, match=f"^{name} is missing"):
        Access.from_environment(os.environ)


def test_nothing_configured_tells_what_to_set(process_environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"CLOUDSTACK_API_URL .*CLOUDSTACK_API_KEY and CLOUDSTACK_SECRET_KEY"):
        Access.from_environment(os.environ)


def test_broken_ini_is_refused_without_quoting_it(process_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "cloudstack.ini").write_text("[cloudstack]\nendpoint = https://x/\nkey = k\nsecret = abc%def-hidden\n")

    with pytest.raises(SettingsError, match=r"repair cloudstack\.ini") as caught:
        Access.from_environment(os.environ)

    assert "hidden" not in str(caught.value)
    assert caught.value.__context__ is None


def test_unverified_tls_of_cs_is_refused(process_environment: pytest.MonkeyPatch) -> None:
    for key, value in (CS | {"CLOUDSTACK_DANGEROUS_NO_TLS_VERIFY": "true"}).items():
        process_environment.setenv(key, value)

    with pytest.raises(SettingsError, match="certificates are always verified here"):
        Access.from_environment(os.environ)


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        pytest.param("cloud.example/client/api", "not a URL", id="no scheme"),
        pytest.param("ftp://cloud.example/", "not a URL", id="other scheme"),
        pytest.param("http://[::1/", "not a URL", id="broken address"),
        pytest.param("https://me:word@cloud.example/", "has a user", id="password in it"),
        pytest.param("https://cloud.example/client/api?x=1", "a query", id="query"),
        pytest.param("https://cloud.example/client/api ", "white space", id="trailing space"),
    ],
)
def test_unfit_endpoint_is_refused_without_showing_it(endpoint: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why) as caught:
        Access.from_environment(PROVIDER | {"CLOUDSTACK_API_URL": endpoint})

    assert "word" not in str(caught.value)


def test_key_with_a_line_break_is_refused_by_its_name() -> None:
    with pytest.raises(SettingsError, match="CLOUDSTACK_SECRET_KEY has white space") as caught:
        Access.from_environment(PROVIDER | {"CLOUDSTACK_SECRET_KEY": "provider-secret\n"})

    assert "provider-secret" not in str(caught.value)


def test_own_ca_comes_before_the_one_for_requests(tmp_path: Path) -> None:
    own, common = tmp_path / "own.pem", tmp_path / "common.pem"
    own.touch()
    common.touch()
    both = {"REQUESTS_CA_BUNDLE": str(common), "CLOUDSTACK_CA": str(own)}

    assert Access.from_environment(PROVIDER | both).verify == str(own)
    assert Access.from_environment(PROVIDER | {"REQUESTS_CA_BUNDLE": str(common)}).verify == str(common)


def test_ca_that_is_not_there_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"CLOUDSTACK_CA names '/no/such\.pem', which does not exist"):
        Access.from_environment(PROVIDER | {"CLOUDSTACK_CA": "/no/such.pem"})


def test_access_shows_no_key() -> None:
    shown = repr(Access.from_environment(PROVIDER))

    assert "provider-key" not in shown
    assert "provider-secret" not in shown
