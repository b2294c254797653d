"""Who holds a lease: named so that people find the process, and that a dead one on this machine is known at once."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_SHAPE = re.compile(r"(?P<host>[A-Za-z0-9._-]+)/(?P<place>[0-9a-f]{8})/(?P<pid>[0-9]+)/(?P<nonce>[0-9a-f]{8})")


@dataclass(frozen=True, kw_only=True)
class Holder:
    """One activation; ``place`` tells two machines or containers of one host name apart, ``nonce`` two activations."""

    host: str
    place: str
    pid: int
    nonce: str

    def __str__(self) -> str:
        """Return the form that ``parse`` reads."""
        return f"{self.host}/{self.place}/{self.pid}/{self.nonce}"

    @classmethod
    def here(cls) -> Self:
        """Return a new holder for this process."""
        host = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:40] or "unnamed"
        return cls(host=host, place=_place(), pid=os.getpid(), nonce=secrets.token_hex(4))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read ``str(holder)``; None for anything else."""
        found = _SHAPE.fullmatch(text)
        if found is None:
            return None
        return cls(host=found["host"], place=found["place"], pid=int(found["pid"]), nonce=found["nonce"])

    def is_dead(self) -> bool:
        """Whether it ran here and its process is gone; False where that cannot be known."""
        if self.place != _place():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except (PermissionError, OverflowError):
            return False
        return False


def _place() -> str:
    """Return what differs wherever process ids mean something else: host, boot and process namespace."""
    parts = [socket.gethostname(), _read("/proc/sys/kernel/random/boot_id"), _namespace()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
