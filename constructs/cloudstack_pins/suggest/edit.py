"""Writes suggestions into pins.toml, keeping its comments, its order and its style."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Array

from cloudstack_pins import declaration as declarations
from cloudstack_pins.declaration import Declaration
from cloudstack_pins.errors import DeclarationError
from cloudstack_pins.pin_key import sanitised
from cloudstack_pins.suggest.judge import Suggestion
from cloudstack_pins.suggest.statements import Statement, statements

_TABLE = "templates"
_TAGS = "storage_tags"


@dataclass(frozen=True, kw_only=True)
class NewEntry:
    """A template to declare; ``name`` is its name in CloudStack."""

    key: str
    name: str
    tags: tuple[str, ...]

    @property
    def values(self) -> dict[str, Any]:
        """The entry's keys and values in order; a name that is the key goes without saying."""
        named = {} if self.key == self.name else {"template": self.name}
        return {**named, _TAGS: list(self.tags)}


@dataclass(kw_only=True)
class Changes:
    """What is to change: entries to declare, and the storage tags that declared ones shall have; none: drop it."""

    new: list[NewEntry] = field(default_factory=list)
    tags: dict[str, tuple[str, ...]] = field(default_factory=dict)


def edited(text: str, suggestions: Iterable[Suggestion], path: Path) -> str:
    """Return pins.toml with every "add" added and every "drop" taken out; nothing else changes.

    ``path`` names the file in errors. Raises DeclarationError where the text is written so that it cannot be edited
    without changing more than that.
    """
    changes = _changes(suggestions, declarations.parse(text.removeprefix("\ufeff"), path))
    if not changes.new and not changes.tags:
        return text
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    # One kind of line end inside; a file that mixes them keeps them as they are.
    windows = "\r\n" in text and "\n" not in text.replace("\r\n", "")
    inside = text.removeprefix(mark)
    inside = inside.replace("\r\n", "\n") if windows else inside
    result = _apply(inside, changes)
    if not _is_right(inside, result, changes):
        raise DeclarationError(
            f"{path}: templates: is written so that it cannot be edited safely; make it [templates.<key>] tables, or "
            f"do by hand: {_in_words(changes)}",
            path=path,
            key=_TABLE,
        )
    result = mark + (result.replace("\n", "\r\n") if windows else result)
    declarations.parse(result.removeprefix("\ufeff"), path)
    return result


def _changes(suggestions: Iterable[Suggestion], declared: Declaration) -> Changes:
    changes, wanted = Changes(), dict[str, list[str]]()
    for one in suggestions:
        entry = declared.templates.get(one.key) if one.key is not None else None
        has = entry is not None and one.storage_tag in changes.tags.get(entry.key, entry.storage_tags)
        if one.advice == "add" and entry is None and one.storage_tag in declared.storage_tags:
            wanted.setdefault(one.template, []).append(one.storage_tag)
        elif one.advice == "add" and entry is not None and not has:
            changes.tags[entry.key] = (*changes.tags.get(entry.key, entry.storage_tags), one.storage_tag)
        elif one.advice == "drop" and entry is not None and has:
            left = changes.tags.get(entry.key, entry.storage_tags)
            changes.tags[entry.key] = tuple(tag for tag in left if tag != one.storage_tag)
    names = {entry.name for entry in declared.templates.values()}
    taken = {sanitised(name) for entry in declared.templates.values() for name in (entry.key, *entry.formerly)}
    for name, tags in wanted.items():
        if name not in names:
            key = _new_key(name, taken)
            taken.add(sanitised(key))
            changes.new.append(NewEntry(key=key, name=name, tags=tuple(dict.fromkeys(tags))))
    return changes


def _new_key(name: str, taken: set[str]) -> str:
    """Return a key that reads like the name: ``Debian 12 (x86_64)`` becomes ``debian-12-x86-64``."""
    words = "".join(character if character.isascii() and character.isalnum() else " " for character in name.lower())
    base = "-".join(words.split())[:100] or "template"
    candidates = (base if number == 1 else f"{base}-{number}" for number in range(1, len(taken) + 2))
    return next(candidate for candidate in candidates if sanitised(candidate) not in taken)


def _apply(text: str, changes: Changes) -> str:
    for key, tags in changes.tags.items():
        text = _retagged(text, key, tags) if tags else _dropped(text, key)
    for entry in changes.new:
        text = _with(text, entry)
    return text


def _retagged(text: str, key: str, tags: tuple[str, ...]) -> str:
    """Change the array of one entry, wherever it is: a pair of its own, or inside an inline table."""
    whole = (_TABLE, key, _TAGS)
    for one in statements(text):
        if one.value is not None and one.path == whole[: len(one.path)]:

            def change(holder: Any, inner: tuple[str, ...] = whole[len(one.path) :]) -> None:
                array: Array = _inside(holder["v"], inner)
                for tag in [tag for tag in array if tag not in tags]:
                    array.remove(tag)
                for tag in [tag for tag in tags if tag not in array]:
                    array.append(tag)

            return _with_value(text, one, change)
    return text


