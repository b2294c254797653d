"""Signed calls over real HTTP, for tests that arrange or look something up."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from . import signing
from .clock import Clock
from .entities import Keys


class EmulatorCallError(Exception):
    """A call by ``Emulator.call`` was refused, or its job failed."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


def exchange(endpoint: str, keys: Keys, command: str, params: dict[str, object]) -> dict[str, Any]:
    """One call: the content of the envelope, or EmulatorCallError."""
    query = signing.signed({"command": command} | flattened(params), keys.api_key, keys.secret_key, now=time.time())
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(Request(endpoint, data=urlencode(query).encode()), timeout=60) as reply:
            document = json.loads(reply.read())
    except HTTPError as error:
        with error:
            text = error.read().decode()
        try:
            body = next(iter(json.loads(text).values()))
        except ValueError:
            raise EmulatorCallError(error.code, text) from None
        raise EmulatorCallError(body["errorcode"], body["errortext"]) from None
    content: dict[str, Any] = next(iter(document.values()))
    return content


def await_job(endpoint: str, keys: Keys, job_id: str, clock: Clock) -> dict[str, Any]:
    """The result of a job, or EmulatorCallError where it failed or waits for a clock that stands still."""
    while True:
        job = exchange(endpoint, keys, "queryAsyncJobResult", {"jobid": job_id})
        if job["jobstatus"] == 2:
            raise EmulatorCallError(job["jobresult"]["errorcode"], job["jobresult"]["errortext"])
        if job["jobstatus"] == 1:
            result: dict[str, Any] = job["jobresult"]
            return result
        if not clock.runs_by_itself:
            raise EmulatorCallError(0, f"job {job_id} waits for a clock that stands still; advance() it")
        time.sleep(0.02)


def flattened(params: dict[str, object]) -> dict[str, str]:
    """Python values as the parameters of a call; None is left out."""
    flat: dict[str, str] = {}
    for name, value in params.items():
        if isinstance(value, bool):
            flat[name] = str(value).lower()
        elif isinstance(value, dict):
            for i, (key, item) in enumerate(value.items()):
                flat |= {f"{name}[{i}].key": str(key), f"{name}[{i}].value": str(item)}
        elif isinstance(value, list | tuple | set | frozenset):
            flat[name] = ",".join(str(item) for item in value)
        elif value is not None:
            flat[name] = str(value)
    return flat
