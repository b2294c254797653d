"""The calls back to HCP Terraform: fetch the plan, report a result. The bearer token goes to its API hosts only."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from cloudstack_pins.errors import RunTaskError
from cloudstack_pins.run_task.origins import Origins
from cloudstack_pins.run_task.outcomes import TaskResult, payload
from cloudstack_pins.run_task.request import TaskRequest

_LOG = logging.getLogger(__name__)
_REDIRECTS = (301, 302, 303, 307, 308)
_CONNECT_SECONDS = 10
_MOST_REDIRECTS = 5
_MOST_BYTES = 1 << 30
_NOT_READY_TRIES = 10


class Hcp:
    """One run's way back to HCP Terraform.

    ``retry_seconds`` is the first wait between tries of urllib3's Retry, which doubles it; 429 and 5xx are tried
    again, 401 and 422 are not. ``download_seconds`` bounds a whole plan, ``callback_seconds`` the wait for an answer.
    """

    def __init__(
        self,
        origins: Origins,
        *,
        retry_seconds: float = 1.0,
        download_seconds: float = 300,
        callback_seconds: float = 30,
    ) -> None:
        self._origins = origins
        self._retry_seconds = retry_seconds
        self._download_seconds = download_seconds
        self._timeout = (_CONNECT_SECONDS, callback_seconds)

    @contextmanager
    def plan(self, request: TaskRequest) -> Iterator[Path]:
        """Download the run's JSON plan to a temporary file, which goes when the block ends.

        Raises RunTaskError for an address that is not allowed, an answer that is no plan, or one that takes too long.
        """
        if request.plan_url is None:
            raise RunTaskError(
                "the request names no plan_json_api_url; HCP Terraform sends one from stage post_plan on"
            )
        self._origins.require_api(request.plan_url)
        with tempfile.TemporaryDirectory(prefix="cloudstack-pins-") as folder, self._session() as session:
            path = Path(folder) / "plan.json"
            self._download(session, request.plan_url, request.access_token, path)
            yield path

    def report(self, request: TaskRequest, result: TaskResult) -> bool:
        """Send a result; False (and a line in the log) where HCP Terraform did not take it in the end."""
        try:
            self._origins.require_api(request.callback_url)
            with self._session() as session:
                answer = session.patch(
                    request.callback_url,
                    json=payload(result),
                    headers={**_bearer(request.access_token), "Content-Type": "application/vnd.api+json"},
                    timeout=self._timeout,
                    allow_redirects=False,
                )
        except (RunTaskError, requests.RequestException) as error:
            return _given_up(
                request, result, type(error).__name__ if not isinstance(error, RunTaskError) else str(error)
            )
        return answer.status_code == 200 or _given_up(request, result, f"HTTP status {answer.status_code}")

    def _session(self) -> requests.Session:
        session = requests.Session()
        retry = Retry(
            total=5,
            backoff_factor=self._retry_seconds,
            backoff_jitter=self._retry_seconds / 2,
            backoff_max=60,
            status_forcelist=(429, 500, 502, 503, 504),
            allowed_methods=("GET", "PATCH"),
            raise_on_status=False,
            respect_retry_after_header=True,
        )
        for prefix in ("https://", "http://"):
            session.mount(prefix, HTTPAdapter(max_retries=retry))
        # Without an `auth` requests would look into ~/.netrc and send what it finds there.
        session.auth = _as_it_is
        return session

    def _download(self, session: requests.Session, url: str, token: str, path: Path) -> None:
        end = time.monotonic() + self._download_seconds
        headers = _bearer(token)
        tries = redirects = 0
        while True:
            with session.get(url, headers=headers, timeout=self._timeout, allow_redirects=False, stream=True) as answer:
                if answer.status_code in _REDIRECTS:
                    redirects += 1
                    url, headers = self._redirected(url, answer, redirects), {}
                    continue
                if answer.status_code == 200:
                    _save(answer, path, end)
                    return
                if answer.status_code != 204:
                    raise RunTaskError(f"the plan could not be fetched: HTTP status {answer.status_code}")
            tries += 1
            if tries >= _NOT_READY_TRIES or time.monotonic() > end:
                raise RunTaskError("the plan was not ready in time (HTTP status 204); start the run again")
            time.sleep(min(self._retry_seconds * tries, 10))

    def _redirected(self, url: str, answer: requests.Response, redirects: int) -> str:
        if redirects > _MOST_REDIRECTS:
            raise RunTaskError("the plan's address redirects again and again")
        target = urljoin(url, answer.headers.get("Location", ""))
        self._origins.require_download(target)
        return target


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _save(answer: requests.Response, path: Path, end: float) -> None:
    size = 0
    with path.open("wb") as file:
        for chunk in answer.iter_content(1 << 16):
            size += len(chunk)
            if size > _MOST_BYTES:
                raise RunTaskError("the plan is larger than 1 GiB")
            if time.monotonic() > end:
                raise RunTaskError("the plan took too long to download")
            file.write(chunk)


def _given_up(request: TaskRequest, result: TaskResult, why: str) -> bool:
    _LOG.warning("%s of run %s: the result %r could not be sent: %s", request.stage, request.run_id, result.status, why)
    return False
