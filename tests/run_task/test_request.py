from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudstack_pins.errors import RunTaskError
from cloudstack_pins.run_task.outcomes import BODY_LIMIT, Outcome, TaskResult, payload
from cloudstack_pins.run_task.request import is_signed, parse

BODY: dict[str, Any] = {
    "payload_version": 1,
    "stage": "post_plan",
    "organization_name": "acme",
    "workspace_name": "pins",
    "run_id": "run-1",
    "task_result_id": "taskrs-1",
    "task_result_callback_url": "https://app.terraform.io/api/v2/task-results/1/callback",
    "access_token": "very-secret",
}


def test_a_request_never_shows_its_token() -> None:
    assert "very-secret" not in repr(parse(json.dumps(BODY).encode()))


@pytest.mark.parametrize("field", sorted(BODY))
def test_a_missing_field_is_named(field: str) -> None:
    body = json.dumps({name: value for name, value in BODY.items() if name != field}).encode()
    with pytest.raises(RunTaskError, match=field):
        parse(body)


@given(st.binary())
def test_any_bytes_are_a_request_or_refused(body: bytes) -> None:
    with pytest.raises(RunTaskError):
        parse(body)


def test_control_characters_in_a_name_are_refused() -> None:
    with pytest.raises(RunTaskError, match="workspace_name"):
        parse(json.dumps({**BODY, "workspace_name": "pins\x1b[2J"}).encode())


@given(st.binary(), st.binary(min_size=1), st.text())
def test_only_the_right_signature_fits(body: bytes, key: bytes, wrong: str) -> None:
    import hashlib
    import hmac

    right = hmac.new(key, body, hashlib.sha512).hexdigest()
    assert is_signed(body, right, key)
    assert is_signed(body, right.upper(), key)
    assert not is_signed(body + b"x", right, key)
    assert not is_signed(body, wrong, key)


def test_a_result_stays_within_the_limits() -> None:
    outcome = Outcome(
        id="a", description="word\n" * 400, body="é" * BODY_LIMIT, severity="warning", status="open", level="warning"
    )
    document = payload(TaskResult(status="failed", message="m" * 5000, outcomes=[outcome] * 10))
    rows = document["data"]["relationships"]["outcomes"]["data"]

    assert len(rows) == 10
    assert len(document["data"]["attributes"]["message"]) == 1000
    assert all(len(row["attributes"]["body"].encode()) <= BODY_LIMIT for row in rows)
    assert len(json.dumps(document, ensure_ascii=False).encode()) < 5_000_000
    assert all("\n" not in row["attributes"]["description"] for row in rows)
