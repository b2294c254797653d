"""Names from outside are shown and never obeyed, whatever they are."""

from __future__ import annotations

import io
import re
import unicodedata
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.console import Console

from cloudstack_pins.plain import plain
from cloudstack_pins.review import Policy, Review, judge, print_review, to_html, to_json, to_markdown
from cloudstack_pins.review.escaping import code, text
from cloudstack_pins.review.plan import (
    Drift,
    OtherChange,
    PinChange,
    PinState,
    Plan,
    PoolFact,
    StackFacts,
    TemplateFact,
)
from cloudstack_pins.review.policy import Waiver

TODAY = date(2026, 11, 28)
NASTY = [
    "|", "`", "``` ", "</details>", "</code>", "<script>alert(1)</script>", "@admin", "@org/team", "#1",
    "GH-1", "\n\n# h",
    "a\n| b |", "-->", "<!--", "--", "![x](http://evil.example)", "[x](javascript:alert(1))", "http://evil.example",
    "www.evil.example", "a@b.example", "**b**", "_i_", "~~s~~", "<img src=x onerror=alert(1)>", "&lt;b&gt;",
    "&#64;admin",
    "\\|", "\\`", "$x$", "$`x`$", ":tada:", "\x1b[31mred", "\u202egnp.exe", "\u200b", " ", "|`</code>@a|",
    "{{ 7*7 }}",
    "[bold]x[/bold]", "]]>", "\x00", "\ufeff", "é", "模板", "a" * 5000, "|" * 5000, '" onmouseover="alert(1)',
]  # fmt: skip
names = st.one_of(
    st.text(min_size=1, max_size=40), st.lists(st.sampled_from(NASTY), min_size=1, max_size=4).map("".join)
)


def hostile(name: str, *, pools: int = 0) -> Review:
    """A review in which everything that comes from outside bears the name; ``pools`` more pools than two."""

    def state(pool: str | None, identity: str, template: str = name) -> PinState:
        return PinState(
            set_name=name, template=template, storage_tag=name, pool=pool, revision=identity, template_id=identity
        )

    def pin(number: int, *actions: str, before: PinState | None, after: PinState | None) -> PinChange:
        address = f"cloudstack_instance.pin[{number}][{name}]"
        return PinChange(address=address, actions=actions, changed=(name,), before=before, after=after, reason=name)

    zero, one = f"0{name}", f"1{name}"
    plan = Plan(
        source=f"{name}.json",
        terraform_version=name,
        pins=(
            pin(0, "create", "delete", before=state(zero, "old"), after=state(zero, "new")),
            pin(1, "update", before=state(one, "old"), after=state(one, "old")),
            pin(2, "delete", before=state(None, "gone", f"2{name}"), after=None),
            pin(3, "forget", before=state(one, "kept"), after=None),
            *(
                pin(number, "create", before=None, after=state(f"{number}{name}", "new"))
                for number in range(10, 10 + pools)
            ),
        ),
        others=(OtherChange(address=name, type=name, actions=("create",), reason=name),),
        drift=(Drift(address=name, actions=("delete",), changed=(name,), state=state(zero, "old")),),
        half_tagged=(name,),
        failed_checks=(name,),
        facts=StackFacts(
            pools={zero: PoolFact(id="p0", name=zero), one: PoolFact(id="p1", name=one)},
            templates={"old": TemplateFact(key=name, name=name, size=2**30), "new": TemplateFact(key=name, name=name)},
        ),
    )
    waiver = Waiver(id="half-tagged", reason=name, until=TODAY)
    policy = Policy(waivers=(waiver,), allowed_storage_tags=frozenset({f"x{name}"}))
    return judge([plan], policy=policy, today=TODAY)


MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def tokens(markdown: str) -> list[Token]:
    flat: list[Token] = []
    for token in MARKDOWN.parse(markdown):
        flat += [token, *(token.children or ())]
    return flat


def skeleton(markdown: str) -> list[str]:
    """The structure alone: names are code, in one of its two ways, and text around them."""
    kinds = [f"{token.type}:{token.content if token.type == 'html_block' else ''}" for token in tokens(markdown)]
    names = ("code_inline:", "html_inline:", "text:")
    # Sorted, because rows and columns are in the order of names.
    return sorted(kind for kind in kinds if kind not in names and not kind.startswith("html_block:<!-- cloudstack"))


