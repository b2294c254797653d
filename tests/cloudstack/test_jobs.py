from __future__ import annotations

import uuid
from typing import Any

import pytest

from cloudstack_emulator import Emulator, ManualClock
from cloudstack_pins.cloudstack import Access, Session
from cloudstack_pins.errors import (
    CloudStackError,
    JobFailed,
    JobLost,
    NotFound,
    RightsMissing,
    ServerBroken,
    TimedOut,
    Unreachable,
)
from tests.cloudstack.hand_clock import HandClock

TAG = {"cloudstack-pins/test": "~ä & b"}


def tag(session: Session, **more: Any) -> dict[str, Any]:
    """Run createTags, an asynchronous write whose effect is easy to see."""
    network = next(network for network in session.networks(listall=True) if network.name == "caller-l2")
    return session.run("createTags", resourceids=[network.id], resourcetype="Network", tags=TAG, **more)


def tags(session: Session) -> dict[str, str]:
    return dict(next(network.tags for network in session.networks(listall=True) if network.name == "caller-l2"))


def sent(emulator: Emulator) -> list[str]:
    """The job ids that createTags was sent with."""
    return [request.params["customjobid"] for request in emulator.requests if request.command == "createTags"]


def test_asynchronous_write_runs_to_its_result(emulator: Emulator, patient: Session) -> None:
    assert tag(patient) == {"success": True}

    assert tags(patient) == TAG
    (job_id,) = sent(emulator)
    assert str(uuid.UUID(job_id)) == job_id
    assert [request.method for request in emulator.requests if request.command == "createTags"] == ["POST"]
    assert patient.job(job_id).status == "done"


def test_slow_job_is_asked_for_less_and_less_often() -> None:
    with Emulator(clock=ManualClock(), job_seconds=60) as emulator:
        clock = HandClock(emulator.advance)
        with Session(Access.from_environment(emulator.environment()), clock=clock) as session:
            assert tag(session) == {"success": True}

    assert clock.waits[:3] == [0.25, 0.375, 0.5625]
    assert max(clock.waits) == 5.0
    assert 60 <= sum(clock.waits) < 66


@pytest.mark.parametrize("kind", ["dropped", "reset", "malformed"])
def test_lost_reply_is_found_again_by_its_job(emulator: Emulator, patient: Session, kind: str) -> None:
    emulator.fail("createTags", kind=kind)

    assert tag(patient) == {"success": True}

    assert len(sent(emulator)) == 1
    assert tags(patient) == TAG


@pytest.mark.parametrize("kind", ["http503", "http429", "html502"])
def test_write_that_never_arrived_is_sent_once_more_with_a_new_job(
    emulator: Emulator, patient: Session, clock: HandClock, kind: str
) -> None:
    emulator.fail("createTags", kind=kind)

    assert tag(patient) == {"success": True}

    first, second = sent(emulator)
    assert first != second
    assert sum(clock.waits) >= 15


def test_write_that_never_arrives_is_sent_twice_at_most(emulator: Emulator, patient: Session) -> None:
    emulator.fail("createTags", kind="http503", count=100)

    with pytest.raises(ServerBroken, match=r"createTags: 503 .*CloudStack never saw the command"):
        tag(patient)

    assert len(sent(emulator)) == 2


def test_write_whose_fate_is_unknown_says_so_and_is_not_repeated(emulator: Emulator, patient: Session) -> None:
    network = next(network for network in patient.networks(listall=True) if network.name == "caller-l2")
    emulator.fail("createTags", kind="dropped")
    emulator.fail("queryAsyncJobResult", kind="http503", count=100)

    with pytest.raises(Unreachable, match="whether CloudStack began is unknown") as caught:
        patient.submit("createTags", resourceids=[network.id], resourcetype="Network", tags=TAG)

    (job_id,) = sent(emulator)
    assert job_id in str(caught.value)


