"""What CloudStack answered: the content of its envelope, or the error class that its code and text mean."""

from __future__ import annotations

import json
import re
from typing import Any

from cloudstack_pins.errors import (
    CapacityMissing,
    CloudStackError,
    JobFailed,
    JobLost,
    LimitReached,
    NotFound,
    ParameterRefused,
    RateLimited,
    RightsMissing,
    ServerBroken,
    SignatureRefused,
)

_RIGHTS = re.compile(r"permission|root admin|not allowed|not authori[sz]ed|access denied", re.IGNORECASE)
_ABSENT = re.compile(
    r"entity does not exist|does ?n.t exist|does not exist|unable to find|could ?n.t find", re.IGNORECASE
)
_RESTARTED = re.compile(r"management server restart|management server (was )?(stopped|shut ?down)", re.IGNORECASE)
_CLASSES: dict[int, type[CloudStackError]] = {
    401: SignatureRefused,
    429: RateLimited,
    430: ParameterRefused,
    432: RightsMissing,
    531: RightsMissing,
    532: LimitReached,
    533: CapacityMissing,
    535: LimitReached,
}


def error_for(command: str, code: int, text: str, *, job: bool = False) -> CloudStackError:
    """Return the error that ``code`` and ``text`` mean, of a call or (``job``) of an asynchronous job.

    530 is CloudStack's code for anything inside it, so its text decides whether a right was missing.
    """
    return _class_for(code, text, job)(command, text, code=code)


def _class_for(code: int, text: str, job: bool) -> type[CloudStackError]:
    if job and _RESTARTED.search(text):
        return JobLost
    if code in _CLASSES:
        return _CLASSES[code]
    if code == 431:
        return NotFound if _ABSENT.search(text) else ParameterRefused
    if code == 530 and _RIGHTS.search(text):
        return RightsMissing
    if job:
        return JobFailed
    return ParameterRefused if 430 <= code < 440 else CloudStackError


def content_of(command: str, status: int, content_type: str, body: bytes) -> dict[str, Any]:
    """Return what is inside ``{"<command>response": {...}}``; raise the error it means, or ServerBroken."""
    inside = _inside(body)
    if inside is None:
        raise _not_cloudstack(command, status, content_type)
    if status == 200 and "errorcode" not in inside:
        return inside
    code, text = inside.get("errorcode", status), inside.get("errortext")
    raise error_for(command, code if isinstance(code, int) else status, str(text or f"HTTP {status} without a text"))


def _inside(body: bytes) -> dict[str, Any] | None:
    try:
        envelope = json.loads(body)
    except ValueError:
        return None
    if not isinstance(envelope, dict) or len(envelope) != 1:
        return None
    (inside,) = envelope.values()
    return inside if isinstance(inside, dict) else None


def _not_cloudstack(command: str, status: int, content_type: str) -> CloudStackError:
    if status == 429:
        return RateLimited(command, "too many requests", code=429)
    kind = content_type.split(";")[0].strip() or "no content type"
    what = "half a JSON or not CloudStack's" if "json" in kind else f"{kind} instead of JSON"
    return ServerBroken(command, f"HTTP {status} with {what}", code=status if status != 200 else None)
