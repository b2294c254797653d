"""The plans in ``plans/made/`` are what the real Terraform, the real provider and this library make today."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from cloudstack_pins.review import judge, parse_plan, to_json
from tests.review.make_plans import MADE, SCENARIOS, make


def test_every_scenario_has_its_plan_and_no_plan_is_left_over() -> None:
    assert {path.stem for path in MADE.glob("*.json")} == set(SCENARIOS)


@pytest.mark.terraform
@pytest.mark.parametrize("name", ["first-apply", "rotation", "forget"])
def test_a_plan_made_afresh_is_reviewed_as_the_kept_one(
    name: str, tmp_path: Path, terraform_settings: Mapping[str, str]
) -> None:
    folder = tmp_path / "stack"
    folder.mkdir()

    afresh = make(name, folder, terraform_settings).encode()

    kept = (MADE / f"{name}.json").read_bytes()
    reviews = [
        to_json(judge([parse_plan(io.BytesIO(plan), source=f"{name}.json")], today=date(2026, 11, 28)))
        for plan in (afresh, kept)
    ]
    assert reviews[0] == reviews[1]
