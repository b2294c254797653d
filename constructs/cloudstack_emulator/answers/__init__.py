"""Entities as the API sends them: field names, order and types of a real CloudStack's answers."""

from __future__ import annotations
