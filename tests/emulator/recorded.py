"""The recordings of a real CloudStack, and how an answer of the emulator is compared with one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "recordings"

# Maps whose keys are data (names of settings), not fields; their values are texts.
FREE_MAPS = frozenset({"details", "resourcedetails", "hostha", "outofbandmanagement", "storagecapabilities"})

# Fields that this one answer lacks, and why the emulator sends them all the same.
ALLOWED = {
    ("listUsageRecords-2", "usagerecord.virtualmachineid"): "of 600 records three were kept; listUsageRecords-9 has it",
    **{
        ("listVolumes-2", f"volume.{field}"): "statistics come late after an assignment; listVolumes-8 has them"
        for field in ("diskioread", "diskiowrite", "diskkbsread", "diskkbswrite")
    },
}


@dataclass(frozen=True)
class Exchange:
    """One recorded request with its answer; ``index`` is its place in the file of its command."""

    command: str
    index: int
    method: str
    params: Mapping[str, str]
    status: int
    body: Mapping[str, Any]

    @property
    def label(self) -> str:
        return f"{self.command}-{self.index}"

    @property
    def envelope(self) -> str:
        (key,) = self.body
        return key

    @property
    def content(self) -> Mapping[str, Any]:
        content: Mapping[str, Any] = self.body[self.envelope]
        return content


def exchanges() -> list[Exchange]:
    """Every recorded request and answer, by command and place."""
    return [
        Exchange(path.stem, index, entry["method"], entry["params"], entry["status"], entry["body"])
        for path in sorted(FOLDER.glob("*.json"))
        for index, entry in enumerate(json.loads(path.read_text()))
    ]


def type_name(value: object) -> str:
    """The JSON type of a value; whole and broken numbers are one type, as CloudStack sends both for one field."""
    if isinstance(value, bool):
        return "boolean"
    return {dict: "object", list: "array", str: "string", int: "number", float: "number"}[type(value)]


def fields(value: object, kind: str = "") -> Iterator[tuple[str, str]]:
    """Each field below ``value`` as (path, JSON type); elements of one array share a path."""
    if isinstance(value, Mapping):
        for name, below in value.items():
            if kind.rpartition(".")[2] in FREE_MAPS:
                yield f"{kind}.*", type_name(below)
                continue
            path = f"{kind}.{name}" if kind else name
            yield path, type_name(below)
            yield from fields(below, path)
    elif isinstance(value, list):
        for below in value:
            yield from fields(below, kind)


def unrecorded(sent: Mapping[str, Any], exchange: Exchange) -> list[str]:
    """The fields of ``sent`` that the recorded answer does not have, or has with another type."""
    known: dict[str, set[str]] = {}
    for path, name in fields(exchange.content):
        known.setdefault(path, set()).add(name)
        if path.rpartition(".")[2] in FREE_MAPS:
            known.setdefault(f"{path}.*", set()).add("string")
    found = {
        f"{path}: {name}, recorded {'|'.join(sorted(known[path])) if path in known else 'nothing'}"
        for path, name in fields(sent)
        if name not in known.get(path, set()) and (exchange.label, path) not in ALLOWED
    }
    return sorted(found)


_NORMAL_FORMS = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"i-\d+-\d+-VM"), "<instance name>"),
    (re.compile(r'"id":\d+'), '"id":<number>'),
    (re.compile(r"\[\d+\]"), "[<number>]"),
]


def normal_text(text: str) -> str:
    """An error text without what differs from one CloudStack to the next: ids and internal names."""
    for pattern, form in _NORMAL_FORMS:
        text = pattern.sub(form, text)
    return text


def error_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """The error in an answer or in a job's result, its text in normal form; {} where there is none."""
    failed = content.get("jobresult", {}) if "errorcode" not in content else content
    if not isinstance(failed, Mapping) or "errorcode" not in failed:
        return {}
    return {**failed, "errortext": normal_text(failed["errortext"])}
