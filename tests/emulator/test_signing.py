"""Keys and signatures, byte for byte as CloudStack checks them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

import pytest
from cs import CloudStack

from cloudstack_emulator import Emulator, signing
from tests.emulator.stage import ask


def send(emulator: Emulator, params: dict[str, str], text: str, secret: str | None = None) -> int:
    """Sign the given text, send the parameters; the status."""
    secret = secret or emulator.root.secret_key
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
    query = urlencode(params | {"signature": base64.b64encode(digest).decode()})
    url = urlsplit(emulator.endpoint)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)
    try:
        connection.request("GET", f"{url.path}?{query}")
        return connection.getresponse().status
    finally:
        connection.close()


def test_version_1_needs_no_expiry(emulator: Emulator) -> None:
    params = {"command": "listZones", "apiKey": emulator.root.api_key, "response": "json"}
    text = f"apikey={emulator.root.api_key}&command=listzones&response=json".lower()

    assert send(emulator, params, text) == 200


def test_names_are_signed_unencoded_and_tilde_encoded(emulator: Emulator) -> None:
    params = {"apiKey": emulator.root.api_key, "command": "listZones", "name": "a~b c*", "tags[0].key": "x"}
    text = f"apikey={emulator.root.api_key}&command=listzones&name=a%7eb%20c*&tags[0].key=x".lower()

    assert send(emulator, params, text) == 200


@pytest.mark.parametrize(
    ("expires", "status"),
    [
        pytest.param("{past:%Y-%m-%dT%H:%M:%S+0000}", 401, id="past"),
        pytest.param("{past:%Y-%m-%dT%H:%M:%SZ}", 401, id="past, Z"),
        pytest.param("{future:%Y-%m-%dT%H:%M:%S+0000}", 200, id="future"),
        pytest.param("{future:%Y-%m-%dT%H:%M:%SZ}", 200, id="future, Z"),
        pytest.param("{future:%Y-%m-%dT%H:%M:%S}+00:00", 200, id="future, colon"),
        pytest.param("tomorrow", 401, id="no date"),
        pytest.param("", 401, id="empty"),
    ],
)
def test_version_3_needs_an_expiry_that_is_ahead(emulator: Emulator, expires: str, status: int) -> None:
    now = datetime.now(UTC)
    given = expires.format(past=now - timedelta(seconds=5), future=now + timedelta(minutes=10))
    params = {
        "apiKey": emulator.root.api_key,
        "command": "listZones",
        "expires": given,
        "signatureversion": "3",
    }
    text = "&".join(f"{name}={signing.java_encode(value)}" for name, value in sorted(params.items())).lower()

    assert send(emulator, params, text) == status


def test_a_clock_that_was_moved_ahead_does_not_make_keys_expire(emulator: Emulator) -> None:
    emulator.advance(30 * 86400)

    assert ask(emulator, emulator.root, {"command": "listZones"}).status == 200


def test_a_wrong_secret_an_unknown_key_and_an_unknown_command_read_the_same(emulator: Emulator) -> None:
    forged = type(emulator.root)(emulator.root.api_key, "wrong")
    stranger = type(emulator.root)("nobody", "nothing")
    answers = [
        ask(emulator, forged, {"command": "listZones"}),
        ask(emulator, stranger, {"command": "listZones"}),
        ask(emulator, emulator.root, {"command": "fooBar"}),
    ]

    assert [answer.status for answer in answers] == [401, 401, 401]
    assert [answer.envelope for answer in answers] == ["listzonesresponse", "listzonesresponse", "errorresponse"]
    assert len({answer.content["errortext"] for answer in answers}) == 1
    assert "cserrorcode" not in answers[0].content


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_client_library_cs_gets_in(emulator: Emulator, method: str) -> None:
    client = CloudStack(
        endpoint=emulator.endpoint, key=emulator.root.api_key, secret=emulator.root.secret_key, method=method
    )

    found = client.listTemplates(
        templatefilter="all", name="Debian 12 (x86_64)", tags=[{"key": "a b*", "value": "ä/+"}]
    )

    assert found["template"][0]["name"] == "Debian 12 (x86_64)"


def test_keys_and_signatures_are_in_no_representation(emulator: Emulator) -> None:
    emulator.call("listZones")

    shown = repr(emulator.requests) + repr(emulator.root) + repr(list(emulator.world.users.values()))
    assert emulator.root.secret_key not in shown
    assert set(emulator.requests[-1].params) == set()
