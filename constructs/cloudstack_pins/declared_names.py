"""Names and keys in a declaration: what no name in CloudStack is, and what two keys may not share."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from cloudstack_pins.fields import Fields, shown
from cloudstack_pins.pin_key import sanitised


def read_name(fields: Fields, name: str) -> str:
    """Return a required name of something in CloudStack."""
    value = fields.text(name)
    refuse_odd(fields, name, value)
    return value


def refuse_odd(fields: Fields, name: str, value: str) -> None:
    """Refuse what no name in CloudStack is and what nobody would see in a review."""
    if not value or value != value.strip():
        raise fields.error(name, f"{shown(value)} is empty or has a blank at its end; drop the blank")
    if len(value) > 255:
        raise fields.error(name, f"{shown(value)} has {len(value)} characters; CloudStack allows 255; shorten it")
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in value):
        raise fields.error(name, f"{shown(value)} has characters that nobody sees; take them out")


def refuse_shared_keys(fields: Fields, table: str, formerly: Mapping[str, Iterable[str]]) -> None:
    """Refuse two keys that become one Terraform name, and a former key that someone else has."""
    holders: dict[str, str] = {}
    for key in formerly:
        other = holders.setdefault(sanitised(key), key)
        if other != key:
            raise fields.error(
                table,
                f"{shown(other)} and {shown(key)} both become {sanitised(key)!r} in Terraform; rename one of them",
            )
    claimed: dict[str, str] = {}
    for key, former in formerly.items():
        for name in former:
            other = name if name in formerly else claimed.setdefault(name, key)
            if name in formerly or other != key:
                raise fields.error(
                    table,
                    f"{shown(name)} in {shown(key)}.formerly is also a key of {shown(other)}; drop one of the two",
                )
