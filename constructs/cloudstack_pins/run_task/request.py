"""What HCP Terraform sends to a run task: its signature and its fields."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from cloudstack_pins.errors import RunTaskError
from cloudstack_pins.plain import plain

SIGNATURE_HEADER = "x-tfc-task-signature"
STAGES = ("post_plan", "post_apply")
TEST_STAGE = "test"
PAYLOAD_VERSION = 1
_NO_RUN = dict.fromkeys(
    ("organization_name", "workspace_name", "run_id", "task_result_id", "task_result_callback_url", "access_token"), ""
)


@dataclass(frozen=True, kw_only=True)
class TaskRequest:
    """One request, with what the service uses of it; the token never shows in a repr."""

    payload_version: int
    stage: str
    organization: str
    workspace: str
    run_id: str
    task_result_id: str
    callback_url: str
    access_token: str = field(repr=False)
    plan_url: str | None = None
    speculative: bool = False

    @property
    def is_test(self) -> bool:
        """Whether this is the request that HCP Terraform sends when the task is created."""
        return self.stage == TEST_STAGE

    @property
    def key(self) -> tuple[str, str]:
        """What a repeated request shares with the first."""
        return (self.task_result_id, self.stage)


def is_signed(body: bytes, signature: str, key: bytes) -> bool:
    """Whether ``signature`` is the hex HMAC-SHA512 of ``body``; takes the same time however wrong it is."""
    expected = hmac.new(key, body, hashlib.sha512).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.strip().lower().encode("utf-8", "replace"))


def parse(body: bytes) -> TaskRequest:
    """Read a request's body; raises RunTaskError that names the field."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RunTaskError("the body is not JSON") from error
    if not isinstance(document, dict):
        raise RunTaskError("the body is not a JSON object")
    if document.get("stage") == TEST_STAGE:
        # It is about no run, so what names one may be empty; nothing of it is used but that it came.
        document = {**_NO_RUN, "payload_version": PAYLOAD_VERSION, "stage": TEST_STAGE}
    return TaskRequest(
        payload_version=_version(document),
        stage=_text(document, "stage"),
        organization=_text(document, "organization_name"),
        workspace=_text(document, "workspace_name"),
        run_id=_text(document, "run_id"),
        task_result_id=_text(document, "task_result_id"),
        callback_url=_text(document, "task_result_callback_url"),
        access_token=_text(document, "access_token"),
        plan_url=_optional(document, "plan_json_api_url"),
        speculative=document.get("is_speculative") is True,
    )


def _version(document: dict[str, Any]) -> int:
    value = document.get("payload_version")
    if isinstance(value, bool) or not isinstance(value, int):
        raise RunTaskError(f"payload_version: {value!r} is not a number")
    return value


def _text(document: dict[str, Any], key: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or len(value) > 8192 or plain(value) != value:
        shown = "missing" if value is None else f"a {type(value).__name__} that is not plain text"
        raise RunTaskError(f"{key} is {shown}")
    return value


def _optional(document: dict[str, Any], key: str) -> str | None:
    return None if document.get(key) in (None, "") else _text(document, key)
