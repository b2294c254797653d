"""The commands, one module each: parse, call, print."""

from __future__ import annotations