BENIGN = hostile("benign")
BENIGN_COMMENT = skeleton(to_markdown(BENIGN))
WIDE_COMMENT = skeleton(to_markdown(hostile("benign", pools=20), budget=10**9))


@settings(max_examples=30, deadline=None)
@given(name=names)
@example(name="|`</details>\n# @admin")
@example(name="a" * 5000)
def test_no_name_changes_the_structure_of_the_comment(name: str) -> None:
    text = to_markdown(hostile(name))

    assert skeleton(text) == BENIGN_COMMENT
    assert not re.search(r"@\w", text)
    inline = {token.content for token in tokens(text) if token.type == "html_inline"}
    assert inline <= {"<code>", "</code>"}
    assert [token for token in tokens(text) if token.type in ("link_open", "image")] == []
    assert len([line for line in text.splitlines() if line.startswith("<!--")]) == 1


@settings(max_examples=100, deadline=None)
@given(name=names)
@pytest.mark.parametrize("filtered", [code, text])
def test_a_name_stays_in_its_cell_and_is_shown(name: str, filtered: Any) -> None:
    found = tokens(f"| a | b |\n| --- | --- |\n| x {filtered(name)} | y |\n")

    cells = [token for token in found if token.type == "inline"]
    assert [cell.content for cell in cells[:2]] == ["a", "b"]
    assert len(cells) == 4
    assert cells[3].content == "y"
    shown = "".join(token.content for token in cells[2].children or () if token.type in ("text", "code_inline"))
    expected = plain(name)
    if len(expected) <= 160 and expected.strip() == expected != "":
        assert shown.replace("\u200b", "") == f"x {expected}".replace("\u200b", "")


def test_no_name_changes_the_structure_of_the_long_table() -> None:
    for name in ["".join(NASTY[:12]), "|`</code>@a|", "\n\n# h"]:
        text = to_markdown(hostile(name, pools=20), budget=10**9)
        assert skeleton(text) == WIDE_COMMENT


class Skeleton(HTMLParser):
    """The tags of a page with the names of their attributes, and its text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(f"{tag} {' '.join(name for name, _ in attrs)}")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def page(html: str) -> Skeleton:
    parser = Skeleton()
    parser.feed(html)
    parser.close()
    return parser


BENIGN_PAGE = sorted(page(to_html(BENIGN)).tags)


@settings(max_examples=40, deadline=None)
@given(name=names)
def test_no_name_changes_the_structure_of_the_page(name: str) -> None:
    found = page(to_html(hostile(name)))

    assert sorted(found.tags) == BENIGN_PAGE
    assert plain(name) in "".join(found.words)


@settings(max_examples=40, deadline=None)
@given(name=names)
def test_a_terminal_obeys_no_name(name: str) -> None:
    stream = io.StringIO()

    print_review(hostile(name), Console(file=stream, width=120, color_system=None, highlight=False))

    output = stream.getvalue().replace("\n", "")
    assert {unicodedata.category(character) for character in output} & {"Cc", "Cf", "Cs"} == set()


@settings(max_examples=20, deadline=None)
@given(name=names)
def test_the_json_form_holds_any_name(name: str) -> None:
    to_json(hostile(name)).encode("utf-8")


@pytest.mark.parametrize("stacks", [1, 3, 60])
def test_the_comment_keeps_to_its_budget_with_verdict_and_danger(stacks: int) -> None:
    plan = hostile("|" * 100).stacks[0].plan
    review = judge([plan] * stacks, today=TODAY)

    text = to_markdown(review)

    assert len(text) <= 65_000
    assert text.splitlines()[0].endswith(review.verdict)
    assert "Left out for length" in text or stacks == 1


@pytest.mark.parametrize("budget", [65_000, 20_000, 12_000, 8_000, 6_000])
def test_details_go_first_then_rows_and_danger_stays(budget: int) -> None:
    text = to_markdown(BENIGN, budget=budget)

    assert all(finding.id in text for finding in BENIGN.danger)
    assert all(finding.repair in text for finding in BENIGN.danger)
    assert len(text) <= budget or "<details>" not in text


@pytest.mark.parametrize("form", [to_markdown, to_html, to_json])
def test_an_empty_name_is_no_trouble(form: Any) -> None:
    assert form(hostile(""))
