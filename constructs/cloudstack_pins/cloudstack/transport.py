"""One API call over HTTP: signed, verified, reads repeated, writes sent once, every failure typed and free of keys.

Errors are built inside ``except`` and raised after it: requests' own exceptions carry the signed URL, and an exception
raised inside would keep them reachable as its context.
"""

from __future__ import annotations

import random
import ssl
from collections.abc import Iterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, HTTPError, InvalidHeader, MaxRetryError, ReadTimeoutError
from urllib3.response import BaseHTTPResponse
from urllib3.util.retry import Retry

from cloudstack_pins.cloudstack.access import Access
from cloudstack_pins.cloudstack.answers import content_of
from cloudstack_pins.cloudstack.clock import Clock
from cloudstack_pins.cloudstack.redaction import quiet_urllib3, redact
from cloudstack_pins.cloudstack.signing import Signer, flatten
from cloudstack_pins.errors import CloudStackError, ServerBroken, TimedOut, TlsRefused, Unreachable

THREADS = 16
ATTEMPTS = 4
RETRY_STATUSES = frozenset({429, 502, 503, 504})
BACKOFF_SECONDS = 0.5
BACKOFF_MAX_SECONDS = 15.0
RETRY_AFTER_MAX_SECONDS = 60.0  # a signature lives ten minutes, and someone is waiting

Method = Literal["GET", "POST"]


class PatientRetry(Retry):
    """urllib3's Retry, waiting with the session's clock, with jitter from the first wait on."""

    clock: Clock

    @classmethod
    def for_session(cls, clock: Clock) -> Self:
        """GET is repeated after broken connections and 429, 502, 503, 504; POST only where it was never sent."""
        retry = cls(
            total=ATTEMPTS - 1,
            other=0,  # TLS failures: the next attempt would meet the same certificate
            redirect=0,
            allowed_methods=frozenset({"GET"}),
            status_forcelist=RETRY_STATUSES,
            raise_on_status=False,
        )
        retry.clock = clock
        return retry

    def new(self, **changes: Any) -> Self:
        """Return the next Retry of the sequence, with the same clock."""
        retry = super().new(**changes)
        retry.clock = self.clock
        return retry

    def get_backoff_time(self) -> float:
        """Return the seconds to wait: doubling, half of it random so that many clients do not come back as one."""
        return backoff_seconds(len(self.history))

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        """Wait as long as Retry-After says (at most a minute), else the backoff."""
        try:
            after = self.get_retry_after(response) if response is not None else None
        except InvalidHeader:
            after = None
        self.clock.sleep(min(after, RETRY_AFTER_MAX_SECONDS) if after else self.get_backoff_time())


def backoff_seconds(failures: int, most: float = BACKOFF_MAX_SECONDS) -> float:
    """Return how long to wait after so many failures in a row."""
    full = min(most, BACKOFF_SECONDS * 2.0 ** max(0, failures - 1))
    return full * random.uniform(0.5, 1.0)


