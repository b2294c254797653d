"""A stand-in for HCP Terraform: signs requests, serves plans by redirect, takes callbacks within its limits."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

import jsonschema

from tests.secret_search import know
from tests.secret_watch import hear

KEY = "hmac-Lq8ZtV2mXw5RyB0nKd7PsJ3gHc6Tf1Ea"
TOKEN = "bearer-Gx4NuC9pWb2YkM7vQz0RjS5hDf8Le3Ti"
know(KEY, TOKEN)
SCHEMA = json.loads((Path(__file__).parent / "callback.schema.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Callback:
    """One PATCH as it came."""

    path: str
    authorization: str
    content_type: str
    body: dict[str, Any]

    @property
    def status(self) -> str:
        return str(self.body["data"]["attributes"]["status"])

    @property
    def message(self) -> str:
        return str(self.body["data"]["attributes"]["message"])

    @property
    def outcomes(self) -> list[dict[str, Any]]:
        found = self.body["data"].get("relationships", {}).get("outcomes", {}).get("data", [])
        return [outcome["attributes"] for outcome in found]


@dataclass
class Hcp:
    """The stand-in's state, and what it was asked."""

    plan: bytes = b"{}"
    not_ready: int = 0
    redirect: str | None = None
    answers: list[int] = field(default_factory=list)
    slow: int = 0
    released: threading.Event = field(default_factory=threading.Event)
    callbacks: list[Callback] = field(default_factory=list)
    downloads: list[tuple[str, str]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Hcp:
        self._servers = [self._serve(_Api), self._serve(_Archive)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server, thread in self._servers:
            server.shutdown()
            server.server_close()
            thread.join()

    def forget(self) -> None:
        """Be as at the start; what still arrives for earlier requests is told apart by its path."""
        self.plan, self.not_ready, self.redirect = b"{}", 0, None
        self.answers, self.callbacks, self.downloads = [], [], []
        self.slow, self.released = 0, threading.Event()

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self._servers[0][0].server_address[1]}"

    @property
    def archive(self) -> str:
        return f"http://127.0.0.1:{self._servers[1][0].server_address[1]}"

    def request(self, stage: str, /, **fields: Any) -> dict[str, Any]:
        """Return the body of a request as HCP Terraform documents it."""
        result_id = f"taskrs-{uuid.uuid4()}"
        return {
            "payload_version": 1,
            "stage": stage,
            "access_token": TOKEN,
            "capabilities": {"outcomes": True},
            "configuration_version_id": "cv-1",
            "configuration_version_download_url": None,
            "is_speculative": False,
            "organization_name": "acme",
            "plan_json_api_url": f"{self.api}/api/v2/plans/plan-1/json-output",
            "run_app_url": f"{self.api}/app/acme/pins/runs/run-1",
            "run_created_at": "2026-11-24T10:00:00.000Z",
            "run_created_by": "ops",
            "run_id": f"run-{uuid.uuid4()}",
            "run_message": "pins",
            "task_result_callback_url": f"{self.api}/api/v2/task-results/{result_id}/callback",
            "task_result_enforcement_level": "mandatory",
            "task_result_id": result_id,
            "vcs_branch": "main",
            "vcs_commit_url": None,
            "vcs_pull_request_url": None,
            "vcs_repo_url": None,
            "workspace_app_url": f"{self.api}/app/acme/pins",
            "workspace_id": "ws-1",
            "workspace_name": "pins",
            "workspace_working_directory": "",
            **fields,
        }

    def results(self, body: dict[str, Any], *, seconds: float = 60) -> list[Callback]:
        """Wait for the final result of a request and return all callbacks that came for it."""
        path = f"/api/v2/task-results/{body['task_result_id']}/callback"

        def mine() -> list[Callback]:
            return [callback for callback in self.callbacks if callback.path == path]

        def final() -> bool:
            return any(callback.status in ("passed", "failed") for callback in mine())

        self.wait(final, f"no final result for {path}", seconds=seconds)
        return mine()

    def wait(self, until: Callable[[], bool], what: str, *, seconds: float = 60) -> None:
        with self.changed:
            assert self.changed.wait_for(until, seconds), what

    def _serve(self, handler: type[_Handler]) -> tuple[ThreadingHTTPServer, threading.Thread]:
        bound = type(handler.__name__, (handler,), {"hcp": self})
        server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        return server, thread


class _Handler(BaseHTTPRequestHandler):
    hcp: Hcp

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Api(_Handler):
    def do_GET(self) -> None:
        hcp = self.hcp
        hcp.downloads.append((f"api {self.path}", self.headers.get("Authorization", "")))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.answer(401)
        elif hcp.not_ready > 0:
            hcp.not_ready -= 1
            self.answer(204)
        else:
            self.answer(307, Location=hcp.redirect or f"{hcp.archive}/object/plan")

    def do_PATCH(self) -> None:
        hcp = self.hcp
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        hear(raw)
        body = json.loads(raw)
        if hcp.slow > 0:
            hcp.slow -= 1
            hcp.released.wait(60)
            self.close_connection = True
            return
        status = hcp.answers.pop(0) if hcp.answers else 200
        if status == 200:
            jsonschema.validate(body, SCHEMA)
            with hcp.changed:
                hcp.callbacks.append(
                    Callback(self.path, self.headers["Authorization"], self.headers["Content-Type"], body)
                )
                hcp.changed.notify_all()
        self.answer(status)


class _Archive(_Handler):
    def do_GET(self) -> None:
        self.hcp.downloads.append((f"archive {self.path}", self.headers.get("Authorization", "")))
        self.answer(200, self.hcp.plan)


def post(url: str, body: dict[str, Any] | bytes, *, key: str | None = KEY, signature: str | None = None) -> int:
    """Send a request as HCP Terraform does and return the HTTP status."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signed = hmac.new(key.encode(), raw, hashlib.sha512).hexdigest() if key is not None else ""
    request = urllib.request.Request(
        url,
        raw,
        {
            "Content-Type": "application/json",
            "User-Agent": "TFC/1.0 (+https://app.terraform.io; TFC)",
            "X-TFC-Task-Signature": signed if signature is None else signature,
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
