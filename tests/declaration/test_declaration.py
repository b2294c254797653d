from __future__ import annotations

import json
from pathlib import Path

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudstack_pins import declaration
from cloudstack_pins.declaration import Declaration, KeepPrevious, StorageTagEntry, TemplateEntry
from cloudstack_pins.errors import DeclarationError
from cloudstack_pins.model import Activation
from cloudstack_pins.terraform_settings import Backend, Cloud

SANDBOX = Path(__file__).parents[2] / "stacks" / "sandbox"
HEAD = 'zone = "z"\nnetwork = "n"\n'
TAGGED = HEAD + "[storage_tags.gold]\n"
WHOLE = """
zone = "Sandbox-simulator"
network = "pins-l2"
owner = "system"
enabled = false
expunge = false

[storage_tags.gold]
service_offering = "pin-gold"
coverage = "every-pool"
exclude_pools = ["PS1"]
formerly = ["or"]

[storage_tags.fast]
storage_type = "local"

[storage_tags.any]
service_offering = "small"
coverage = "any-pool"

[templates.debian-12]
template = "Debian 12 (x86_64)"
storage_tags = ["gold", "fast"]
formerly = ["debian"]

[templates."Rocky 9"]
storage_tags = ["any"]

[templates.exact]
template_id = "0f3a"
storage_tags = ["gold"]

[activation]
mode = "run-task"
max_parallel = 4
timeout = "90m"

[rotation]
keep_previous = "7d"

[terraform.cloud]
organization = "acme"
workspace = "pins"
"""
# The same examples each time and no clock: a busy machine must not fail a build.
STEADY = settings(deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def parsed(text: str) -> Declaration:
    return declaration.parse(text, Path("stacks/s/pins.toml"))


def test_every_key_is_read() -> None:
    assert parsed(WHOLE) == Declaration(
        path=Path("stacks/s/pins.toml"),
        zone="Sandbox-simulator",
        network="pins-l2",
        owner="system",
        enabled=False,
        expunge=False,
        storage_tags={
            "gold": StorageTagEntry(name="gold", service_offering="pin-gold", exclude_pools=("PS1",), formerly=("or",)),
            "fast": StorageTagEntry(name="fast", storage_type="local"),
            "any": StorageTagEntry(name="any", service_offering="small", coverage="any-pool"),
        },
        templates={
            "debian-12": TemplateEntry(
                key="debian-12", name="Debian 12 (x86_64)", storage_tags=("gold", "fast"), formerly=("debian",)
            ),
            "Rocky 9": TemplateEntry(key="Rocky 9", name="Rocky 9", storage_tags=("any",)),
            "exact": TemplateEntry(key="exact", name=None, template_id="0f3a", storage_tags=("gold",)),
        },
        activation=Activation(mode="run-task", max_parallel=4, timeout=5400),
        terraform=Cloud(organization="acme", workspace="pins"),
        keep_previous=KeepPrevious(days=7),
    )


def test_what_is_left_out_has_its_default() -> None:
    found = parsed(HEAD)

    assert (found.owner, found.enabled, found.expunge, found.terraform, found.keep_previous) == (
        "caller",
        True,
        True,
        None,
        None,
    )
    assert found.activation == Activation()
    assert not found.rotates_by_two_locks
    assert found.set_name == "s"


def test_the_example_set_is_a_declaration() -> None:
    found = declaration.load(SANDBOX)

    assert found.set_name == "sandbox"
    assert set(found.templates) == {"debian-12", "ubuntu-24-04"}


def test_a_backend_is_kept_as_it_is() -> None:
    found = parsed(
        HEAD
        + '[terraform.backend]\ntype = "s3"\nbucket = "b"\nretries = 3\n[terraform.backend.assume_role]\narn = "x"\n'
    )

    assert found.backend == Backend(type="s3", settings={"assume_role": {"arn": "x"}, "bucket": "b", "retries": 3})


@pytest.mark.parametrize(
    ("written", "seconds"),
    [('"2h"', 7200), ('"45s"', 45), ('"30m"', 1800), ('"1d"', 86400), ("900", 900)],
)
def test_a_timeout_is_written_in_seconds_or_with_a_unit(written: str, seconds: int) -> None:
    assert parsed(f"{HEAD}[activation]\ntimeout = {written}\n").activation.timeout == seconds


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        pytest.param('network = "n"', "zone", "missing", id="no zone"),
        pytest.param('zone = 3\nnetwork = "n"', "zone", "3 is not a string", id="a number for a name"),
        pytest.param('zone = ""\nnetwork = "n"', "zone", "names nothing", id="an empty name"),
        pytest.param('zone = "z "\nnetwork = "n"', "zone", "blank at its end", id="a blank at the end"),
        pytest.param('zone = "a\\u202Eb"\nnetwork = "n"', "zone", "nobody sees", id="a bidirectional mark"),
        pytest.param(HEAD + 'ownr = "system"', "ownr", "or write 'owner'", id="an unknown key"),
        pytest.param(HEAD + 'project = "p"', "project", "not supported", id="a project"),
        pytest.param(HEAD + 'owner = "admin"', "owner", "'caller', 'system'", id="an owner that cannot be"),
        pytest.param(HEAD + 'enabled = "yes"', "enabled", "true or false", id="a word for a boolean"),
        pytest.param(HEAD + "storage_tags = 3", "storage_tags", "not a table", id="tags that are no table"),
        pytest.param(HEAD + '[storage_tags."a,b"]', 'storage_tags."a,b"', "several", id="two tags in one"),
        pytest.param(HEAD + '[storage_tags.""]', "storage_tags.''", "empty", id="a tag without a name"),
        pytest.param(
            TAGGED + 'coverage = "all"', "storage_tags.gold.coverage", "'every-pool', 'any-pool'", id="a coverage"
        ),
        pytest.param(
            TAGGED + 'service_offering = "x"\nstorage_type = "local"',
            "storage_tags.gold.storage_type",
            "has its own",
            id="a storage type beside an offering",
        ),
        pytest.param(
            TAGGED + 'exclude_pools = ["a", "a"]', "storage_tags.gold.exclude_pools", "twice", id="a pool twice"
        ),
        pytest.param(
            TAGGED + 'coverage = "any-pool"\nexclude_pools = ["a"]',
            "storage_tags.gold.exclude_pools",
            "lets CloudStack choose",
            id="an exclusion that any-pool cannot keep",
        ),
        pytest.param(
            TAGGED + "[templates.a]\nstorage_tags = []",
            "templates.a.storage_tags",
            "declared are 'gold'",
            id="a template without tags",
        ),
        pytest.param(
            TAGGED + '[templates.a]\nstorage_tags = ["golden"]',
            "templates.a.storage_tags",
            "add [storage_tags.golden] or drop it here, or did you mean 'gold'",
            id="a tag that is not declared",
        ),
        pytest.param(
            TAGGED + '[templates.a]\nstorage_tags = "gold"',
            "templates.a.storage_tags",
            "in brackets",
            id="a word for a list",
        ),
        pytest.param(
            TAGGED + '[templates.a]\ntemplate = "x"\ntemplate_id = "y"\nstorage_tags = ["gold"]',
            "templates.a.template_id",
            "drop one",
            id="a name and an id",
        ),
        pytest.param(
            TAGGED + '[templates.a]\ntemplate = "x"\nstorage_tags = ["gold"]\n[templates.x]\nstorage_tags = ["gold"]',
            "templates",
            "make one entry",
            id="one template under two keys",
        ),
        pytest.param(
            TAGGED + '[templates.a-b]\nstorage_tags = ["gold"]\n[templates."a-b "]\nstorage_tags = ["gold"]',
            "templates.'a-b '",
            "blank",
            id="a key with a blank",
        ),
        pytest.param(
            TAGGED + '[templates."a b"]\nstorage_tags = ["gold"]\n[templates."a.b"]\nstorage_tags = ["gold"]',
            "templates",
            "both become 'a_b'",
            id="keys that collide in Terraform",
        ),
        pytest.param(
            TAGGED + '[templates.a]\nstorage_tags = ["gold"]\n[templates.b]\nstorage_tags = ["gold"]\nformerly = ["a"]',
            "templates",
            "also a key",
            id="a former key that is in use",
        ),
        pytest.param(HEAD + '[activation]\nmode = "cron"', "activation.mode", "'run-task'", id="a mode"),
        pytest.param(HEAD + "[activation]\nmax_parallel = 0", "activation.max_parallel", "from 1", id="no starts"),
        pytest.param(HEAD + "[activation]\nmax_parallel = true", "activation.max_parallel", "True", id="a boolean"),
        pytest.param(HEAD + '[activation]\ntimeout = "soon"', "activation.timeout", '"2h"', id="no time"),
        pytest.param(HEAD + '[rotation]\nkeep_previous = "7"', "rotation.keep_previous", '"7d"', id="no soak"),
        pytest.param(HEAD + "[rotation]\nkeep = 7", "rotation.keep", "keep_previous", id="an unknown rotation key"),
        pytest.param(
            HEAD + '[terraform.cloud]\norganization = "o"', "terraform.cloud.workspace", "missing", id="half a cloud"
        ),
        pytest.param(
            HEAD + '[terraform.cloud]\norganization = "o"\nworkspace = "w"\n[terraform.backend]\ntype = "s3"',
            "terraform.cloud",
            "one place",
            id="two places for the state",
        ),
        pytest.param(
            HEAD + '[terraform.backend.s3]\nbucket = "b"', "terraform.backend.type", 'type = "s3"', id="no backend type"
        ),
        pytest.param(
            HEAD + '[terraform.backend]\ntype = "s3"\nsecret_key = "hush"',
            "terraform.backend.secret_key",
            "environment variable",
            id="a secret",
        ),
        pytest.param(
            HEAD + '[terraform.backend]\ntype = "s3"\nat = 2026-01-01',
            "terraform.backend.at",
            "no form in Terraform JSON",
            id="a date",
        ),
        pytest.param(
            HEAD + '[terraform.backend]\ntype = "s3"\nx = [nan]', "terraform.backend.x", "no form", id="not a number"
        ),
    ],
)
def test_an_error_names_file_key_value_and_repair(text: str, key: str, words: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        parsed(text)

    message = str(caught.value)
    assert message.startswith("stacks/s/pins.toml: ")
    assert caught.value.key == key.replace('"a,b"', "'a,b'")
    assert words in message
    assert "hush" not in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b'zone = "z"\nzone = "y"\n', "line 2", id="a key twice"),
        pytest.param(b'zone = "z"\n[templates.a]\n[templates.a]\n', "line 3", id="a table twice"),
        pytest.param(b'zone = "z"\nnetwork = \n', "line 2", id="half a line"),
        pytest.param(b"zone = '\xff'\n", "byte 8 is not UTF-8", id="not UTF-8"),
        pytest.param(b"x = " + b"[" * 20000, "nested too deep", id="nested without end"),
    ],
)
def test_what_is_not_toml_is_named_by_its_line(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "pins.toml").write_bytes(content)

    with pytest.raises(DeclarationError, match=words):
        declaration.load(tmp_path)


