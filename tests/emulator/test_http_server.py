"""The bare HTTP: keep-alive, odd requests, names in Host, a clean end."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from urllib.parse import urlencode, urlsplit

import pytest

from cloudstack_emulator import Emulator
from tests.emulator.stage import signed


def exchange(emulator: Emulator, request: bytes) -> bytes:
    """Send bytes and read to the end."""
    url = urlsplit(emulator.endpoint)
    with socket.create_connection((url.hostname, url.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


def test_one_connection_serves_many_calls(emulator: Emulator) -> None:
    url = urlsplit(emulator.endpoint)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)
    try:
        ports = set()
        for method in ("GET", "POST", "GET"):
            form = urlencode(signed(emulator.root, {"command": "listZones"}))
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            path = url.path if method == "POST" else f"{url.path}?{form}"
            connection.request(method, path, body=form if method == "POST" else None, headers=headers)
            reply = connection.getresponse()
            assert reply.status == 200
            reply.read()
            ports.add(connection.sock.getsockname()[1])
    finally:
        connection.close()
    assert len(ports) == 1


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(b"hello\r\n\r\n", b"400", id="no HTTP"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"400", id="foreign host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: localhost:1\r\n\r\n", b"404", id="another path"),
        pytest.param(b"POST /client/api HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"400", id="no length"),
        pytest.param(b"POST /client/api HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", b"400", id="short body"),
        pytest.param(b"POST /client/api HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"400", id="chunked"),
        pytest.param(b"GET /client/api HTTP/1.1\r\nbroken\r\n\r\n", b"400", id="broken header"),
        pytest.param(b"GET /client/api HTTP/1.1\r\n\r\n", b"401", id="no key"),
        pytest.param(b"GET /client/api?ids=" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", b"414", id="long address"),
        pytest.param(b"GET /client/api HTTP/1.1\r\nX-Y: " + b"x" * 9000 + b"\r\n\r\n", b"431", id="long headers"),
    ],
)
def test_odd_requests_are_answered(emulator: Emulator, request_bytes: bytes, status: bytes) -> None:
    assert exchange(emulator, request_bytes).split(b" ")[1] == status


def test_stopping_ends_open_connections_and_threads() -> None:
    before = set(threading.enumerate())
    with Emulator() as emulator:
        url = urlsplit(emulator.endpoint)
        idle = [socket.create_connection((url.hostname, url.port), timeout=10) for _ in range(5)]
    for connection in idle:
        # One that was not accepted yet is reset instead of closed.
        with connection, contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""
    assert set(threading.enumerate()) <= before
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((url.hostname, url.port), timeout=1).close()


def test_a_stopped_emulator_leaves_its_port_to_the_next(emulator: Emulator) -> None:
    with Emulator() as first:
        port = urlsplit(first.endpoint).port or 0
    with Emulator(port=port) as second:
        assert urlsplit(second.endpoint).port == port
        assert second.call("listZones")["count"] == 1


def test_a_taken_port_is_an_error_at_once(emulator: Emulator) -> None:
    with pytest.raises(OSError, match="in use"):
        Emulator(port=urlsplit(emulator.endpoint).port or 0)
