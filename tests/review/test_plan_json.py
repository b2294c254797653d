"""Plan JSON as it is in the world: broken, foreign, huge, of other versions."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloudstack_pins.errors import PlanError
from cloudstack_pins.review import Review, parse_plan, read_plan

PLANS = Path(__file__).parent / "plans"
CREATE = (PLANS / "real" / "create.json").read_bytes()
Varied = Callable[..., Review]


def with_(**changes: Any) -> bytes:
    return json.dumps({**json.loads(CREATE), **changes}).encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in json.loads(CREATE).items() if key != name}).encode()


STATE = b'{"format_version": "1.0", "terraform_version": "1.11.4", "values": {"root_module": {}}}'
LOG = b'{"@level": "info", "@message": "Terraform 1.11.4", "type": "version"}\n{"@level": "info"}\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"  \n", "is empty", id="blank"),
        pytest.param(CREATE[:-2], "is cut off or not JSON", id="last brace missing"),
        pytest.param(CREATE[: len(CREATE) // 2], "is cut off or not JSON", id="half"),
        pytest.param(CREATE + b"}", "not JSON", id="one brace more"),
        pytest.param(CREATE + CREATE, "not JSON", id="two documents"),
        pytest.param(b"PK\x03\x04rest", "is a plan file, not its JSON", id="plan file"),
        pytest.param(CREATE.decode().encode("utf-16"), "is UTF-16", id="UTF-16"),
        pytest.param(b"\x1f\x8b\x08\x00", "not JSON", id="gzip"),
        pytest.param(b'{"format_version": "1.2", "x": "\xff\xfe"}', "not JSON", id="not UTF-8"),
        pytest.param(b"Terraform will perform", "not JSON", id="text"),
        pytest.param(b"[]", "is not an object", id="array"),
        pytest.param(b"3", "is not an object", id="number"),
        pytest.param(b"null", "is not an object", id="null"),
        pytest.param(b"{}", "has no format_version", id="empty object"),
        pytest.param(b'{"Resources": {}}', "has no format_version", id="another tool's"),
        pytest.param(STATE, "holds a state and no plan", id="state"),
        pytest.param(LOG.splitlines()[0], "is the log of `terraform plan -json`", id="log, one line"),
        pytest.param(LOG, "is the log of `terraform plan -json`", id="log"),
        pytest.param(with_(format_version="2.0"), "format_version is '2.0'; known is 1.x", id="version 2"),
        pytest.param(with_(format_version=1.2), "format_version is 1.2", id="version as number"),
        pytest.param(without("format_version"), "has no format_version", id="no version"),
        pytest.param(with_(resource_changes=[3]), "is not an object", id="change is a number"),
        pytest.param(with_(resource_changes=[[1]]), "is not an object", id="change is a list"),
        pytest.param(with_(resource_changes=[{}]), "lacks its address", id="change is empty"),
        pytest.param(
            with_(resource_changes=[{"address": "a", "change": {"actions": "create"}}]), "its actions (a)", id="actions"
        ),
        pytest.param(with_(resource_changes={"a": 1}), "resource_changes is not a list", id="changes is an object"),
        pytest.param(with_(x=0).replace(b'"x": 0', b'"x": ' + b"9" * 5000), "not JSON", id="endless number"),
    ],
)
def test_what_is_no_plan_is_named_with_a_repair(content: bytes, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse_plan(io.BytesIO(content), source="plan.json")

    assert message in str(caught.value)
    assert str(caught.value).startswith("plan.json: ")
    assert "; " in str(caught.value)


def test_a_parser_s_excerpt_never_reaches_a_message() -> None:
    broken = CREATE[:2000] + b'"secret-4711" oops'

    with pytest.raises(PlanError) as caught:
        parse_plan(io.BytesIO(broken), source="plan.json")

    assert "secret-4711" not in str(caught.value)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="cannot be read"):
        read_plan(tmp_path / "none.json")


def test_a_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="cannot be read"):
        read_plan(tmp_path)


class Endless(io.RawIOBase):
    """A file of ``size`` bytes that are never held together."""

    def __init__(self, head: bytes, filler: bytes, size: int) -> None:
        super().__init__()
        self._head, self._filler, self._left = head, filler, size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._head:
            head, self._head = self._head, b""
            return head
        wanted = min(size if size > 0 else 65536, self._left)
        self._left -= wanted
        return (self._filler * (wanted // len(self._filler) + 1))[:wanted]


def test_an_endless_string_is_refused_before_it_fills_the_memory() -> None:
    endless = Endless(b'{"format_version": "1.2", "x": "', b"a", 10**9)

    with pytest.raises(PlanError, match="holds a value of more than 16 MiB"):
        parse_plan(endless, source="plan.json")  # type: ignore[arg-type]


def test_an_endless_entry_is_refused_before_it_fills_the_memory() -> None:
    endless = Endless(b'{"format_version": "1.2", "resource_changes": [{"x": [0', b',"a"', 10**9)

    with pytest.raises(PlanError, match="one entry of resource_changes is too large"):
        parse_plan(endless, source="plan.json")  # type: ignore[arg-type]


def test_deep_nesting_is_refused() -> None:
    deep = with_(resource_changes=[]).replace(b'"resource_changes": []', b'"resource_changes": [' + b'{"a": ' * 5000)

    with pytest.raises(PlanError, match="is too large to be a resource"):
        parse_plan(io.BytesIO(deep), source="plan.json")


def test_a_file_above_the_limit_is_refused() -> None:
    with pytest.raises(PlanError, match=r"is larger than 0\.02 MB"):
        parse_plan(io.BytesIO(CREATE), source="plan.json", limit=20_000)


def test_a_mark_of_utf8_is_tolerated() -> None:
    assert len(parse_plan(io.BytesIO(b"\xef\xbb\xbf" + CREATE), source="plan.json").pins) == 6


def test_unknown_fields_are_tolerated(varied: Varied) -> None:
    def edit(plan: dict[str, Any]) -> None:
        plan["format_version"] = "1.99"
        plan["moon"] = {"phase": ["full"]}
        for change in plan["resource_changes"]:
            change["moon"] = 1
            change["change"]["moon"] = None
            change["action_reason"] = "because_of_the_moon"

    assert varied("real/create", edit).acceptable


# Documented variations: what other versions write differently, after their published formats. None of these versions
# was run here; the fixtures from Terraform 1.11 are varied by hand.


def as_terraform_1_5(plan: dict[str, Any]) -> None:
    """1.5: format 1.2, no ``applyable`` and ``complete``, no ``forget``."""
    plan["terraform_version"] = "1.5.7"
    del plan["applyable"], plan["complete"]


def as_terraform_1_14(plan: dict[str, Any]) -> None:
    """1.14: actions of providers (``action_invocations``), resource identity beside values."""
    plan["terraform_version"] = "1.14.0"
    plan["action_invocations"] = [{"address": "action.x.y", "type": "x", "name": "y"}]
    for change in plan["resource_changes"]:
        change["change"]["before_identity"] = change["change"]["after_identity"] = None


def as_opentofu(plan: dict[str, Any]) -> None:
    """OpenTofu 1.10: its own registry in provider names, no ``applyable`` and ``complete``."""
    plan["terraform_version"] = "1.10.6"
    del plan["applyable"], plan["complete"]
    for change in plan["resource_changes"]:
        change["provider_name"] = change["provider_name"].replace("terraform.io", "opentofu.org")


def with_deferred(plan: dict[str, Any]) -> None:
    """1.10 and later with deferred actions: they stand apart, and the plan is not complete."""
    plan["complete"] = False
    plan["deferred_changes"] = [
        {"reason": "resource_config_unknown", "resource_change": plan["resource_changes"].pop()}
    ]


@pytest.mark.parametrize("edit", [as_terraform_1_5, as_terraform_1_14, as_opentofu])
@pytest.mark.parametrize("name", sorted(path.stem for path in (PLANS / "real").glob("*.json")))
def test_other_versions_are_judged_alike(name: str, edit: Callable[[Any], None], varied: Varied) -> None:
    same = varied(f"real/{name}", lambda plan: None)

    other = varied(f"real/{name}", edit)

    assert (other.verdict, other.findings, other.pools) == (same.verdict, same.findings, same.pools)


def test_deferred_changes_refuse_the_plan(varied: Varied) -> None:
    review = varied("real/create", with_deferred)

    assert "plan-incomplete" in {finding.id for finding in review.findings}


BIG = """
import json, resource, sys
from datetime import date
from pathlib import Path
from cloudstack_pins.review import judge, read_plan, to_html, to_json, to_markdown
small = read_plan(Path(sys.argv[2]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
plan = read_plan(Path(sys.argv[1]))
reading = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
review = judge([plan], today=date(2026, 1, 1))
forms = [len(form(review)) for form in (to_markdown, to_json, to_html)]
print(json.dumps([len(plan.pins), reading // 1024, review.verdict, forms]))
"""


def big_plan(path: Path, pins: int) -> None:
    """Write a plan that rotates that many pins, as large for each as Terraform makes it."""
    whole = json.loads((PLANS / "real" / "rotate-one-remove-one-add-one.json").read_bytes())
    pattern = json.dumps(whole["resource_changes"][0])
    prior = whole["prior_state"]["values"]["root_module"]["resources"]
    guards = [change for change in whole["resource_changes"] if change["type"] == "terraform_data"]
    first = prior[0]
    prior.clear()
    whole["resource_changes"] = guards
    for number in range(pins):
        change = json.loads(pattern)
        change["name"] = f"t{number // 20}_gold_P{number % 20}"
        change["address"] = f"cloudstack_instance.{change['name']}"
        for side in ("before", "after"):
            tags = {"cloudstack-pins/pool": f"P{number % 20}", "cloudstack-pins/template": f"t{number // 20}"}
            change["change"][side]["tags"].update(tags)
            change["change"][side]["template"] = f"{side}-{number // 20:030d}"
        whole["resource_changes"].append(change)
        prior.append({**first, "address": change["address"]})
    path.write_text(json.dumps(whole), encoding="utf-8")


@pytest.mark.timeout(900)
def test_ten_thousand_pins_are_reviewed_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    big_plan(path, 10_000)

    done = subprocess.run(
        [sys.executable, "-c", BIG, str(path), str(PLANS / "real" / "create.json")],
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )

    pins, mebibytes, verdict, (markdown, _, _) = json.loads(done.stdout)
    assert pins == 10_000
    assert verdict.startswith("pins 0 templates (sizes unknown), rotates 500")
    assert markdown <= 65_000
    # The file is larger than 30 MiB; what is kept of it must not be.
    assert path.stat().st_size > 30 * 2**20
    assert mebibytes < 100
