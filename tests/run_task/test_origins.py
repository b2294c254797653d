from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudstack_pins.errors import RunTaskError, SettingsError
from cloudstack_pins.run_task.origins import Origins, origin_of

ORIGINS = Origins.of(["app.terraform.io"], ["archivist.terraform.io"])


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://app.terraform.io/x", id="plain HTTP"),
        pytest.param("https://app.terraform.io:8443/x", id="another port"),
        pytest.param("https://app.terraform.io.evil.example/x", id="a longer name"),
        pytest.param("https://evil.example/app.terraform.io", id="the name in the path"),
        pytest.param("https://app.terraform.io@evil.example/x", id="the name as user"),
        pytest.param("https://evil.example#@app.terraform.io/", id="the name in the fragment"),
        pytest.param("https://evil.example\\@app.terraform.io/", id="a backslash"),
        pytest.param("https://app.terraform.io\t.evil.example/", id="a tab"),
        pytest.param("https://169.254.169.254/latest/meta-data", id="the cloud's metadata"),
        pytest.param("file:///etc/passwd", id="a file"),
        pytest.param("gopher://app.terraform.io/x", id="another scheme"),
        pytest.param("//app.terraform.io/x", id="no scheme"),
        pytest.param("https:///x", id="no host"),
        pytest.param("https://[::1", id="a broken address"),
        pytest.param("https://app.terraform.io:99999/", id="a port that is none"),
        pytest.param("https://аpp.terraform.io/", id="a letter that only looks right"),  # noqa: RUF001
        pytest.param("", id="nothing"),
    ],
)
def test_an_address_elsewhere_gets_no_token(url: str) -> None:
    with pytest.raises(RunTaskError):
        ORIGINS.require_api(url)
    with pytest.raises(RunTaskError):
        ORIGINS.require_download(url)


def test_an_archive_is_for_downloads_only() -> None:
    ORIGINS.require_download("https://archivist.terraform.io/v1/object/x")
    with pytest.raises(RunTaskError, match=r"archivist\.terraform\.io:443 is not an allowed host"):
        ORIGINS.require_api("https://archivist.terraform.io/v1/object/x")


def test_the_api_host_may_be_written_in_any_case_and_with_its_port() -> None:
    ORIGINS.require_api("https://APP.terraform.io:443/api/v2/plans/plan-1/json-output")


def test_plain_http_can_be_declared_for_loopback_only() -> None:
    assert Origins.of(["http://127.0.0.1:8000"], []).api == {"http://127.0.0.1:8000"}
    with pytest.raises(SettingsError, match="loopback only"):
        Origins.of(["http://tfe.example"], [])


@given(st.text())
def test_any_text_is_an_allowed_address_or_refused(text: str) -> None:
    try:
        ORIGINS.require_api(text)
    except RunTaskError:
        return
    assert origin_of(text) == "https://app.terraform.io:443"