def _dropped(text: str, key: str) -> str:
    """Cut the entry's lines; comments before its header and after its last pair stay."""
    whole = (_TABLE, key)
    spans: list[tuple[int, int]] = []
    for one in statements(text):
        if one.value is not None and one.path == (_TABLE,):
            return _with_value(text, one, lambda holder: holder["v"].remove(key))
        if one.path[:2] != whole:
            continue
        if one.value is not None and one.header[:2] == whole and spans:
            # Comments between a table's header and its last pair are about it.
            spans[-1] = (spans[-1][0], one.end)
        else:
            spans.append((one.start, one.end))
    for start, end in reversed(spans):
        text = _joined(text[:start], text[end:])
    return text


def _joined(before: str, after: str) -> str:
    """Join what a cut left: one blank line where there was one, and one between comments of two things."""
    if not after.strip() and before.strip():
        return before.rstrip("\n") + "\n"
    if before.endswith("\n\n") or not before:
        return before + after.lstrip("\n")
    if before.rstrip("\n").rpartition("\n")[2].lstrip().startswith("#") and after and not after.startswith("\n"):
        return f"{before}\n{after}"
    return before + after


def _with(text: str, entry: NewEntry) -> str:
    """Add an entry in the style of the others: beside inline tables or dotted keys as such, else as a table."""
    found = [one for one in statements(text) if one.path[:1] == (_TABLE,)]
    whole = next((one for one in found if one.value is not None and one.path == (_TABLE,)), None)
    if whole is not None:
        return _with_value(text, whole, lambda holder: holder["v"].update({entry.key: _inline(entry)}))
    if not found:
        return _after(text, len(text), _table(entry), apart=True)
    last = found[-1]
    if last.header == ():
        dotted = [f"{_TABLE}.{entry.key}.{name} = {_toml(value)}\n" for name, value in entry.values.items()]
        return _after(text, last.end, "".join(dotted))
    if last.header == (_TABLE,) and last.value is not None:
        pairs = ", ".join(f"{name} = {_toml(value)}" for name, value in entry.values.items())
        return _after(text, last.end, f"{entry.key} = {{ {pairs} }}\n")
    return _after(text, last.end, _table(entry), apart=True)


def _after(text: str, at: int, added: str, *, apart: bool = False) -> str:
    before, after = text[:at], text[at:]
    if before and not before.endswith("\n"):
        before += "\n"
    if apart and before.strip() and not before.endswith("\n\n"):
        before += "\n"
    return before + added + (f"\n{after}" if apart and after and not after.startswith("\n") else after)


def _table(entry: NewEntry) -> str:
    lines = [f"[{_TABLE}.{entry.key}]", *(f"{name} = {_toml(value)}" for name, value in entry.values.items())]
    return "\n".join(lines) + "\n"


def _toml(value: str | list[str]) -> str:
    written: str = tomlkit.item(value).as_string()
    return written


def _inline(entry: NewEntry) -> tomlkit.items.InlineTable:
    table = tomlkit.inline_table()
    table.update(entry.values)
    return table


def _with_value(text: str, one: Statement, change: Any) -> str:
    """Let ``change`` edit one pair's value with tomlkit, as ``v`` of a document of its own."""
    assert one.value is not None
    begin, end = one.value
    document = tomlkit.parse(f"v = {text[begin:end]}\n")
    change(document)
    return text[:begin] + tomlkit.dumps(document).removeprefix("v = ").removesuffix("\n") + text[end:]


def _inside(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value[name]
    return value


def _is_right(before: str, after: str, changes: Changes) -> bool:
    """Whether the new text says what it should, and nothing else."""
    try:
        found = tomllib.loads(after)
    except tomllib.TOMLDecodeError:
        return False
    wanted: dict[str, Any] = tomllib.loads(before)
    templates: dict[str, Any] = wanted.pop(_TABLE, {})
    for key, tags in changes.tags.items():
        templates[key] = {**templates[key], _TAGS: list(tags)}
    templates = {key: value for key, value in templates.items() if value[_TAGS]}
    templates |= {entry.key: entry.values for entry in changes.new}
    return found.pop(_TABLE, {}) == templates and found == wanted


def _in_words(changes: Changes) -> str:
    said = [f"add {entry.key} ({entry.name}) on {', '.join(entry.tags)}" for entry in changes.new]
    said += [f"let {key} have the storage tags {', '.join(tags)}" for key, tags in changes.tags.items() if tags]
    return "; ".join([*said, *(f"drop {key}" for key, tags in changes.tags.items() if not tags)])
