"""The service as a process, over sockets, against a stand-in for HCP Terraform."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.run_task.hcp_stand_in import KEY, TOKEN, Hcp, post
from tests.run_task.service import ENDPOINT_OF_NOBODY, Service, serving

PLANS = Path(__file__).parent.parent / "review" / "plans" / "real"
SAFE = (PLANS / "no-changes.json").read_bytes()
DANGEROUS = (PLANS / "in-place-offering-and-name.json").read_bytes()


def test_a_plan_is_reviewed_through_a_redirect_once_it_is_ready(hcp: Hcp, service: Service) -> None:
    hcp.plan, hcp.not_ready = SAFE, 2
    body = hcp.request("post_plan")

    assert post(f"{service.url}/post-plan", body) == 200
    [*_, result] = hcp.results(body)

    assert result.status == "passed"
    assert result.outcomes[0]["outcome-id"] == "review"
    assert result.authorization == f"Bearer {TOKEN}"
    assert result.content_type == "application/vnd.api+json"
    assert [where for where, _ in hcp.downloads][-1] == "archive /object/plan"
    assert {token for where, token in hcp.downloads if where.startswith("archive")} == {""}


def test_a_dangerous_plan_fails_with_its_findings(hcp: Hcp, service: Service) -> None:
    hcp.plan = DANGEROUS
    body = hcp.request("post_plan", is_speculative=True)
    post(f"{service.url}/post-plan", body)
    [*_, result] = hcp.results(body)

    assert result.status == "failed"
    refused = [row for row in result.outcomes if row["tags"]["Severity"][0]["label"] == "refused"]
    assert "start-in-place" in {row["outcome-id"] for row in refused}
    assert all(row["tags"]["Severity"][0]["level"] == "error" for row in refused)


@pytest.mark.parametrize(
    ("signature", "status"),
    [
        pytest.param("", 401, id="none"),
        pytest.param("0" * 128, 401, id="another"),
        pytest.param(None, 200, id="its own"),
    ],
)
def test_only_signed_requests_are_taken(hcp: Hcp, service: Service, signature: str | None, status: int) -> None:
    hcp.plan = SAFE
    body = hcp.request("post_plan")

    assert post(f"{service.url}/post-plan", body, signature=signature) == status
    if status == 401:
        assert (hcp.callbacks, hcp.downloads) == ([], [])
    else:
        hcp.results(body)


def test_without_a_key_it_does_not_start(hcp: Hcp, tmp_path: Path) -> None:
    settings = tmp_path / "run-task.toml"
    settings.write_text('[organizations]\nacme = ["pins"]\n', encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "cloudstack_pins", "run-task", "serve", "--settings", str(settings), "--port", "0"],
        capture_output=True,
        text=True,
        env=ENDPOINT_OF_NOBODY,
        check=False,
    )

    assert ran.returncode == 1
    assert "CLOUDSTACK_PINS_HMAC_KEY is not set" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_switch_for_trials_is_loud(hcp: Hcp, tmp_path: Path) -> None:
    hcp.plan = SAFE
    body = hcp.request("post_plan")
    with serving(hcp, tmp_path, key=None, options=["--accept-unsigned-requests"]) as service:
        assert post(f"{service.url}/post-plan", body, key=None) == 200
        hcp.results(body)

    assert "WARNING: requests are not verified" in service.logged()


def test_the_creation_test_is_answered_and_nothing_else_happens(hcp: Hcp, own_service: Service) -> None:
    body = hcp.request("test", access_token="test-token")
    no_run = {**dict.fromkeys(body), "payload_version": 1, "stage": "test", "access_token": "test-token"}

    assert post(f"{own_service.url}/post-plan", body) == 200
    assert post(f"{own_service.url}/post-plan", no_run) == 200
    assert post(f"{own_service.url}/post-apply", body) == 200
    assert own_service.stop() == 0
    assert (hcp.callbacks, hcp.downloads) == ([], [])


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        pytest.param({"workspace_name": "web"}, "acme/web is not served here", id="an unknown workspace"),
        pytest.param({"organization_name": "evil"}, "evil/pins is not served here", id="an unknown organisation"),
        pytest.param({"payload_version": 2}, "payload_version 2 is not known", id="an unknown version"),
        pytest.param({"stage": "pre_apply"}, "takes the stage post_plan, not pre_apply", id="another stage"),
        pytest.param(
            {"stage": "post_apply"}, "takes the stage post_plan, not post_apply", id="the other endpoint's stage"
        ),
        pytest.param({"plan_json_api_url": None}, "names no plan_json_api_url", id="no plan"),
    ],
)
def test_what_is_not_served_is_said_in_the_run(hcp: Hcp, service: Service, fields: dict[str, Any], says: str) -> None:
    body = hcp.request("post_plan", **fields)

    assert post(f"{service.url}/post-plan", body) == 200
    [*_, result] = hcp.results(body)
    assert result.status == "failed"
    assert says in result.message
    assert hcp.downloads == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="half a JSON"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"stage": "post_plan"}', id="fields missing"),
        pytest.param(b"[" * 100_000, id="very deep"),
    ],
)
def test_a_malformed_body_is_refused(hcp: Hcp, service: Service, body: bytes) -> None:
    assert post(f"{service.url}/post-plan", body) == 422
    assert hcp.callbacks == []


def test_a_body_that_is_too_large_is_refused_before_it_is_read_whole(service: Service) -> None:
    # More is announced than ever comes: the answer must not wait for it.
    connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=30)
    connection.putrequest("POST", "/post-plan")
    connection.putheader("Content-Length", str(1 << 30))
    connection.endheaders()
    connection.send(b"x" * (2 << 20))
    assert connection.getresponse().status == 413
    connection.close()


def test_a_body_that_never_ends_is_given_up(hcp: Hcp, tmp_path: Path) -> None:
    with serving(hcp, tmp_path, extra="request_seconds = 0.2") as service:
        connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=30)
        connection.putrequest("POST", "/post-plan")
        connection.putheader("Content-Length", "100")
        connection.endheaders()
        connection.send(b"{")
        assert connection.getresponse().status == 408
        connection.close()


def test_an_address_elsewhere_gets_neither_a_call_nor_the_token(hcp: Hcp, service: Service) -> None:
    elsewhere = f"http://127.0.0.1:{urlsplit(hcp.api).port}.evil.example/callback"

    assert post(f"{service.url}/post-plan", hcp.request("post_plan", task_result_callback_url=elsewhere)) == 422
    body = hcp.request("post_plan", plan_json_api_url="http://169.254.169.254/latest/meta-data")
    assert post(f"{service.url}/post-plan", body) == 200
    [*_, result] = hcp.results(body)
    assert result.status == "failed"
    assert "169.254.169.254:80 is not an allowed host" in result.message
    assert hcp.downloads == []


def test_a_redirect_elsewhere_is_not_followed(hcp: Hcp, service: Service) -> None:
    hcp.redirect = "http://169.254.169.254/plan"
    body = hcp.request("post_plan")
    post(f"{service.url}/post-plan", body)
    [*_, result] = hcp.results(body)

    assert result.status == "failed"
    assert "is not an allowed host" in result.message


def test_a_repeated_request_is_answered_and_runs_once(hcp: Hcp, own_service: Service) -> None:
    hcp.plan = SAFE
    body = hcp.request("post_plan")

    assert [post(f"{own_service.url}/post-plan", body) for _ in range(3)] == [200, 200, 200]
    hcp.results(body)
    assert own_service.stop() == 0
    assert len([callback for callback in hcp.callbacks if callback.status == "passed"]) == 1


def test_failing_callbacks_are_tried_again(hcp: Hcp, service: Service) -> None:
    hcp.plan, hcp.answers = SAFE, [503, 500, 429]
    body = hcp.request("post_plan")
    post(f"{service.url}/post-plan", body)

    assert hcp.results(body)[-1].status == "passed"


def test_an_expired_token_is_given_up_with_a_line_in_the_log(hcp: Hcp, own_service: Service) -> None:
    hcp.plan, hcp.answers = SAFE, [401]
    post(f"{own_service.url}/post-plan", hcp.request("post_plan"))
    hcp_log = own_service.stop()

    assert hcp_log == 0
    assert "could not be sent: HTTP status 401" in own_service.logged()
    assert TOKEN not in own_service.logged()


def test_callbacks_that_fail_for_long_are_given_up_with_a_line_in_the_log(hcp: Hcp, own_service: Service) -> None:
    hcp.plan, hcp.answers = SAFE, [500] * 100
    assert post(f"{own_service.url}/post-plan", hcp.request("post_plan")) == 200

    assert own_service.stop() == 0
    assert 100 - len(hcp.answers) == 6
    assert "could not be sent" in own_service.logged()


def test_a_callback_that_hangs_is_tried_again(hcp: Hcp, tmp_path: Path) -> None:
    hcp.plan, hcp.slow = SAFE, 1
    body = hcp.request("post_plan")
    with serving(hcp, tmp_path, extra="callback_seconds = 0.2") as service:
        post(f"{service.url}/post-plan", body)
        assert hcp.results(body)[-1].status == "passed"
    hcp.released.set()


def test_a_broken_plan_is_said(hcp: Hcp, service: Service) -> None:
    hcp.plan = SAFE[:2000]
    body = hcp.request("post_plan")
    post(f"{service.url}/post-plan", body)

    assert hcp.results(body)[-1].status == "failed"


def test_twenty_runs_at_once_each_get_their_result(hcp: Hcp, service: Service) -> None:
    hcp.plan = SAFE
    bodies = [hcp.request("post_plan") for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(lambda body: post(f"{service.url}/post-plan", body), bodies)) == [200] * 20

    assert [hcp.results(body)[-1].status for body in bodies] == ["passed"] * 20


def test_health_and_metrics_are_there(hcp: Hcp, own_service: Service) -> None:
    hcp.plan = SAFE
    body = hcp.request("post_plan")
    post(f"{own_service.url}/post-plan", body)
    hcp.results(body)
    post(f"{own_service.url}/post-plan", body, signature="0")

    with urllib.request.urlopen(f"{own_service.url}/healthz", timeout=30) as answer:
        assert answer.read() == b"ok"
    with urllib.request.urlopen(f"{own_service.url}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    assert 'cloudstack_pins_run_task_requests_total{stage="post_plan",status="200"} 1.0' in text
    assert 'cloudstack_pins_run_task_requests_total{stage="post_plan",status="401"} 1.0' in text


def test_nothing_of_the_token_or_the_keys_reaches_the_log(hcp: Hcp, own_service: Service) -> None:
    hcp.plan = b"<html>"
    body = hcp.request("post_plan")
    post(f"{own_service.url}/post-plan", body)
    hcp.results(body)
    own_service.stop()

    told = own_service.logged() + json.dumps([callback.body for callback in hcp.callbacks])
    secrets = (TOKEN, KEY, ENDPOINT_OF_NOBODY["CLOUDSTACK_API_KEY"], ENDPOINT_OF_NOBODY["CLOUDSTACK_SECRET_KEY"])
    assert not [secret for secret in secrets if secret in told]
