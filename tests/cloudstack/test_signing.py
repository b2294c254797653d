from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudstack_emulator import Emulator
from cloudstack_pins.cloudstack import Access, Session
from cloudstack_pins.cloudstack.signing import Signer, flatten

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture(scope="module")
def client(server: Emulator) -> Iterator[Session]:
    with Session(Access.from_environment(server.environment())) as session:
        yield session


@given(name=TEXT, key=TEXT, value=TEXT)
@settings(max_examples=60, deadline=None)
def test_server_accepts_the_signature_of_any_text_read_by_get(
    server: Emulator, client: Session, name: str, key: str, value: str
) -> None:
    client.read("listZones", name=name, tags={key: value})

    sent = server.requests[-1]
    assert sent.method == "GET"
    assert sent.params == {"name": name, "tags[0].key": key, "tags[0].value": value}


@given(name=TEXT)
@settings(max_examples=40, deadline=None)
def test_server_accepts_the_signature_of_any_text_written_by_post(server: Emulator, client: Session, name: str) -> None:
    client.write("listZones", name=name)

    assert (server.requests[-1].method, server.requests[-1].params) == ("POST", {"name": name})


@pytest.mark.parametrize(
    ("parameters", "sent"),
    [
        pytest.param({"a": None, "b": ""}, {"b": ""}, id="None is left out, empty text is not"),
        pytest.param({"a": True, "b": False}, {"a": "true", "b": "false"}, id="truth values"),
        pytest.param({"a": 7, "b": 0.5}, {"a": "7", "b": "0.5"}, id="numbers"),
        pytest.param({"ids": ["x", "y"], "none": []}, {"ids": "x,y"}, id="list"),
        pytest.param({"ids": frozenset({"y", "x"})}, {"ids": "x,y"}, id="sets are sorted"),
        pytest.param({"flags": [True, 1]}, {"flags": "true,1"}, id="truth values in a list"),
        pytest.param(
            {"tags": {"k": "v", "l": "w"}},
            {"tags[0].key": "k", "tags[0].value": "v", "tags[1].key": "l", "tags[1].value": "w"},
            id="tags",
        ),
        pytest.param({"details": {"rootdisksize": 8}}, {"details[0].rootdisksize": "8"}, id="details"),
        pytest.param(
            {"lists": [{"id": 1, "x": None}, {"id": 2}]}, {"lists[0].id": "1", "lists[1].id": "2"}, id="list of objects"
        ),
    ],
)
def test_parameters_are_written_as_cloudstack_reads_them(parameters: dict[str, Any], sent: dict[str, str]) -> None:
    assert flatten(parameters) == sent


def test_value_that_the_api_has_no_form_for_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="zoneid: bytes is no value"):
        flatten({"zoneid": b"x"})


def test_signature_encodes_the_tilde_as_java_does() -> None:
    data = {"command": "listZones", "name": "a~b *", "apiKey": "k"}

    Signer("http://x", key="k", secret="s")._sign(data)

    # printf 'apikey=k&command=listzones&name=a%%7eb%%20*' | openssl dgst -sha1 -hmac s -binary | base64
    assert data["signature"] == "S8/XkqRYSvbY36XLwQ7g0LXub0U="
