from __future__ import annotations

from typing import Any

import pytest

from cloudstack_pins.errors import ExpansionError
from cloudstack_pins.overrides import apply_override


def body() -> dict[str, Any]:
    return {"start_vm": False, "tags": {"cloudstack-pins/set": "s"}, "lifecycle": {"ignore_changes": ["uefi"]}}


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        pytest.param("group", "pins", {"group": "pins"}, id="new argument"),
        pytest.param("details.cpu", 2, {"details": {"cpu": 2}}, id="new map"),
        pytest.param(
            "tags.team", "${var.team}", {"tags": {"cloudstack-pins/set": "s", "team": "${var.team}"}}, id="tag"
        ),
        pytest.param("lifecycle.ignore_changes.0", "tags", {"lifecycle": {"ignore_changes": ["tags"]}}, id="item"),
        pytest.param(
            "lifecycle.ignore_changes.1", "tags", {"lifecycle": {"ignore_changes": ["uefi", "tags"]}}, id="next item"
        ),
        pytest.param("lifecycle.ignore_changes", None, {"lifecycle": {}}, id="removal"),
    ],
)
def test_an_override_sets_one_argument(path: str, value: Any, expected: dict[str, Any]) -> None:
    changed = body()
    apply_override(changed, path, value)
    assert changed == body() | expected


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        pytest.param("start_vm", "starts a pin once", id="start_vm"),
        pytest.param("name", "collide", id="name"),
        pytest.param("tags", "found by these tags", id="all tags"),
        pytest.param("tags.cloudstack-pins/set", "found by these tags", id="own tag"),
        pytest.param("", "empty name", id="empty"),
        pytest.param("a..b", "empty name", id="empty part"),
        pytest.param("lifecycle.ignore_changes.2", "allowed are 0 to 1", id="past the end"),
        pytest.param("lifecycle.ignore_changes.x", "no place in a list", id="name in a list"),
        pytest.param("tags.team.x.y", "holds nothing", id="through text"),
    ],
)
def test_an_override_that_cannot_be_is_refused(path: str, reason: str) -> None:
    changed = body()
    changed["tags"]["team"] = "t"
    with pytest.raises(ExpansionError, match=reason):
        apply_override(changed, path, "value")


def test_an_override_may_be_no_nan() -> None:
    with pytest.raises(ExpansionError, match=r"details\.cpu"):
        apply_override(body(), "details.cpu", float("nan"))
