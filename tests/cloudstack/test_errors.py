from __future__ import annotations

import json
import logging
import socket
import ssl
import subprocess
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloudstack_emulator import Emulator
from cloudstack_pins.cloudstack import Access, Session
from cloudstack_pins.cloudstack.answers import error_for
from cloudstack_pins.errors import (
    CapacityMissing,
    CloudStackError,
    JobFailed,
    JobLost,
    LimitReached,
    NotFound,
    ParameterRefused,
    RateLimited,
    RightsMissing,
    ServerBroken,
    SignatureRefused,
    TimedOut,
    TlsRefused,
    Unreachable,
)
from tests.cloudstack.hand_clock import HandClock

ALWAYS = 100


@pytest.fixture(autouse=True)
def all_logging(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def assert_no_secrets(error: BaseException, access: Access, caplog: pytest.LogCaptureFixture) -> None:
    """Look for keys and signatures in everything that an error reporter could print."""
    seen: list[str] = [traceback.format_exc(), "".join(traceback.format_exception(error)), caplog.text]
    current: BaseException | None = error
    while current is not None:
        seen += [str(current), repr(current), repr(current.args), repr(vars(current))]
        current = current.__cause__ or current.__context__
    text = "\n".join(seen)
    assert access.api_key not in text
    assert access.secret_key not in text
    assert "signature=" not in text.replace("signature=REDACTED", "")


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        pytest.param({"kind": "refuse-key"}, SignatureRefused, 401, id="401"),
        pytest.param({"kind": "error", "code": 432, "text": "not available"}, RightsMissing, 432, id="432"),
        pytest.param({"kind": "error", "code": 531, "text": "no"}, RightsMissing, 531, id="531"),
        pytest.param(
            {"kind": "error", "code": 530, "text": "Account does not have permission for expunging."},
            RightsMissing,
            530,
            id="530 about a right",
        ),
        pytest.param({"kind": "error", "code": 530, "text": "broken inside"}, CloudStackError, 530, id="530 else"),
        pytest.param({"kind": "error", "code": 532, "text": "limit"}, LimitReached, 532, id="532"),
        pytest.param({"kind": "error", "code": 533, "text": "no host"}, CapacityMissing, 533, id="533"),
        pytest.param(
            {"kind": "error", "code": 431, "text": "Invalid parameter id, or entity does not exist or so"},
            NotFound,
            431,
            id="431 unknown id",
        ),
        pytest.param({"kind": "error", "code": 431, "text": "bad value"}, ParameterRefused, 431, id="431 else"),
        pytest.param({"kind": "error", "code": 430, "text": "malformed"}, ParameterRefused, 430, id="430"),
        pytest.param({"kind": "http429"}, RateLimited, 429, id="429"),
        pytest.param({"kind": "http503"}, ServerBroken, 503, id="503"),
        pytest.param({"kind": "html502"}, ServerBroken, 502, id="HTML of a proxy"),
        pytest.param({"kind": "malformed"}, ServerBroken, None, id="half a JSON"),
        pytest.param({"kind": "dropped"}, Unreachable, None, id="no reply"),
        pytest.param({"kind": "reset"}, Unreachable, None, id="half a reply"),
    ],
)
@pytest.mark.parametrize("method", ["read", "write"])
def test_every_failure_has_its_class_and_shows_no_key(
    emulator: Emulator,
    patient: Session,
    caplog: pytest.LogCaptureFixture,
    fault: dict[str, Any],
    kind: type[CloudStackError],
    code: int | None,
    method: str,
) -> None:
    emulator.fail("listZones", count=ALWAYS, **fault)

    with pytest.raises(kind) as caught:
        getattr(patient, method)("listZones")

    assert isinstance(caught.value, kind)
    assert (caught.value.command, caught.value.code) == ("listZones", code)
    assert kind is CloudStackError or type(caught.value) is not CloudStackError
    assert caught.value.repair in str(caught.value)
    assert_no_secrets(caught.value, patient.access, caplog)


def test_unknown_command_says_that_401_may_mean_that(patient: Session) -> None:
    with pytest.raises(SignatureRefused, match="check the API key, the secret key and this machine's clock"):
        patient.read("fooBar")


