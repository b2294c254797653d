"""One name as a terminal and the runner of a pipeline see it."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudstack_pins.json_text import json_text
from cloudstack_pins.plain import plain

COMMANDS = [
    *("add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "internal-set-repo-path"),
    *("notice", "remove-matcher", "save-state", "set-env", "set-output", "stop-commands", "warning"),
]


@pytest.mark.parametrize(
    "name",
    [
        "Debian 12 (x86_64)",
        "nfs://[fe80::1]/exports",
        "std::vector",
        "a::b",
        "# h",
        "## h",
        "C#",
        "ä 模板 🙂",
        "",
        "::",
        "[x]",
    ],
)
def test_an_ordinary_name_stays_as_it_is(name: str) -> None:
    assert plain(name) == name


def obeyed(line: str) -> list[str]:
    """The commands that GitHub's runner finds in a line of a log, by its two grammars."""
    second = re.match(r"\s*::([^ :]+)[^:]*(?::[^:]+)*::", line)
    return [
        *re.findall(r"##\[([^\] ]+)", line),
        *(found for found in [second and second[1]] if str(found).lower() in COMMANDS),
    ]


@pytest.mark.parametrize("command", [*COMMANDS, "ERROR"])
@pytest.mark.parametrize("before", ["", "a ", ":", "::", "#", "##", "\n", "\u200b", "\x1b[0m"])
def test_no_runner_obeys_a_name_wherever_a_table_folds_it(command: str, before: str) -> None:
    for name in (f"{before}::{command}::told", f"{before}::{command} file=a::told", f"{before}##[{command}]told"):
        shown = plain(name)
        assert [found for start in range(len(shown)) for found in obeyed(shown[start:])] == []
        assert "told" in shown
    assert obeyed(f"::{command}::told") == [command]


@given(st.text())
def test_what_is_shown_is_one_line_of_what_people_see_and_stays_so(text: str) -> None:
    shown = plain(text)
    assert {unicodedata.category(character) for character in shown} & {
        "Cc",
        "Cf",
        "Cs",
        "Co",
        "Cn",
        "Zl",
        "Zp",
    } == set()
    assert plain(shown) == shown


@given(st.recursive(st.text(alphabet='#`[\\"a\n'), st.lists))
def test_json_keeps_what_it_holds_and_nothing_obeys_it(document: object) -> None:
    text = json_text(document)
    assert json.loads(text) == document
    assert not re.search("##|```", text)


@pytest.mark.parametrize("name", ["```", "````", "a\n```\n@org/team", "`````````"])
def test_no_name_ends_the_code_block_that_shows_it(name: str) -> None:
    assert "```" not in plain(name)
