"""Where this checkout keeps what is expensive to get: the user's cache folder, shared by all checkouts."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return ``$XDG_CACHE_HOME/cloudstack-pins``, by default ``~/.cache/cloudstack-pins``."""
    base = environ.get("XDG_CACHE_HOME") or ""
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "cloudstack-pins"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time pass; the system lets go of the lock when a process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
