"""What --write does to a pins.toml: what was advised, and nothing else."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudstack_pins import declaration
from cloudstack_pins.errors import DeclarationError
from cloudstack_pins.suggest.edit import edited
from cloudstack_pins.suggest.judge import Advice, Suggestion
from tests.suggest.declarations import ACTIVATION, HEAD, STORAGE_TAGS, TAGS, Written, documents
from tests.suggest.generated import some

PATH = Path("stacks/sandbox/pins.toml")


def suggestion(advice: Advice, tag: str, *, key: str | None = None, name: str = "") -> Suggestion:
    return Suggestion(
        template=name or f"T {key}",
        key=key,
        storage_tag=tag,
        deploys=9,
        accounts=3,
        earned=True,
        cold_share=0.5,
        gib=1.0,
        seconds_saved=1.0,
        advice=advice,
        reason="so",
    )


def written(text: str, *suggestions: Suggestion) -> str:
    return edited(text, suggestions, PATH)


def tags_in(text: str) -> dict[str, list[str]]:
    return {key: entry["storage_tags"] for key, entry in tomllib.loads(text).get("templates", {}).items()}


@st.composite
def plans(draw: st.DrawFn) -> tuple[Written, list[Suggestion]]:
    made = draw(documents())
    advice = []
    for key, tags in made.tags.items():
        for tag in TAGS:
            choices: list[Advice] = ["keep", "drop"] if tag in tags else ["leave", "add"]
            advice.append(suggestion(draw(st.sampled_from(choices)), tag, key=key))
    for name in draw(
        st.lists(st.sampled_from(["New one", "new-one", 'Odd "name" \\', "日本"]), max_size=3, unique=True)
    ):
        advice += [
            suggestion("add", tag, name=name) for tag in draw(st.lists(st.sampled_from(TAGS), min_size=1, unique=True))
        ]
    return made, draw(st.permutations(advice))


@some
@given(plans(), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "\ufeff"]))
def test_the_file_says_what_was_advised_and_keeps_every_comment_and_the_order(
    plan: tuple[Written, list[Suggestion]], line_end: str, mark: str
) -> None:
    made, advice = plan
    before = mark + made.text.replace("\n", line_end)

    after = edited(before, advice, PATH)

    assert declaration.parse(after.removeprefix("\ufeff"), PATH).templates.keys() == tags_in(plain(after)).keys()
    wanted = expected(made, advice)
    found = tags_in(plain(after))
    assert {key: set(tags) for key, tags in found.items() if key in made.tags} == wanted
    new = [set(tags) for key, tags in found.items() if key not in made.tags]
    assert sorted(map(sorted, new)) == sorted(map(sorted, additions(advice).values()))
    assert [key for key in found if key in made.tags] == [key for key in in_order(made.text) if key in wanted]
    kept = [comment for comment, about in made.comments if is_kept(about, wanted)]
    places = [after.find(comment) for comment in sorted(kept, key=before.find)]
    assert -1 not in places and places == sorted(places)
    assert after.startswith(mark) and ("\r\n" in after) == (line_end == "\r\n")
    for fixed in (HEAD, STORAGE_TAGS, ACTIVATION.rstrip()):
        for line in fixed.split("\n"):
            assert line in plain(after)
    assert settled(after, advice) == after


def plain(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def in_order(text: str) -> list[str]:
    return list(tags_in(text))


def expected(made: Written, advice: Iterable[Suggestion]) -> dict[str, set[str]]:
    tags = {key: set(tags) for key, tags in made.tags.items()}
    for one in advice:
        if one.key is not None and one.advice == "add":
            tags[one.key].add(one.storage_tag)
        elif one.key is not None and one.advice == "drop":
            tags[one.key].discard(one.storage_tag)
    return {key: left for key, left in tags.items() if left}


def additions(advice: Iterable[Suggestion]) -> dict[str, set[str]]:
    new: dict[str, set[str]] = {}
    for one in advice:
        if one.key is None:
            new.setdefault(one.template, set()).add(one.storage_tag)
    return new


def is_kept(about: str | None, wanted: dict[str, set[str]]) -> bool:
    if about is None:
        return True
    key, _, tag = about.partition("/")
    return key in wanted and (not tag or tag in wanted[key])


def settled(text: str, advice: Iterable[Suggestion]) -> str:
    """What the same advice makes of the text a second time, seen by its names as the next run would."""
    keys = {entry.name: key for key, entry in declaration.parse(plain(text), PATH).templates.items()}
    again = [
        suggestion(
            one.advice, one.storage_tag, key=one.key if one.key is not None else keys[one.template], name=one.template
        )
        for one in advice
    ]
    return edited(text, again, PATH)


TOML = HEAD + STORAGE_TAGS


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            """
# Everyone's default.
[templates.debian]
storage_tags = [
    "gold",   # fast
    "silver", # slow
]

# The HPC team's.
[templates.rocky]
storage_tags = ["gold"]

# Slowly.
[activation]
max_parallel = 2
""",
            """
# Everyone's default.
[templates.debian]
storage_tags = [
    "silver", # slow
]

[templates.new-one]
template = "New one"
storage_tags = ["gold"]

# The HPC team's.

# Slowly.
[activation]
max_parallel = 2
""",
            id="tables",
        ),
        pytest.param(
            """
[templates]
# Everyone's default.
debian = { storage_tags = ["gold", "silver"] } # stays
rocky = { storage_tags = ["gold"] }            # goes

[activation]
max_parallel = 2
""",
            """
[templates]
# Everyone's default.
debian = { storage_tags = ["silver"] } # stays
new-one = { template = "New one", storage_tags = ["gold"] }

[activation]
max_parallel = 2
""",
            id="inline-tables",
        ),
        pytest.param(
            """
[templates.debian]
storage_tags = ["silver"]

[templates.rocky]
storage_tags = ["gold"]""",
            """
[templates.debian]
storage_tags = ["silver"]

[templates.new-one]
template = "New one"
storage_tags = ["gold"]
""",
            id="no-line-end",
        ),
    ],
)
def test_a_reviewer_sees_the_smallest_change(before: str, after: str) -> None:
    advice = [
        suggestion("add", "gold", name="New one"),
        suggestion("drop", "gold", key="debian"),
        suggestion("drop", "gold", key="rocky"),
    ]
    assert written(TOML + before, *advice) == TOML + after


def test_the_last_template_may_go_and_the_first_may_come() -> None:
    full = TOML + '\n[templates.debian]\nstorage_tags = ["gold"]\n'

    empty = written(full, suggestion("drop", "gold", key="debian"))

    assert empty == TOML
    assert declaration.parse(empty, PATH).templates == {}
    assert written(TOML, suggestion("add", "gold", name="debian")) == full


def test_a_key_that_is_or_was_taken_is_not_given_again() -> None:
    before = TOML + '\n[templates."new_one"]\nstorage_tags = ["gold"]\nformerly = ["new-one"]\n'

    after = written(before, suggestion("add", "gold", name="New one"), suggestion("add", "gold", name="new one"))

    assert list(tags_in(after)) == ["new_one", "new-one-2", "new-one-3"]


def test_a_name_that_has_quotes_and_controls_is_written_as_toml_wants_it() -> None:
    name = 'a "b" \\ c'
    after = written(TOML, suggestion("add", "gold", name=name))
    assert declaration.parse(after, PATH).templates["a-b-c"].name == name


def test_what_cannot_be_written_safely_is_refused_with_what_to_do_by_hand() -> None:
    with pytest.raises(DeclarationError, match="not TOML"):
        written("zone = ", suggestion("add", "gold", name="New one"))
