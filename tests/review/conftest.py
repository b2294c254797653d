"""What the tests of the review share: the plans, and how a golden file is held against its text."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cloudstack_pins.review import Plan, Review, judge, parse_plan, read_plan

HERE = Path(__file__).parent
PLANS = HERE / "plans"
TODAY = date(2026, 11, 28)


@pytest.fixture
def plan() -> Callable[[str], Plan]:
    """Read a plan by its path below ``plans/``, without ``.json``."""
    return lambda name: read_plan(PLANS / f"{name}.json")


@pytest.fixture
def reviewed(plan: Callable[[str], Plan]) -> Callable[..., Review]:
    """Judge plans by name, on a fixed date."""
    return lambda *names, **options: judge([plan(name) for name in names], **{"today": TODAY, **options})


@pytest.fixture
def varied() -> Callable[..., Review]:
    """Judge a plan after an edit of its JSON."""

    def judged(name: str, edit: Callable[[dict[str, Any]], object], **options: Any) -> Review:
        document = json.loads((PLANS / f"{name}.json").read_text(encoding="utf-8"))
        edit(document)
        found = parse_plan(io.BytesIO(json.dumps(document).encode()), source=f"{Path(name).name}.json")
        return judge([found], **{"today": TODAY, **options})

    return judged


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Hold a text against ``golden/NAME``; with UPDATE_GOLDEN=1 in the environment write it instead."""

    def compare(name: str, text: str) -> None:
        path = HERE / "golden" / name
        if os.environ.get("UPDATE_GOLDEN") == "1":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        assert path.exists(), f"{path} is missing; make it with UPDATE_GOLDEN=1"
        assert text == path.read_text(encoding="utf-8"), f"{path} differs; look, then UPDATE_GOLDEN=1"

    return compare
