"""Writes suggestions into pins.toml, keeping its comments and its order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import tomlkit
from tomlkit.items import Array

from cloudstack_pins.pin_key import sanitised
from cloudstack_pins.suggest.judge import Suggestion


def edited(text: str, suggestions: Iterable[Suggestion]) -> str:
    """Return pins.toml with every "add" added and every "drop" taken out; nothing else changes."""
    document = tomlkit.parse(text)
    templates: Any = document.setdefault("templates", tomlkit.table(is_super_table=True))
    added: dict[str, str] = {}
    for suggestion in suggestions:
        if suggestion.advice == "add":
            _add(templates, suggestion, added)
        elif suggestion.advice == "drop" and suggestion.key is not None:
            _drop(templates, suggestion.key, suggestion.storage_tag)
    if not templates:
        document.remove("templates")
    return tomlkit.dumps(document)


def _add(templates: Any, suggestion: Suggestion, added: dict[str, str]) -> None:
    key = suggestion.key or added.get(suggestion.template)
    if key is not None and key in templates:
        tags = templates[key]["storage_tags"]
        if suggestion.storage_tag not in tags:
            tags.append(suggestion.storage_tag)
        return
    key = _new_key(suggestion.template, templates)
    table = tomlkit.table()
    if key != suggestion.template:
        table.add("template", suggestion.template)
    table.add("storage_tags", [suggestion.storage_tag])
    templates[key] = table
    added[suggestion.template] = key


def _drop(templates: Any, key: str, storage_tag: str) -> None:
    tags: Array = templates[key]["storage_tags"]
    if list(tags) == [storage_tag]:
        templates.remove(key)
    elif storage_tag in tags:
        tags.remove(storage_tag)


def _new_key(name: str, templates: Any) -> str:
    """Return a key that reads like the name: ``Debian 12 (x86_64)`` becomes ``debian-12-x86-64``."""
    words = "".join(character if character.isascii() and character.isalnum() else " " for character in name.lower())
    base = "-".join(words.split()) or "template"
    taken = {sanitised(key) for key in templates}
    candidates = (base if number == 1 else f"{base}-{number}" for number in range(1, len(taken) + 2))
    return next(candidate for candidate in candidates if sanitised(candidate) not in taken)