def test_wrong_secret_is_refused_and_not_shown(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    wrong = replace(Access.from_environment(emulator.environment()), secret_key="not-the-secret-key")
    with Session(wrong) as session, pytest.raises(SignatureRefused) as caught:
        session.zones()

    assert_no_secrets(caught.value, wrong, caplog)


def test_user_without_the_right_is_told_so(emulator: Emulator) -> None:
    with (
        Session(Access.from_environment(emulator.environment(emulator.user))) as session,
        pytest.raises(RightsMissing, match=r"432 The API .* not available for the account user"),
    ):
        session.storage_pools()


def test_key_that_the_server_quotes_is_not_shown(
    emulator: Emulator, patient: Session, caplog: pytest.LogCaptureFixture
) -> None:
    access = patient.access
    emulator.fail(
        "listZones",
        kind="error",
        code=431,
        text=f"bad {access.api_key}: apiKey=other&signature=ab%2Bc%3D {access.secret_key}",
    )

    with pytest.raises(ParameterRefused, match="bad REDACTED: apiKey=REDACTED&signature=REDACTED REDACTED") as caught:
        patient.read("listZones")

    assert_no_secrets(caught.value, access, caplog)


def test_closed_port_is_unreachable(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    access = replace(Access.from_environment(emulator.environment()), endpoint=f"http://127.0.0.1:{port}/client/api")
    clock = HandClock()
    with Session(access, clock=clock) as session, pytest.raises(Unreachable, match="Connection refused") as caught:
        session.zones()

    assert len(clock.waits) == 3
    assert_no_secrets(caught.value, access, caplog)


def test_failure_while_another_is_handled_names_its_own_reason(emulator: Emulator) -> None:
    access = Access.from_environment({**emulator.environment(), "CLOUDSTACK_API_URL": "http://127.0.0.1:1/client/api"})
    with Session(access, clock=HandClock()) as session:
        try:
            session.write("createTags")
        except Unreachable:
            with pytest.raises(Unreachable, match="Connection refused") as caught:
                session.read("listTags")

    assert "createTags" not in str(caught.value)


def test_name_that_does_not_resolve_is_unreachable(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    access = replace(Access.from_environment(emulator.environment()), endpoint="http://cloud.invalid/client/api")
    with Session(access, clock=HandClock()) as session, pytest.raises(Unreachable, match=r"cloud\.invalid") as caught:
        session.write("createNetwork")

    assert_no_secrets(caught.value, access, caplog)


@pytest.mark.parametrize("method", ["read", "write"])
def test_server_that_never_answers_times_out(emulator: Emulator, caplog: pytest.LogCaptureFixture, method: str) -> None:
    # A listener that nobody accepts from: connections come about, answers never do.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}/client/api"
        access = replace(Access.from_environment(emulator.environment()), endpoint=endpoint, timeout=0.02)
        with Session(access, clock=HandClock()) as session, pytest.raises(TimedOut, match=r"within 0\.02 s") as caught:
            getattr(session, method)("listZones")

    assert_no_secrets(caught.value, access, caplog)


@contextmanager
def answering(reply: bytes, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that gives everyone the same reply, over TLS if there is a context; yields its port."""
    stop = threading.Event()

    def serve(listener: socket.socket) -> None:
        while not stop.is_set():
            connection, _ = listener.accept()
            with connection:
                try:
                    stream = context.wrap_socket(connection, server_side=True) if context else connection
                    with stream:
                        stream.recv(65536)
                        stream.sendall(reply)
                except OSError:
                    continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield port
        finally:
            stop.set()
            socket.create_connection(("127.0.0.1", port)).close()
            thread.join()


def http(body: str, status: str = "200 OK", headers: str = "") -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"{headers}Connection: close\r\n\r\n{body}"
    ).encode()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    folder = tmp_path_factory.mktemp("tls")
    made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    made += " -keyout key.pem -out certificate.pem"
    subprocess.run(
        ["openssl", *made.split(), "-addext", "subjectAltName=IP:127.0.0.1"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder / "certificate.pem", folder / "key.pem"


@pytest.fixture
def tls_port(certificate: tuple[Path, Path]) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with answering(http(json.dumps({"listzonesresponse": {}})), context) as port:
        yield port


def tls_access(emulator: Emulator, port: int, host: str = "127.0.0.1", **more: str) -> Access:
    return Access.from_environment(
        emulator.environment() | {"CLOUDSTACK_API_URL": f"https://{host}:{port}/client/api"} | more
    )


def test_self_signed_certificate_is_refused_at_once(
    emulator: Emulator, tls_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    access, clock = tls_access(emulator, tls_port), HandClock()
    with Session(access, clock=clock) as session, pytest.raises(TlsRefused) as caught:
        session.zones()

    assert "self-signed certificate; point CLOUDSTACK_CA or REQUESTS_CA_BUNDLE at" in str(caught.value)
    assert clock.waits == []
    assert_no_secrets(caught.value, access, caplog)


@pytest.mark.parametrize("name", ["CLOUDSTACK_CA", "REQUESTS_CA_BUNDLE"])
def test_own_ca_is_accepted(emulator: Emulator, tls_port: int, certificate: tuple[Path, Path], name: str) -> None:
    with Session(tls_access(emulator, tls_port, **{name: str(certificate[0])})) as session:
        assert session.zones() == []


def test_certificate_of_another_name_is_refused(
    emulator: Emulator, tls_port: int, certificate: tuple[Path, Path]
) -> None:
    access = tls_access(emulator, tls_port, "localhost", CLOUDSTACK_CA=str(certificate[0]))
    with Session(access, clock=HandClock()) as session, pytest.raises(TlsRefused, match="not valid for 'localhost'"):
        session.zones()


def test_tls_to_a_port_without_it_is_refused(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    with answering(http("{}")) as port:
        access = tls_access(emulator, port)
        with (
            Session(access, clock=HandClock()) as session,
            pytest.raises(TlsRefused, match="does not speak TLS") as caught,
        ):
            session.zones()

    assert_no_secrets(caught.value, access, caplog)


def test_proxy_that_is_gone_is_unreachable(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("no_proxy", "")
    access = Access(endpoint="http://cloud.invalid/client/api", api_key="some-api-key", secret_key="some-secret-key")
    with Session(access, clock=HandClock()) as session, pytest.raises(Unreachable) as caught:
        session.zones()

    assert_no_secrets(caught.value, access, caplog)


def test_proxy_is_not_asked_for_this_machine(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    with Session(Access.from_environment(emulator.environment())) as session:
        assert len(session.zones()) == 1


def test_redirect_is_not_followed_with_the_signature(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    with answering(http("", "302 Found", "Location: http://127.0.0.1:9/elsewhere\r\n")) as port:
        access = replace(Access.from_environment(emulator.environment()), endpoint=f"http://127.0.0.1:{port}/")
        with Session(access, clock=HandClock()) as session, pytest.raises(ServerBroken, match="a redirect") as caught:
            session.zones()

    assert_no_secrets(caught.value, access, caplog)


@pytest.mark.parametrize(
    ("header", "waits"),
    [
        pytest.param("7", [7.0] * 3, id="seconds"),
        pytest.param("86400", [60.0] * 3, id="a day: at most a minute"),
        pytest.param("soon", None, id="nonsense: backoff"),
    ],
)
def test_retry_after_is_respected(emulator: Emulator, header: str, waits: list[float] | None) -> None:
    clock = HandClock()
    with answering(http("", "429 Too Many Requests", f"Retry-After: {header}\r\n")) as port:
        access = replace(Access.from_environment(emulator.environment()), endpoint=f"http://127.0.0.1:{port}/")
        with Session(access, clock=clock) as session, pytest.raises(RateLimited):
            session.zones()

    assert clock.waits == waits or (waits is None and len(clock.waits) == 3 and max(clock.waits) <= 2)


@pytest.mark.parametrize("body", ["[]", "7", '{"a": {}, "b": {}}', '{"a": []}', '"text"', "", "{", "\x00"])
def test_json_that_is_not_cloudstacks_is_refused(emulator: Emulator, body: str) -> None:
    with answering(http(body)) as port:
        access = replace(Access.from_environment(emulator.environment()), endpoint=f"http://127.0.0.1:{port}/")
        with (
            Session(access, clock=HandClock()) as session,
            pytest.raises(ServerBroken, match="listZones: HTTP 200 with"),
        ):
            session.zones()


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        pytest.param(533, "No destination found", CapacityMissing, id="capacity"),
        pytest.param(530, "Unable to orchestrate the start", JobFailed, id="inside"),
        pytest.param(530, "can only be specified by a Root Admin", RightsMissing, id="rights"),
        pytest.param(431, "The virtual machine is already running", ParameterRefused, id="parameter"),
        pytest.param(530, "job cancelled because of management server restart or shutdown", JobLost, id="restart"),
        pytest.param(534, "Resource unavailable", JobFailed, id="anything else"),
    ],
)
def test_job_that_failed_has_the_class_of_its_reason(code: int, text: str, kind: type[CloudStackError]) -> None:
    assert type(error_for("startVirtualMachine", code, text, job=True)) is kind


def test_a_repeated_read_is_logged_by_its_command_alone(
    emulator: Emulator, patient: Session, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.fail("listZones", kind="dropped")

    patient.read("listZones")

    assert "/client/api?command=listZones" in caplog.text
    assert "signature" not in caplog.text
