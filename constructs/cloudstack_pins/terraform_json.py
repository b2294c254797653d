"""Python values as Terraform JSON: only JSON types, nothing that Terraform would read as an expression by accident."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from cloudstack_pins.errors import ExpansionError

_LARGEST_EXACT = 2**53


def escaped(text: str) -> str:
    """Return ``text`` so that Terraform reads it literally: ``${`` and ``%{`` begin expressions in its strings."""
    return text.replace("${", "$${").replace("%{", "%%{")


def unescaped(text: str) -> str:
    """Return what ``escaped`` was given."""
    return text.replace("$${", "${").replace("%%{", "%{")


def literal(value: Any) -> Any:
    """Return ``value`` with every text in it escaped, names of maps among them; for text from outside."""
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, Mapping):
        return {escaped(str(name)): literal(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [literal(part) for part in value]
    return value


def plain_value(value: Any) -> Any:
    """Return what Terraform makes of a value that ``literal`` escaped."""
    if isinstance(value, str):
        return unescaped(value)
    if isinstance(value, Mapping):
        return {unescaped(name): plain_value(part) for name, part in value.items()}
    if isinstance(value, list):
        return [plain_value(part) for part in value]
    return value


def normalised(value: Any, *, where: str = "stack") -> Any:
    """Return ``value`` made of JSON types only: dict, list, str, int, float, bool.

    Tuples become lists; what is None in a map is left out, as jsii does and Terraform means it. NaN and infinity end
    jsii's Node process, integers above 2^53 are rounded by it, None in a list shortens it, other types reach it as
    objects: each is refused with its place. ``where`` names the root of that place.

    Raises ExpansionError.
    """
    match value:
        case str():
            return _text(value, where)
        case None | bool():
            return value
        case int():
            if abs(value) > _LARGEST_EXACT:
                raise ExpansionError(f"{where}: {value} is above 2^53 and would be rounded; write it as a string")
            return int(value)
        case float():
            if not math.isfinite(value):
                raise ExpansionError(f"{where}: {value} is not a number that JSON knows; give a finite number")
            return float(value)
        case Mapping():
            return {
                _name(name, where): normalised(part, where=f"{where}.{name}")
                for name, part in value.items()
                if part is not None
            }
        case list() | tuple():
            if None in value:
                raise ExpansionError(f"{where}: None in a list would shorten it; leave it out")
            return [normalised(part, where=f"{where}.{index}") for index, part in enumerate(value)]
        case _:
            raise ExpansionError(
                f"{where}: a {type(value).__name__} cannot become Terraform JSON; "
                "give text, a number, a bool, None, a list or a dict"
            )


def rendered(document: Mapping[str, Any]) -> str:
    """Return a document as text: two spaces, names sorted, a line break at the end; same value, same bytes."""
    return json.dumps(normalised(document), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _name(name: object, where: str) -> str:
    if not isinstance(name, str):
        raise ExpansionError(f"{where}: the name {name!r} is a {type(name).__name__}; names of a map are text")
    return _text(name, where)


def _text(text: str, where: str) -> str:
    if text.isascii():
        return str(text)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ExpansionError(f"{where}: {text!r} holds half a character; give whole Unicode text") from error
    return str(text)