def test_answer_that_took_too_long_is_found_again(emulator: Emulator, clock: HandClock) -> None:
    access = Access(
        endpoint=emulator.endpoint, api_key=emulator.pins.api_key, secret_key=emulator.pins.secret_key, timeout=0.3
    )
    with Session(access, clock=clock) as session:
        network = next(network for network in session.networks(listall=True) if network.name == "caller-l2")
        emulator.fail("createTags", kind="slow", seconds=1.0)

        session.run("createTags", resourceids=[network.id], resourcetype="Network", tags=TAG)

        assert len(sent(emulator)) == 1


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        pytest.param(530, "Unable to orchestrate", JobFailed, id="inside"),
        pytest.param(530, "needs a Root Admin", RightsMissing, id="rights"),
        pytest.param(431, "entity does not exist", NotFound, id="not found"),
    ],
)
def test_failed_job_raises_its_reason(
    emulator: Emulator, patient: Session, code: int, text: str, kind: type[CloudStackError]
) -> None:
    emulator.fail("createTags", kind="job", code=code, text=f"{text}, apiKey={patient.access.api_key}")

    with pytest.raises(kind, match=f"createTags: {code} {text}, apiKey=REDACTED") as caught:
        tag(patient)

    assert (caught.value.command, caught.value.code) == ("createTags", code)
    assert len(sent(emulator)) == 1
    assert patient.job(sent(emulator)[0]).text == f"{text}, apiKey=REDACTED"


def test_job_that_the_server_forgot_is_lost(emulator: Emulator, patient: Session) -> None:
    emulator.fail("createTags", kind="job-vanishes")

    with pytest.raises(JobLost, match=r"no longer knows job .*run the command again"):
        tag(patient)


def test_restart_of_the_server_loses_the_job() -> None:
    with Emulator(clock=ManualClock(), job_seconds=60) as emulator:
        clock = HandClock(lambda seconds: emulator.restart())
        with (
            Session(Access.from_environment(emulator.environment()), clock=clock) as session,
            pytest.raises(JobLost),
        ):
            tag(session)


def test_job_that_never_ends_times_out_at_its_deadline(emulator: Emulator, patient: Session, clock: HandClock) -> None:
    emulator.fail("createTags", kind="job-never-ends")

    with pytest.raises(TimedOut, match="did not end within 30 s"):
        tag(patient, seconds=30)

    assert sum(clock.waits) == pytest.approx(30)


def test_waiting_goes_on_through_passing_failures(emulator: Emulator, patient: Session) -> None:
    # Three polls that fail for good, each after its own retries.
    emulator.fail("queryAsyncJobResult", kind="http503", count=12)

    assert tag(patient) == {"success": True}


def test_deadline_names_the_last_trouble(emulator: Emulator, patient: Session) -> None:
    emulator.fail("queryAsyncJobResult", kind="html502", count=10_000)

    with pytest.raises(TimedOut, match="within 20 s; the last look failed: HTTP 502 with text/html"):
        tag(patient, seconds=20)


def test_unknown_job_is_not_found(patient: Session) -> None:
    with pytest.raises(NotFound):
        patient.job(str(uuid.uuid4()))


def test_caller_is_known_by_its_key(emulator: Emulator, patient: Session) -> None:
    caller = patient.caller()

    assert (caller.account, caller.is_root_admin) == ("pins", True)
    assert patient.caller() is caller
    assert [request.command for request in emulator.requests].count("listUsers") == 1
    with Session(Access.from_environment(emulator.environment(emulator.user))) as session:
        assert (session.caller().account, session.caller().is_root_admin) == ("user", False)


def test_caller_is_known_without_the_right_to_list_users(emulator: Emulator, patient: Session) -> None:
    known = patient.caller()
    with Session(patient.access) as session:
        emulator.fail("listUsers", kind="error", code=432, text="not available")

        assert session.caller() == known


def test_setting_is_read_by_its_whole_name(patient: Session) -> None:
    assert patient.setting("storage.cleanup.interval") == "40"
    assert patient.setting("storage.cleanup") is None
