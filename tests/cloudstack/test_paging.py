from __future__ import annotations

from typing import Any

import pytest

from cloudstack_emulator import Emulator, TemplateSpec, ZoneSpec
from cloudstack_pins.cloudstack import Access, Session
from cloudstack_pins.cloudstack.paging import all_rows
from cloudstack_pins.errors import ServerBroken


def rows(*ids: int) -> list[dict[str, Any]]:
    return [{"id": str(number)} for number in ids]


def test_list_over_two_pages_is_read_to_its_end() -> None:
    templates = tuple(TemplateSpec(name=f"template {number:04}") for number in range(1203))
    with (
        Emulator(ZoneSpec(templates=templates)) as emulator,
        Session(Access.from_environment(emulator.environment())) as session,
    ):
        found = session.templates()

        assert sorted(t.name for t in found if t.type == "USER") == [template.name for template in templates]
        asked = [request.params for request in emulator.requests if request.command == "listTemplates"]
        assert [(params["page"], params["pagesize"]) for params in asked] == [("1", "500"), ("2", "500"), ("3", "500")]


def test_one_full_page_asks_no_second_one(emulator: Emulator, session: Session) -> None:
    session.zones()

    assert [request.params["page"] for request in emulator.requests] == ["1"]


def test_empty_list_has_no_rows(session: Session) -> None:
    assert session.list("listZones", "zone", name="no such zone") == []


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param([{}], [], id="empty list"),
        pytest.param([{"count": 2, "x": rows(1, 2)}], rows(1, 2), id="one page"),
        pytest.param(
            [{"count": 3, "x": rows(1, 2)}, {"count": 4, "x": rows(2, 3)}],
            rows(1, 2, 3),
            id="a row that moved to the next page counts once",
        ),
        pytest.param(
            [{"count": 3, "x": rows(1, 2)}, {"count": 3}], rows(1, 2), id="page past the end: a count and no list"
        ),
        pytest.param(
            [{"count": 4, "x": rows(1, 2)}, {"count": 3, "x": rows(4)}, {"count": 3, "x": rows(2, 3, 4)}],
            rows(2, 3, 4),
            id="a list that shrank is read again",
        ),
    ],
)
def test_changing_list_is_read_whole(answers: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    left = list(answers)

    assert all_rows(lambda page: left.pop(0), "listX", "x") == expected
    assert left == []


def test_list_that_never_stops_shrinking_ends_after_three_readings() -> None:
    asked: list[int] = []

    def ask(page: int) -> dict[str, Any]:
        asked.append(page)
        return {"count": 5 - page, "x": rows(page * 2, page * 2 + 1)}

    assert len(all_rows(ask, "listX", "x")) == 4
    assert asked == [1, 2] * 3


def test_rows_that_are_no_objects_are_not_cloudstacks() -> None:
    with pytest.raises(ServerBroken, match="'x' is no list of objects"):
        all_rows(lambda page: {"count": 1, "x": ["text"]}, "listX", "x")


def test_server_with_smaller_pages_is_asked_for_those(emulator: Emulator, session: Session) -> None:
    emulator.fail("listZones", kind="error", code=431, text="Page size can't exceed max allowed page size value: 50")

    assert [zone.name for zone in session.zones()] == ["Sandbox-simulator"]
    assert [request.params["pagesize"] for request in emulator.requests] == ["500", "50"]
