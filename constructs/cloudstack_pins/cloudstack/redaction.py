"""Keeps keys and signatures out of texts and logs."""

from __future__ import annotations

import logging
import re
from urllib.parse import quote, quote_plus

REDACTED = "REDACTED"
_NAMED = re.compile(
    r"((?:user)?api_?key|signature|secret_?key|password|token)(\"?'?\s*(?:=|:|%3D)\s*\"?'?)[^&\s\"',;)}]+",
    re.IGNORECASE,
)
_SIGNED_QUERY = re.compile(r"\?[^\s'\"]*(?:apikey|signature)=[^\s'\"]*", re.IGNORECASE)
_COMMAND = re.compile(r"[?&]command=(\w+)", re.IGNORECASE)
_URLLIB3_LOGGERS = ("urllib3.connectionpool", "urllib3.util.retry", "urllib3.connection")


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Return ``text`` without the values of keys and signatures, and without ``secrets`` in any usual encoding."""
    for secret in filter(_long_enough, secrets):
        for form in {secret, quote(secret, safe=""), quote_plus(secret), quote(secret, safe="*")}:
            text = text.replace(form, REDACTED)
    return _NAMED.sub(lambda match: match[1] + match[2] + REDACTED, text)


def _long_enough(secret: str) -> bool:
    # CloudStack's keys have 86 characters; replacing a short header value everywhere would only garble the text.
    return len(secret) >= 6


class _RedactingFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        # Of a signed address only the command is of use.
        record.msg, record.args = redact(_SIGNED_QUERY.sub(_command_alone, record.getMessage())), ()
        return True


def _command_alone(query: re.Match[str]) -> str:
    command = _COMMAND.search(query[0])
    return f"?command={command[1]}" if command is not None else ""


_FILTER = _RedactingFilter()


def quiet_urllib3() -> None:
    """Make urllib3's own log lines safe: it writes whole signed URLs (at WARNING when it retries)."""
    for name in _URLLIB3_LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)
