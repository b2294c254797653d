"""One entry of a plan's ``resource_changes``, ``resource_drift`` or ``checks``, reduced to what a review keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudstack_pins.errors import PlanError
from cloudstack_pins.model import (
    ANY_POOL,
    TAG_POOL,
    TAG_PREFIX,
    TAG_REVISION,
    TAG_SET,
    TAG_STORAGE_TAG,
    TAG_TEMPLATE,
)
from cloudstack_pins.review.plan import (
    GUARD_ROLES,
    SENSITIVE,
    UNKNOWN,
    Drift,
    Guard,
    OtherChange,
    PinChange,
    PinState,
)

FIVE_TAGS = (TAG_SET, TAG_TEMPLATE, TAG_STORAGE_TAG, TAG_POOL, TAG_REVISION)
_PIN_TYPE = "cloudstack_instance"
# Provider 0.6.0 reads this back for offerings that stacks make, so every plan would show it (fixed in 0.7.0).
_READ_BACK = ("disk_offering_id",)
_OWN_DATA = ("offering_", "pin_", "pool_", "storage_tag_")
"""How the names of terraform_data begin that stand beside pins."""


def read_change(entry: Mapping[str, Any], source: str) -> PinChange | Guard | OtherChange | str | None:
    """Return what the entry is: a pin's change, a guard, another change, None for what a review has no use for.

    A string is the address of an instance that bears some of the five tags only.
    """
    address, change, actions = _head(entry, source)
    if entry.get("mode") == "data" or (actions == ("read",)):
        return None
    kind, name = _text(entry.get("type")), _text(entry.get("name"))
    if kind == _PIN_TYPE:
        before, after = _Side(change, "before"), _Side(change, "after")
        if before.is_pin or after.is_pin:
            return _pin(entry, address, actions, change, before, after)
        if before.is_half or after.is_half:
            return address
    for role in GUARD_ROLES:
        if kind == "terraform_data" and name == role and "deposed" not in entry:
            return Guard(role=role, address=address, module=_text(entry.get("module_address")), actions=actions)
    if actions == ("no-op",):
        return None
    return OtherChange(
        address=address if not entry.get("deposed") else f"{address} (deposed {_text(entry['deposed'])})",
        type=kind,
        actions=actions,
        reason=_text(entry.get("action_reason")) or None,
        changed=_changed(change),
        own=_is_own(kind, name),
    )


def read_drift(entry: Mapping[str, Any], source: str) -> Drift | None:
    """Return what changed outside of Terraform; None where nothing but the plan's own bookkeeping did."""
    address, change, actions = _head(entry, source)
    if actions == ("no-op",) or entry.get("mode") == "data":
        return None
    changed = _changed(change)
    if changed == _READ_BACK and actions == ("update",):
        return None
    before = _Side(change, "before")
    pin = before.state() if entry.get("type") == _PIN_TYPE and before.is_pin else None
    return Drift(address=address, actions=actions, changed=changed, state=pin)


def failed_check(entry: Mapping[str, Any]) -> str | None:
    """Return the name of a check that failed; one whose result is unknown until apply did not fail."""
    if entry.get("status") not in ("fail", "error"):
        return None
    address = entry.get("address")
    shown = address.get("to_display") if isinstance(address, dict) else None
    return _text(shown) or "a check"


def _pin(
    entry: Mapping[str, Any],
    address: str,
    actions: tuple[str, ...],
    change: Mapping[str, Any],
    before: _Side,
    after: _Side,
) -> PinChange:
    # One that loses tags stays a pin to this review: what was one before is judged as one.
    sides = [side.state() if side.is_pin else None for side in (before, after)]
    return PinChange(
        address=address,
        actions=actions,
        module=_text(entry.get("module_address")),
        previous_address=_text(entry.get("previous_address")) or None,
        deposed=_text(entry.get("deposed")) or None,
        reason=_text(entry.get("action_reason")) or None,
        replace_paths=_paths(change.get("replace_paths")),
        importing=isinstance(change.get("importing"), dict),
        changed=() if actions == ("no-op",) else _changed(change),
        claims=_claims(before, after),
        before=sides[0],
        after=sides[1],
    )


