"""One module a group of API commands; each registers its functions when it is imported."""

from __future__ import annotations
