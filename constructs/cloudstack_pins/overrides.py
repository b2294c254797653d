"""Changes that a stack author makes to one pin's Terraform arguments, beyond what the constructs offer."""

from __future__ import annotations

from typing import Any

from cloudstack_pins.errors import ExpansionError
from cloudstack_pins.model import TAG_PREFIX
from cloudstack_pins.terraform_json import normalised

_KEPT = {
    "start_vm": "activation starts a pin once, on its pool; Terraform starting it leaves failed VMs behind",
    "name": "a name of its own makes a replacement collide with the pin that it replaces",
}
"""Arguments that make a pin a pin, and why each stays as it is."""


def apply_override(body: dict[str, Any], path: str, value: Any) -> None:
    """Set the argument at ``path`` (names joined by dots, numbers for list items) to ``value``; None removes it.

    ``value`` is Terraform's: ``${...}`` in it is an expression. Names that hold dots cannot be reached.

    Raises ExpansionError for a path that is empty, leads through text or past the end of a list, or for an argument
    that makes a pin a pin.
    """
    names = path.split(".")
    _refuse_kept(path, names)
    value = normalised(value, where=path)
    place: Any = body
    for depth, name in enumerate(names[:-1]):
        place = _inner(place, name, ".".join(names[: depth + 1]))
    _set(place, names[-1], value, path)


def _refuse_kept(path: str, names: list[str]) -> None:
    if not all(names):
        raise ExpansionError(f"override {path!r} has an empty name; join the argument's names by single dots")
    if names[0] in _KEPT:
        raise ExpansionError(f"override {path!r} is refused: {_KEPT[names[0]]}; drop this override")
    if names == ["tags"] or (names[0] == "tags" and names[1].startswith(TAG_PREFIX)):
        raise ExpansionError(
            f"override {path!r} is refused: pins are found by these tags; add tags of your own as 'tags.<name>'"
        )


def _inner(place: Any, name: str, path: str) -> Any:
    if isinstance(place, dict):
        return place.setdefault(name, {})
    if isinstance(place, list):
        return place[_index(place, name, path)]
    raise ExpansionError(f"override {path!r} leads into {place!r}, which holds nothing; shorten the path")


def _set(place: Any, name: str, value: Any, path: str) -> None:
    if isinstance(place, list):
        index = _index(place, name, path, may_append=True)
        place[index : index + 1] = [] if value is None else [value]
    elif not isinstance(place, dict):
        raise ExpansionError(f"override {path!r} leads into {place!r}, which holds nothing; shorten the path")
    elif value is None:
        place.pop(name, None)
    else:
        place[name] = value


def _index(place: list[Any], name: str, path: str, *, may_append: bool = False) -> int:
    last = len(place) if may_append else len(place) - 1
    if not name.isascii() or not name.isdigit() or int(name) > last:
        raise ExpansionError(f"override {path!r}: {name!r} is no place in a list; allowed are 0 to {last}")
    return int(name)
