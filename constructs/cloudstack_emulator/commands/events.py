"""listEvents."""

from __future__ import annotations

from typing import Any

from ..clock import stamp
from ..dates import moment
from ..entities import EventRecord
from ..registry import Call, command


def event_answer(event: EventRecord) -> dict[str, Any]:
    """An event as the API sends it; none names a template."""
    answer = {
        "id": event.id,
        "username": event.user.name,
        "type": event.type,
        "level": event.level,
        "description": event.description,
        "account": event.account.name,
        "domainid": event.account.domain.id,
        "domain": event.account.domain.name,
        "domainpath": event.account.domain.path,
        "resourceid": event.resource_id,
        "resourcetype": event.resource_type,
        "resourcename": event.resource_name,
        "created": stamp(event.created),
        "state": event.state,
        "parentid": event.parent_id,
    }
    return {name: value for name, value in answer.items() if value is not None}


@command("listEvents")
def list_events(call: Call) -> dict[str, Any]:
    """What happened, newest first, back to ``event.purge.delay`` days ago."""
    kept_days = call.world.settings.number("event.purge.delay")
    oldest = call.world.now() - kept_days * 86400 if kept_days else 0.0
    begin, end = moment(call, "startdate"), moment(call, "enddate", end_of_day=True)
    rows = [
        event
        for event in reversed(call.world.events)
        if event.created >= max(oldest, begin or 0.0)
        and (end is None or event.created <= end)
        and call.text("id") in (None, event.id)
        and call.text("type") in (None, event.type)
        and call.text("level") in (None, event.level)
        and call.text("resourceid") in (None, event.resource_id)
        and (call.text("keyword") or "") in event.description
        and call.sees(event.account)
    ]
    return call.page("event", rows, event_answer)