class Transport:
    """Sends signed calls; safe for up to 16 threads."""

    def __init__(self, access: Access, clock: Clock) -> None:
        quiet_urllib3()
        self._access = access
        self._clock = clock
        self._signer = Signer(access.endpoint, key=access.api_key, secret=access.secret_key)
        self._http = requests.Session()
        # As in Go, and so in Terraform's provider: a proxy from the environment is never asked for this machine itself.
        self._http.trust_env = urlsplit(access.endpoint).hostname not in ("localhost", "127.0.0.1", "::1")
        # Cookies would be shared between threads and tie calls to one login; the signature is all that counts.
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = HTTPAdapter(
            pool_connections=1, pool_maxsize=THREADS, pool_block=True, max_retries=PatientRetry.for_session(clock)
        )
        self._http.mount("http://", adapter)
        self._http.mount("https://", adapter)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
        self._signer.session.close()

    def get(self, command: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Read: repeated until answered, also where a reply broke off half-way, which Retry does not see."""
        failure: CloudStackError | None = None
        for attempt in range(ATTEMPTS):
            if failure is not None:
                self._clock.sleep(backoff_seconds(attempt))
            try:
                return self._call("GET", command, parameters)
            except (ServerBroken, BrokenReply) as error:
                # A whole answer with another status has been repeated by Retry already.
                if error.code is not None:
                    raise
                failure = error
        assert failure is not None
        raise failure

    def post(self, command: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Write: sent once; repeated only where no connection came about."""
        return self._call("POST", command, parameters)

    def _call(self, method: Method, command: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        signed = self._signer.signed(command, flatten(parameters))
        try:
            response = self._send(method, signed)
            body = response.content
        except (requests.RequestException, HTTPError, OSError) as error:
            failure = self._failure(command, error)
        else:
            return self._content(command, response, body)
        raise failure

    def _send(self, method: Method, signed: dict[str, str]) -> requests.Response:
        where = {"params": signed} if method == "GET" else {"data": signed}
        # Prepared without the session: it would add credentials from ~/.netrc.
        request = requests.Request(method, self._access.endpoint, headers=dict(self._access.headers), **where).prepare()
        return self._http.send(
            request,
            timeout=self._access.timeout,
            verify=self._access.verify,
            cert=self._access.certificate,
            allow_redirects=False,
        )

    def _content(self, command: str, response: requests.Response, body: bytes) -> dict[str, Any]:
        status = response.status_code
        if 300 <= status < 400:
            raise ServerBroken(command, f"HTTP {status}, a redirect; give the URL it leads to", code=status)
        try:
            return content_of(command, status, response.headers.get("Content-Type", ""), body)
        except CloudStackError as error:
            failure = type(error)(error.command, self.clean(error.text), code=error.code)
        raise failure

    def clean(self, text: str) -> str:
        """Return ``text`` without keys and signatures."""
        return redact(text, self._access.secrets)

    def _failure(self, command: str, error: Exception) -> CloudStackError:
        reasons = list(_reasons(error))
        text, endpoint = self.clean(_words(reasons[-1])), self._access.endpoint
        if _any(reasons, requests.exceptions.SSLError) and "EOF" not in text:
            return _tls_failure(command, reasons, text)
        if _any(reasons, ConnectTimeoutError):  # every failure to connect, in urllib3's tree
            return NeverSent(command, f"no connection to {endpoint}: {text}")
        if _any(reasons, requests.exceptions.Timeout, ReadTimeoutError):
            return TimedOut(command, f"no answer from {endpoint} within {self._access.timeout:g} s")
        if _any(reasons, requests.exceptions.ProxyError):
            return NeverSent(command, f"the proxy gave no connection to {endpoint}: {text}")
        if _any(reasons, MaxRetryError):  # a read that Retry has repeated
            return Unreachable(command, f"the connection to {endpoint} broke {ATTEMPTS} times: {text}")
        return BrokenReply(command, f"the connection to {endpoint} broke: {text}")


class NeverSent(Unreachable):
    """No connection came about: CloudStack did not see the call."""


class BrokenReply(Unreachable):
    """The connection broke after the call had been sent: CloudStack may have acted on it."""


def _tls_failure(command: str, reasons: list[BaseException], text: str) -> CloudStackError:
    certificate = next((reason for reason in reasons if isinstance(reason, ssl.SSLCertVerificationError)), None)
    if certificate is not None:
        return TlsRefused(command, f"the server's certificate was not accepted: {certificate.verify_message}")
    if "WRONG_VERSION_NUMBER" in text:
        return TlsRefused(command, "the server does not speak TLS at this port; is the URL http://?")
    return TlsRefused(command, f"TLS failed: {text}")


def _reasons(error: BaseException) -> Iterator[BaseException]:
    """Yield ``error`` and what lies under it, outermost first.

    An error of ours is none of its reasons: it is of an earlier call, where this one was made while that was handled.
    """
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and not isinstance(current, CloudStackError):
        seen.add(id(current))
        yield current
        inner = getattr(current, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((part for part in current.args if isinstance(part, BaseException)), None)
        current = inner or current.__cause__ or current.__context__


def _any(reasons: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(reason, kinds) for reason in reasons)


def _words(reason: BaseException) -> str:
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return str(reason) or type(reason).__name__
