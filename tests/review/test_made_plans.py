"""The plans in ``plans/made/`` are what the real Terraform, the real provider and this library make today."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cloudstack_pins.review import judge, parse_plan, to_json
from tests.review.make_plans import MADE, OPENTOFU, SCENARIOS, make


@pytest.mark.parametrize("made", [MADE, OPENTOFU], ids=lambda folder: folder.name)
def test_every_scenario_has_its_plan_and_no_plan_is_left_over(made: Path) -> None:
    assert {path.stem for path in made.glob("*.json")} == set(SCENARIOS)


def reviewed(path: Path) -> Any:
    with path.open("rb") as file:
        document = json.loads(to_json(judge([parse_plan(file, source="plan.json")], today=date(2026, 11, 28))))
    for stack in document["stacks"]:
        assert stack.pop("terraform_version")
    return document


@pytest.mark.parametrize("name", sorted(set(SCENARIOS) - {"targeted"}))
def test_a_plan_of_opentofu_is_reviewed_as_that_of_terraform(name: str) -> None:
    assert reviewed(OPENTOFU / f"{name}.json") == reviewed(MADE / f"{name}.json")


def test_a_plan_of_some_targets_is_refused_although_opentofu_does_not_say_that_it_is_incomplete() -> None:
    found = [
        {
            finding["id"]
            for finding in reviewed(folder / "targeted.json")["findings"]
            if finding["severity"] == "refused"
        }
        for folder in (MADE, OPENTOFU)
    ]
    assert found == [{"activation-missing", "plan-incomplete"}, {"activation-missing"}]


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
