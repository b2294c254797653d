"""Terraform's actions and reasons in words, and durations."""

from __future__ import annotations

from cloudstack_pins.review.fate import Fate
from cloudstack_pins.review.plan import PinChange

_REASONS = {
    "replace_because_tainted": "it is tainted",
    "replace_because_cannot_update": "it cannot be changed in place",
    "replace_by_request": "-replace asks for it",
    "replace_by_triggers": "replace_triggered_by asks for it",
    "delete_because_no_resource_config": "it is no longer declared",
    "delete_because_wrong_repetition": "its count or for_each changed kind",
    "delete_because_count_index": "count no longer reaches it",
    "delete_because_each_key": "for_each no longer has its key",
    "delete_because_no_module": "its module is no longer declared",
    "delete_because_no_move_target": "a moved block leads nowhere",
    "read_because_config_unknown": "it is read at apply",
    "read_because_dependency_pending": "it is read after what it depends on",
    "read_because_check_nested": "a check reads it",
}
_ACTIONS = {
    ("no-op",): "stays",
    ("create",): "is created",
    ("update",): "changes in place",
    ("delete",): "is destroyed",
    ("create", "delete"): "is replaced, the new one first",
    ("delete", "create"): "is destroyed, then created again",
    ("forget",): "is forgotten, its VM stays",
    ("create", "forget"): "is replaced, the old VM stays and is forgotten",
}
_FATES: dict[Fate, str] = {"in place": "in place", "gap": "gap", "previous": "pinned (previous)", "unknown": "unknown"}


def fate_in_words(fate: Fate) -> str:
    """Return a fate as a table shows it."""
    return _FATES.get(fate, fate)


def actions_in_words(actions: tuple[str, ...]) -> str:
    """Return what Terraform does to a resource."""
    return _ACTIONS.get(actions, " then ".join(actions))


def reason_in_words(reason: str | None) -> str:
    """Return Terraform's reason as a clause; one that is not known is shown as it is, "" where there is none."""
    return _REASONS.get(reason, reason) if reason else ""


def change_in_words(change: PinChange) -> str:
    """Return one clause for a pin's row: what happens and why."""
    clause = actions_in_words(change.actions)
    if change.importing:
        clause = f"is imported and {clause}"
    if change.previous_address:
        clause = f"moves and {clause}"
    because = reason_in_words(change.reason)
    if change.replace_paths:
        because = f"{because} ({', '.join(change.replace_paths)})" if because else ", ".join(change.replace_paths)
    elif change.actions == ("update",) and change.changed:
        because = ", ".join(change.changed)
    return f"{clause}: {because}" if because else clause


def duration(seconds: int) -> str:
    """Return seconds in the largest unit that stays readable."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size or seconds == size:
            value = f"{seconds / size:.1f}".removesuffix(".0")
            return f"{value} {unit}{'' if value == '1' else 's'}"
    return f"{seconds} seconds"