class _Side:
    """``before`` or ``after`` of a change, with what is sensitive masked and what is unknown said."""

    def __init__(self, change: Mapping[str, Any], side: str) -> None:
        self.values = _mapping(change.get(side))
        self._sensitive = change.get(f"{side}_sensitive")
        self._unknown = change.get("after_unknown") if side == "after" else None
        tags = _mapping(self.values.get("tags"))
        unknown = _mapping(_mapping(self._unknown).get("tags"))
        self.tags = {tag: _text(tags.get(tag)) or UNKNOWN for tag in FIVE_TAGS if tag in tags or unknown.get(tag)}
        self.is_pin = len(self.tags) == len(FIVE_TAGS)
        self.is_half = not self.is_pin and any(tag.startswith(TAG_PREFIX) for tag in (*tags, *unknown))

    def state(self) -> PinState:
        """Return the side as a pin."""
        pool = self._tag(TAG_POOL)
        return PinState(
            set_name=self._tag(TAG_SET),
            template=self._tag(TAG_TEMPLATE),
            storage_tag=self._tag(TAG_STORAGE_TAG),
            pool=None if pool == ANY_POOL else pool,
            revision=self._tag(TAG_REVISION),
            template_id=self._known("template"),
            zone=self._known("zone"),
            root_gib=_whole(self.values.get("root_disk_size")),
            expunge=self.values.get("expunge") is True,
            start_vm=self.values.get("start_vm") is not False,
        )

    def _tag(self, tag: str) -> str:
        return SENSITIVE if _marked(self._sensitive, "tags", tag) else self.tags[tag]

    def _known(self, name: str) -> str | None:
        hidden = _marked(self._sensitive, name) or _marked(self._unknown, name)
        return None if hidden else _text(self.values.get(name)) or None


def _head(entry: Mapping[str, Any], source: str) -> tuple[str, Mapping[str, Any], tuple[str, ...]]:
    address, change = entry.get("address"), entry.get("change")
    actions = change.get("actions") if isinstance(change, dict) else None
    if not isinstance(address, str) or not isinstance(change, dict) or not isinstance(actions, list):
        raise PlanError(
            f"{source}: a resource change lacks its address or its actions ({_text(address) or 'no address'}); "
            "write it with `terraform show -json PLANFILE > plan.json`"
        )
    return address, change, tuple(_text(action) for action in actions)


def _changed(change: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the attributes that differ; values stay behind, so nothing sensitive can leave."""
    before, after = _mapping(change.get("before")), _mapping(change.get("after"))
    unknown = _mapping(change.get("after_unknown"))
    if not before or not (after or unknown):
        return ()
    differing = {name for name in {*before, *after} if before.get(name) != after.get(name) and name in after}
    gone = {name for name in before if name not in after and name not in unknown and before[name] is not None}
    return tuple(sorted(differing | gone | {name for name, value in unknown.items() if _any_true(value)}))


def _claims(before: _Side, after: _Side) -> tuple[str, ...]:
    """Return which of the five tags differ, by their short names."""
    if not before.is_pin or not after.values:
        return ()
    return tuple(tag.removeprefix(TAG_PREFIX) for tag in FIVE_TAGS if before.tags.get(tag) != after.tags.get(tag))


def _marked(tree: Any, *path: str) -> bool:
    """Return whether a sensitivity or unknown tree marks the value at ``path`` or anything above it."""
    for step in path:
        if tree is True:
            return True
        tree = tree.get(step) if isinstance(tree, dict) else None
    return _any_true(tree)


def _any_true(tree: Any) -> bool:
    if isinstance(tree, dict):
        return any(_any_true(value) for value in tree.values())
    if isinstance(tree, list):
        return any(_any_true(value) for value in tree)
    return tree is True


def _is_own(kind: str, name: str) -> bool:
    return kind == "cloudstack_service_offering_fixed" or (kind == "terraform_data" and name.startswith(_OWN_DATA))


def _paths(paths: Any) -> tuple[str, ...]:
    if not isinstance(paths, list):
        return ()
    return tuple(sorted({".".join(_text(step) for step in path) for path in paths if isinstance(path, list)}))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _whole(value: Any) -> int:
    return int(value) if isinstance(value, (int, float)) and 0 < value < 2**40 else 0
