"""Every form of every plan, whole, against a golden file; UPDATE_GOLDEN=1 writes them anew."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.console import Console

from cloudstack_pins import review as package
from cloudstack_pins.review import Review, print_review, to_html, to_json, to_markdown

PLANS = Path(__file__).parent / "plans"
# Those of OpenTofu are held to be judged alike, by test_made_plans.
NAMES = sorted(f"{folder}/{path.stem}" for folder in ("made", "real") for path in (PLANS / folder).glob("*.json"))
SCHEMA: dict[str, Any] = json.loads((Path(package.__file__).parent / "review.schema.json").read_text(encoding="utf-8"))
Reviewed = Callable[..., Review]
Golden = Callable[[str, str], None]


def terminal(review: Review) -> str:
    stream = io.StringIO()
    print_review(review, Console(file=stream, width=100, color_system=None, highlight=False))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


FORMS = {"md": to_markdown, "json": to_json, "html": to_html, "txt": terminal}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NAMES)
def test_each_form_of_each_plan_is_as_golden(name: str, form: str, reviewed: Reviewed, golden: Golden) -> None:
    golden(f"{name}.{form}", FORMS[form](reviewed(name)))


@pytest.mark.parametrize("name", NAMES)
def test_equal_input_gives_equal_bytes(name: str, reviewed: Reviewed) -> None:
    assert to_markdown(reviewed(name)) == to_markdown(reviewed(name))


@pytest.mark.parametrize("name", NAMES)
def test_json_keeps_to_its_published_schema(name: str, reviewed: Reviewed) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(to_json(reviewed(name))), SCHEMA)


def test_first_line_is_the_verdict_and_one_line_marks_the_comment(reviewed: Reviewed) -> None:
    lines = to_markdown(reviewed("real/no-changes")).splitlines()

    assert lines[0] == "### ✅ no changes, 6 pins stay as before: safe to merge"
    assert [line for line in lines if line.startswith("<!--")] == ["<!-- cloudstack-pins review: fin -->"]


def test_no_change_reminds_of_what_terraform_cannot_see(reviewed: Reviewed) -> None:
    assert "`cloudstack-pins status`" in to_markdown(reviewed("real/no-changes"))
    assert "`cloudstack-pins status`" in terminal(reviewed("real/no-changes"))


def test_several_plans_make_one_comment_with_a_row_per_stack(reviewed: Reviewed, golden: Golden) -> None:
    review = reviewed("made/rotation", "real/in-place-offering-and-name")

    text = to_markdown(review)

    golden("several.md", text)
    golden("several.html", to_html(review))
    assert text.splitlines()[0].endswith("refused for 1 reason")
    assert "| `fin` | pins 0 templates" in text
    assert "| `sandbox` | " in text
    assert "<!-- cloudstack-pins review: fin,sandbox -->" in text
    assert "| `PS0 (fin)` | - |" in text and "| `PS0 (sandbox)` | 2 GiB |" in text


def test_the_comment_is_found_again_whatever_the_plan_does(reviewed: Reviewed) -> None:
    markers = {to_markdown(reviewed(f"real/{name}")).splitlines()[2] for name in ("create", "no-changes", "destroy")}

    assert markers == {"<!-- cloudstack-pins review: fin -->"}
