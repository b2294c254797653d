"""Where this checkout keeps what is expensive to get: the user's cache folder, shared by all checkouts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return ``$XDG_CACHE_HOME/cloudstack-pins``, by default ``~/.cache/cloudstack-pins``."""
    base = environ.get("XDG_CACHE_HOME") or ""
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "cloudstack-pins"
