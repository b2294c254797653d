"""The constructs: the only part of the package that imports cdktf or cdktn."""

from __future__ import annotations