def test_a_folder_without_declaration_is_no_set(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="a set is a folder"):
        declaration.load(tmp_path / "pins.toml")


_shown = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30)


@STEADY
@given(zone=_shown, tag=_shown.filter(lambda name: "," not in name), key=_shown, template=_shown)
def test_any_visible_name_comes_back_as_it_was_written(zone: str, tag: str, key: str, template: str) -> None:
    document = {
        "zone": zone,
        "network": "n",
        "storage_tags": {tag: {}},
        "templates": {key: {"template": template, "storage_tags": [tag]}},
    }

    found = parsed(tomlkit.dumps(document))

    assert (found.zone, tuple(found.storage_tags), tuple(found.templates)) == (zone, (tag,), (key,))
    assert found.templates[key].name == template


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_KEYS = ("zone", "network", "owner", "enabled", "storage_tags", "templates", "activation", "rotation", "terraform", "x")


@STEADY
@given(document=st.dictionaries(st.sampled_from(_KEYS), _values, max_size=8))
def test_nothing_but_a_declaration_error_comes_of_any_document(document: dict[str, object]) -> None:
    text = tomlkit.dumps(json.loads(json.dumps(document, default=str).replace("null", '"-"')))

    try:
        parsed(text)
    except DeclarationError as error:
        assert "\n" not in str(error)
