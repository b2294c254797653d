"""Failures on demand, each as its victim sees it."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from cloudstack_emulator import Emulator, EmulatorCallError
from tests.emulator.pinboard import Board
from tests.emulator.stage import ask, signed


def raw(emulator: Emulator, command: str, **params: str) -> tuple[int, str, bytes]:
    """Status, content type and body of one call by account pins."""
    url = urlsplit(emulator.endpoint)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)
    try:
        connection.request("GET", f"{url.path}?{urlencode(signed(emulator.pins, {'command': command, **params}))}")
        reply = connection.getresponse()
        return reply.status, reply.headers["Content-Type"], reply.read()
    finally:
        connection.close()


@pytest.mark.parametrize(("kind", "status"), [("http503", 503), ("http429", 429), ("html502", 502)])
def test_pages_of_a_proxy_stand_in_for_answers(emulator: Emulator, kind: str, status: int) -> None:
    emulator.fail("listZones", kind=kind)

    got, content_type, body = raw(emulator, "listZones")

    assert (got, content_type, body[:6]) == (status, "text/html", b"<html>")
    assert raw(emulator, "listZones")[0] == 200


def test_an_error_has_the_wanted_code_and_text_and_does_nothing(emulator: Emulator) -> None:
    vm = Board(emulator).deploy()
    emulator.fail("stopVirtualMachine", kind="error", code=536, text="in use")

    answer = ask(emulator, emulator.pins, {"command": "stopVirtualMachine", "id": vm})

    assert (answer.status, answer.envelope) == (536, "stopvirtualmachineresponse")
    assert (answer.content["errorcode"], answer.content["errortext"]) == (536, "in use")


def test_a_dropped_reply_has_acted(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.deploy()
    emulator.fail("startVirtualMachine", kind="dropped")

    with pytest.raises((ConnectionError, http.client.HTTPException)):
        raw(emulator, "startVirtualMachine", id=vm)

    assert board.vm(vm)["state"] == "Running"


def test_a_reset_comes_amid_the_reply(emulator: Emulator) -> None:
    emulator.fail("listZones", kind="reset")

    with pytest.raises((ConnectionError, http.client.IncompleteRead)):
        raw(emulator, "listZones")


def test_a_malformed_reply_is_half_a_json(emulator: Emulator) -> None:
    emulator.fail("listZones", kind="malformed")

    status, _, body = raw(emulator, "listZones")

    assert status == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(body)


def test_a_slow_reply_is_whole(emulator: Emulator) -> None:
    emulator.fail("listZones", kind="slow", seconds=0.05)

    assert json.loads(raw(emulator, "listZones")[2])["listzonesresponse"]["count"] == 1


def test_a_job_may_vanish_although_it_acted(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.deploy()
    emulator.fail("startVirtualMachine", kind="job-vanishes")

    with pytest.raises(EmulatorCallError, match="431"):
        board.start(vm)

    assert board.vm(vm)["state"] == "Running"


def test_a_job_may_never_tell_its_end(emulator: Emulator) -> None:
    vm = Board(emulator).deploy()
    emulator.fail("startVirtualMachine", kind="job-never-ends")
    job = ask(emulator, emulator.pins, {"command": "startVirtualMachine", "id": vm}).content["jobid"]
    emulator.advance(86400)

    assert emulator.call("queryAsyncJobResult", jobid=job)["jobstatus"] == 0


def test_a_key_may_be_refused_for_a_while(emulator: Emulator) -> None:
    emulator.fail("*", kind="refuse-key", count=2)

    assert [raw(emulator, "listZones")[0] for _ in range(3)] == [401, 401, 200]


def test_after_lets_calls_pass_and_match_chooses_them(emulator: Emulator) -> None:
    def calls(*names: str) -> list[int]:
        return [raw(emulator, "listZones", name=name)[0] for name in names]

    emulator.fail("listZones", kind="http503", after=1, count=2, match={"name": "a"})

    assert calls("b", "a", "a", "b", "a", "a") == [200, 200, 503, 200, 503, 200]


def test_a_job_fails_for_every_asynchronous_command(emulator: Emulator) -> None:
    vm = Board(emulator).deploy()
    emulator.fail("createTags", code=530, text="no")

    with pytest.raises(EmulatorCallError, match="530: no"):
        emulator.call("createTags", resourceids=vm, resourcetype="userVm", tags={"a": "b"})

    assert "a" not in {tag["key"] for tag in Board(emulator).vm(vm)["tags"]}


def test_an_unknown_kind_is_refused_with_the_known_ones(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="'flood' is unknown; known are job, "):
        emulator.fail("listZones", kind="flood")


@pytest.mark.parametrize("given", [{"command": "listZones", "kind": "http503", "count": 1}])
def test_the_control_endpoint_orders_failures_and_moves_the_clock(emulator: Emulator, given: dict[str, Any]) -> None:
    url = urlsplit(emulator.control)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)

    def control(method: str, name: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json"}
        connection.request(method, f"{url.path}/{name}", body=json.dumps(body or {}), headers=headers)
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())

    try:
        before = control("GET", "state")[1]["result"]["now"]
        assert control("POST", "fail", given) == (200, {"result": None})
        assert control("POST", "advance", {"seconds": 1000})[1]["result"]["now"] >= before + 1000
        assert control("POST", "fail", {"command": "x", "kind": "flood"})[0] == 400
        assert control("GET", "nothing")[0] == 404
        template = control("POST", "register-template", {"name": "Debian 12 (x86_64)"})[1]["result"]["id"]
        assert control("GET", "copies", {})[1] == {"result": []}
    finally:
        connection.close()
    assert raw(emulator, "listZones")[0] == 503
    assert template in emulator.world.templates
