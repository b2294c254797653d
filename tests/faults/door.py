"""A port in front of the emulator that can be shut: connections are refused then, and open ones break."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from typing import Self
from urllib.parse import urlsplit


class Door:
    """Passes bytes to and fro while it is open, always on the same port; with a ``context`` it speaks TLS outwards."""

    def __init__(self, endpoint: str, context: ssl.SSLContext | None = None) -> None:
        self._url = urlsplit(endpoint)
        self._context = context
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self._port = 0
        self.open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()
        for thread in self._threads:
            thread.join(timeout=10)

    @property
    def endpoint(self) -> str:
        """The API by this door."""
        scheme = "http" if self._context is None else "https"
        return f"{scheme}://127.0.0.1:{self._port}{self._url.path}"

    def open(self) -> None:
        """Accept connections, if the door is shut."""
        with self._lock:
            if self._listener is not None:
                return
            listener = socket.create_server(("127.0.0.1", self._port), backlog=64)
            self._listener, self._port = listener, listener.getsockname()[1]
        self._run(self._accept, listener)

    def shut(self) -> None:
        """Refuse connections and break those that are open."""
        with self._lock:
            listener, self._listener = self._listener, None
            connections = list(self._open)
        for each in [*([listener] if listener else []), *connections]:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        if listener is not None:
            listener.close()

    def _run(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                inside, _ = listener.accept()
            except OSError:
                return
            self._run(self._serve, inside)

    def _serve(self, inside: socket.socket) -> None:
        if self._context is not None:
            try:
                inside = self._context.wrap_socket(inside, server_side=True)
            except OSError:  # the caller does not like the certificate
                inside.close()
                return
        with inside, socket.create_connection((self._url.hostname or "", self._url.port or 0)) as outside:
            with self._lock:
                self._open |= {inside, outside}
            back = threading.Thread(target=_pass, args=(outside, inside), daemon=True)
            back.start()
            _pass(inside, outside)
            back.join(timeout=10)
            with self._lock:
                self._open -= {inside, outside}


def _pass(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
