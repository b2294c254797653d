"""A small HTTP/1.1 server with keep-alive: one thread a connection, closed for good within milliseconds.

The standard library's server parses headers with the e-mail package and needs half a second to shut down; an emulator
that hundreds of tests start and stop needs neither, and injected failures need the bare socket.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl

log = logging.getLogger(__name__)

MAX_HEAD = 8192
"""Request line and headers together, as CloudStack's Jetty is set: longer lists of ids have to be sent in parts."""
MAX_BODY = 16 * 1024 * 1024
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]", "::1")


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """A parsed request; ``parameters`` come from the query and a form body, in order, names as sent."""

    method: str
    path: str
    headers: dict[str, str]
    parameters: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class HttpReply:
    """An answer; ``cut`` closes the connection "before" or "amid" the sending; ``delay`` in real seconds."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)
    cut: str | None = None
    delay: float = 0.0


class BadRequest(Exception):
    """What was sent is not HTTP that is understood here."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


class HttpServer:
    """Serves ``handler`` on a loopback port until ``close``."""

    def __init__(self, handler: Callable[[HttpRequest], HttpReply], *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._handler = handler
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind((host, port))
            self._listener.listen(512)
        except OSError:
            self._listener.close()
            raise
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._closing = threading.Event()
        self._acceptor = threading.Thread(target=self._accept, name="cloudstack-emulator-accept", daemon=True)

    def start(self) -> None:
        """Begin to accept connections."""
        self._acceptor.start()

    def close(self) -> None:
        """Close the listener and every connection, and wait for their threads."""
        self._closing.set()
        # shutdown() wakes a blocked accept(); close() alone would not.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            open_now = list(self._connections.items())
        for connection, _ in open_now:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        if self._acceptor.is_alive():
            self._acceptor.join(timeout=5)
        for _, thread in open_now:
            thread.join(timeout=5)

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                if self._closing.is_set():
                    return
                time.sleep(0.01)  # out of file descriptors: others have to end first
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=(connection,), name="cloudstack-emulator", daemon=True)
            with self._lock:
                if self._closing.is_set():
                    connection.close()
                    return
                self._connections[connection] = thread
                # Started under the lock: close() joins only threads that run.
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as stream:
                while not self._closing.is_set() and self._exchange(connection, stream):
                    pass
        except (OSError, ValueError):
            log.debug("a connection broke", exc_info=True)
        finally:
            with self._lock:
                self._connections.pop(connection, None)

    def _exchange(self, connection: socket.socket, stream: object) -> bool:
        """Read one request and answer it; False ends the connection."""
        try:
            request = _read(stream, connection)
        except BadRequest as error:
            reply = HttpReply(status=error.status, body=str(error).encode(), content_type="text/plain")
            connection.sendall(_head(reply, len(reply.body), keep=False) + reply.body)
            return False
        if request is None:
            return False
        try:
            reply = self._handler(request)
        except Exception:
            log.exception("a request broke the emulator")
            reply = HttpReply(status=500, body=b"the emulator broke; see its log", content_type="text/plain")
        if reply.delay:
            self._closing.wait(reply.delay)
        return self._send(connection, request, reply)

    def _send(self, connection: socket.socket, request: HttpRequest, reply: HttpReply) -> bool:
        if reply.cut == "before":
            _reset(connection)
            return False
        keep = request.headers.get("connection", "").lower() != "close"
        head = _head(reply, len(reply.body), keep=keep)
        if reply.cut == "amid":
            connection.sendall(head + reply.body[: len(reply.body) // 2])
            _reset(connection)
            return False
        connection.sendall(head if request.method == "HEAD" else head + reply.body)
        return keep


def _reset(connection: socket.socket) -> None:
    """Make the coming close a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _head(reply: HttpReply, length: int, *, keep: bool) -> bytes:
    reason = HTTPStatus(reply.status).phrase if reply.status in HTTPStatus._value2member_map_ else "CloudStack Error"
    lines = [f"HTTP/1.1 {reply.status} {reason}", f"Content-Type: {reply.content_type}", f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    lines.append(f"Connection: {'keep-alive' if keep else 'close'}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _read(stream: object, connection: socket.socket) -> HttpRequest | None:
    """The next request, or None at the end of the connection."""
    readline = stream.readline  # type: ignore[attr-defined]
    line = readline(MAX_HEAD + 1)
    if not line or not line.strip():
        return None
    size = len(line)
    if size > MAX_HEAD:
        raise BadRequest("URI Too Long", 414)
    parts = line.decode("latin-1").split()
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequest("this is no HTTP/1.1 request")
    headers: dict[str, str] = {}
    while (line := readline(MAX_HEAD + 1)) not in (b"\r\n", b"\n", b""):
        size += len(line)
        if size > MAX_HEAD:
            raise BadRequest("Request Header Fields Too Large", 431)
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or len(headers) > 200:
            raise BadRequest("a header is malformed")
        headers[name.strip().lower()] = value.strip()
    _refuse_foreign_host(headers)
    body = _read_body(stream, headers, connection)
    path, _, query = parts[1].partition("?")
    parameters = parse_qsl(query, keep_blank_values=True)
    if headers.get("content-type", "").partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        parameters += parse_qsl(body.decode("latin-1"), keep_blank_values=True)
    return HttpRequest(method=parts[0].upper(), path=path, headers=headers, parameters=parameters, body=body)


def _refuse_foreign_host(headers: dict[str, str]) -> None:
    """A page in a browser must not reach the control endpoint through a name that it made point here."""
    host = headers.get("host", "localhost")
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    if name.lower() not in LOOPBACK_NAMES:
        raise BadRequest("only loopback names are served")


def _read_body(stream: object, headers: dict[str, str], connection: socket.socket) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        raise BadRequest("a chunked body is not understood; send Content-Length")
    try:
        length = int(headers.get("content-length", "0"))
    except ValueError:
        raise BadRequest("Content-Length is no number") from None
    if not 0 <= length <= MAX_BODY:
        raise BadRequest(f"the body may have at most {MAX_BODY} bytes")
    if headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body: bytes = stream.read(length)  # type: ignore[attr-defined]
    if len(body) < length:
        raise BadRequest("the body ended early")
    return body
