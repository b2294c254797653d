"""Status: what is pinned now, against what is declared: gather -> judge (pure) -> render."""

from __future__ import annotations
