"""Fixtures that every part's tests share."""

from __future__ import annotations

pytest_plugins = ["tests.terraform_cli"]
