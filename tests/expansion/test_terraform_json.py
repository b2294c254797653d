from __future__ import annotations

import json
import math
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudstack_pins.errors import ExpansionError
from cloudstack_pins.terraform_json import escaped, literal, normalised, plain_value, rendered, unescaped
from tests.terraform_cli import Terraform

JSON = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
CURLY = st.text(alphabet='$%{}~"\\a\n ')


class Colour(Enum):
    RED = "red"


@given(JSON)
def test_what_json_knows_stays_as_it_is(value: Any) -> None:
    assert normalised(value) == value
    assert json.loads(json.dumps(normalised(value), allow_nan=False)) == value


@given(JSON)
def test_literal_text_comes_back_as_it_was(value: Any) -> None:
    assert plain_value(literal(value)) == value


@given(CURLY)
def test_escaping_can_be_undone(text: str) -> None:
    assert unescaped(escaped(text)) == text


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(math.nan, id="NaN"),
        pytest.param(math.inf, id="infinity"),
        pytest.param(-math.inf, id="minus infinity"),
        pytest.param(2**53 + 1, id="a number that jsii rounds"),
        pytest.param({"a"}, id="set"),
        pytest.param(b"a", id="bytes"),
        pytest.param(Path("a"), id="path"),
        pytest.param(Decimal(1), id="decimal"),
        pytest.param(Colour.RED, id="enum"),
        pytest.param(object(), id="object"),
        pytest.param({1: "a"}, id="name that is no text"),
        pytest.param([None], id="None in a list"),
        pytest.param("\ud800", id="half a character"),
    ],
)
def test_what_cannot_be_terraform_json_is_refused_with_its_place(value: Any) -> None:
    with pytest.raises(ExpansionError, match=r"^stack\.deep\.0"):
        normalised({"deep": [value]})


def test_tuples_become_lists_and_none_is_left_out() -> None:
    assert normalised({"a": (1, 2), "b": None}) == {"a": [1, 2]}


def test_text_has_sorted_names_and_ends_in_a_line_break() -> None:
    assert rendered({"b": 1, "a": "é"}) == '{\n  "a": "é",\n  "b": 1\n}\n'


@pytest.mark.terraform
def test_terraform_reads_escaped_text_literally(offline_terraform: Terraform) -> None:
    texts = ["${a}", "$${a}", "$$${a}", "%{if}", "%%{if}", "%%%{if}", "$", "${", "%${a}", '"${a}"', "\\${a}", "$$$${"]
    outputs = {f"o{number}": {"value": escaped(text)} for number, text in enumerate(texts)}
    offline_terraform.write({"output": outputs, "terraform": {"backend": {"local": {}}}})
    offline_terraform.apply().checked()
    said = json.loads(offline_terraform.run("output", "-json").output)
    assert [said[f"o{number}"]["value"] for number in range(len(texts))] == texts
