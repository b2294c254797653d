"""Units of bytes."""

from __future__ import annotations

GIB = 1024**3
TIB = 1024**4
