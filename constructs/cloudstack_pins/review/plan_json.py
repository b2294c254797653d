"""Reading ``terraform show -json`` as a stream: a plan of any size in memory that grows with its pins only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import ijson

from cloudstack_pins.errors import PlanError
from cloudstack_pins.review import plan_entries
from cloudstack_pins.review.plan import Drift, Guard, OtherChange, PinChange, Plan
from cloudstack_pins.review.stack_facts import facts_from_outputs

MAX_BYTES = 1_000_000_000
"""Larger files are refused: a plan of 100,000 pins has less than half of it."""
_MAX_TOKEN = 16 * 1024**2
_MAX_VALUES = 200_000
_MAX_DEPTH = 200
_REPAIR = "write it with `terraform show -json PLANFILE > plan.json`"
_LOG = f"{{source}}: is the log of `terraform plan -json`, not a plan; {_REPAIR}"
_SCALARS = {"format_version", "terraform_version", "errored", "complete", "@level"}
_ITEMS = {"resource_changes.item", "resource_drift.item", "checks.item"}
_LISTS = {item.removesuffix(".item") for item in _ITEMS}
_OUTPUTS = {"planned_values.outputs.roster", "output_changes.roster", "prior_state.values.outputs.roster"}


class _Reader(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


def read_plan(path: Path) -> Plan:
    """Read the plan JSON at ``path``.

    Raises PlanError where it cannot be read, is no plan, is cut off, or is larger than ``MAX_BYTES``.
    """
    try:
        with path.open("rb") as file:
            return parse_plan(file, source=str(path))
    except OSError as error:
        raise PlanError(f"{path}: cannot be read ({error.strerror or error}); {_REPAIR}") from error


def parse_plan(file: BinaryIO, *, source: str, limit: int = MAX_BYTES) -> Plan:
    """Read a plan JSON from an open binary file, standard input for instance; ``source`` names it in messages.

    The plan keeps the last part of ``source`` only, so that reviews do not differ by the folder they were made in.
    ``limit`` is the size in bytes above which it is refused. Raises PlanError as ``read_plan`` does.
    """
    gathered = _Gathered(source)
    try:
        for prefix, value in _wanted(_Bounded(file, source, limit), source):
            gathered.take(prefix, value)
    except ijson.IncompleteJSONError as error:
        raise PlanError(f"{source}: is cut off or not JSON ({_first_line(error)}); {_REPAIR}") from error
    except (ijson.JSONError, UnicodeDecodeError, ValueError) as error:
        raise PlanError(f"{source}: is not JSON ({_first_line(error)}); {_REPAIR}") from error
    return gathered.plan()


class _Bounded:
    """A file that refuses what no plan is: a plan file itself, UTF-16, too many bytes, an endless string."""

    def __init__(self, file: _Reader, source: str, limit: int) -> None:
        self._file, self._source, self._limit = file, source, limit
        self._total = self._since_quote = 0

    def read(self, size: int = -1) -> bytes:
        if size == 0:  # ijson asks for nothing once, to learn whether it gets bytes
            return b""
        chunk = self._file.read(size)
        if self._total == 0:
            chunk = self._without_mark(chunk)
        self._total += len(chunk)
        last = chunk.rfind(b'"')
        self._since_quote = len(chunk) - last if last >= 0 else self._since_quote + len(chunk)
        if self._total > self._limit:
            raise PlanError(
                f"{self._source}: is larger than {self._limit / 10**6:g} MB; split the stack, or plan fewer resources"
            )
        if self._since_quote > _MAX_TOKEN:
            raise PlanError(f"{self._source}: holds a value of more than {_MAX_TOKEN // 2**20} MiB; {_REPAIR}")
        return chunk

    def _without_mark(self, chunk: bytes) -> bytes:
        if not chunk.strip():
            raise PlanError(f"{self._source}: is empty; {_REPAIR}")
        if chunk.startswith(b"PK\x03\x04"):
            raise PlanError(f"{self._source}: is a plan file, not its JSON; {_REPAIR}")
        if chunk.lstrip().startswith(b'{"@level"'):
            raise PlanError(_LOG.format(source=self._source))
        if chunk.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise PlanError(f"{self._source}: is UTF-16, as PowerShell's `>` writes it; write it as UTF-8")
        return chunk.removeprefix(b"\xef\xbb\xbf")


def _wanted(file: _Bounded, source: str) -> Iterator[tuple[str, Any]]:
    """Yield the parts of the document that a review needs, each built alone and let go of afterwards."""
    builder: ijson.ObjectBuilder | None = None
    depth = values = 0
    for prefix, event, value in ijson.parse(file, use_float=True):
        if builder is None:
            if prefix in _SCALARS:
                yield prefix, value
            elif event in ("start_map", "start_array") and (prefix in _ITEMS or prefix in _OUTPUTS):
                builder, depth, values = ijson.ObjectBuilder(), 1, 0
                builder.event(event, value)
            elif prefix in _ITEMS or (prefix == "" and event not in ("start_map", "map_key", "end_map")):
                raise PlanError(f"{source}: {prefix or 'the document'} is not an object; {_REPAIR}")
            elif prefix in _LISTS and event not in ("start_array", "end_array", "null"):
                raise PlanError(f"{source}: {prefix} is not a list; {_REPAIR}")
            elif prefix in ("resource_changes", "planned_values"):
                yield prefix, None
            continue
        builder.event(event, value)
        values += 1
        depth += (event in ("start_map", "start_array")) - (event in ("end_map", "end_array"))
        if depth > _MAX_DEPTH or values > _MAX_VALUES:
            raise PlanError(
                f"{source}: one entry of {prefix.split('.', 1)[0]} is too large to be a resource; {_REPAIR}"
            )
        if depth == 0:
            whole, builder = builder.value, None
            yield prefix, whole


class _Gathered:
    """Collects the parts of one plan as they come by."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._scalars: dict[str, Any] = {}
        self._seen: set[str] = set()
        self._outputs: dict[str, Any] = {}
        self._pins: list[PinChange] = []
        self._guards: list[Guard] = []
        self._others: list[OtherChange] = []
        self._drift: list[Drift] = []
        self._half: list[str] = []
        self._checks: list[str] = []
        self._takers: dict[str, Callable[[dict[str, Any]], None]] = {
            "resource_changes.item": self._take_change,
            "resource_drift.item": self._take_drift,
            "checks.item": self._take_check,
        }

    def take(self, prefix: str, value: Any) -> None:
        if prefix in self._takers:
            if not isinstance(value, dict):
                raise PlanError(f"{self._source}: an entry of {prefix} is not an object; {_REPAIR}")
            self._takers[prefix](value)
        elif prefix in _OUTPUTS:
            self._outputs[prefix] = value
        elif prefix in _SCALARS:
            self._scalars[prefix] = value
            if prefix == "format_version":
                self._check_version(value)
        self._seen.add(prefix)

    def plan(self) -> Plan:
        """Return the plan, or say what the document is instead."""
        self._refuse_foreign()
        return Plan(
            source=Path(self._source).name,
            terraform_version=str(self._scalars.get("terraform_version") or ""),
            errored=self._scalars.get("errored") is True,
            complete=self._scalars.get("complete") is not False,
            pins=tuple(sorted(self._pins, key=lambda pin: (pin.address, pin.deposed or ""))),
            guards=tuple(sorted(self._guards, key=lambda guard: guard.address)),
            others=tuple(sorted(self._others, key=lambda other: other.address)),
            drift=tuple(sorted(self._drift, key=lambda drift: drift.address)),
            half_tagged=tuple(sorted(self._half)),
            failed_checks=tuple(sorted(self._checks)),
            facts=facts_from_outputs(self._outputs, self._source),
        )

    def _check_version(self, version: Any) -> None:
        if not isinstance(version, str) or version.split(".")[0] != "1":
            raise PlanError(
                f"{self._source}: format_version is {version!r}; known is 1.x (Terraform 1.5 and later, OpenTofu); "
                "update cloudstack-pins"
            )

    def _refuse_foreign(self) -> None:
        if "@level" in self._scalars:
            raise PlanError(_LOG.format(source=self._source))
        if "format_version" not in self._scalars:
            raise PlanError(f"{self._source}: has no format_version, so it is no plan of Terraform; {_REPAIR}")
        if not self._seen & {"resource_changes", "resource_changes.item", "planned_values"}:
            raise PlanError(f"{self._source}: holds a state and no plan; {_REPAIR}")

    def _take_change(self, entry: dict[str, Any]) -> None:
        found = plan_entries.read_change(entry, self._source)
        if isinstance(found, PinChange):
            self._pins.append(found)
        elif isinstance(found, Guard):
            self._guards.append(found)
        elif isinstance(found, OtherChange):
            self._others.append(found)
        elif isinstance(found, str):
            self._half.append(found)

    def _take_drift(self, entry: dict[str, Any]) -> None:
        drift = plan_entries.read_drift(entry, self._source)
        if drift is not None:
            self._drift.append(drift)

    def _take_check(self, entry: dict[str, Any]) -> None:
        name = plan_entries.failed_check(entry)
        if name is not None:
            self._checks.append(name)


def _first_line(error: Exception) -> str:
    """Return a parser's message without the excerpt of the document that it quotes: it may hold a secret."""
    text = error.args[0] if error.args else ""
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return text.splitlines()[0].strip() if text.strip() else type(error).__name__
