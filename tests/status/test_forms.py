"""The table, JSON, metrics: each says the same, and hostile names stay text."""

from __future__ import annotations

import io
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from cloudstack_pins.status import data, metrics, table
from cloudstack_pins.status.report import Report, State
from tests.status.made import mixed
from toolchain.promtool import promtool

HOSTILE = "\x1b[31mred\x1b[0m[bold]\u202e<b>"


def printed(report: Report, width: int, **options: object) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False, **options)  # type: ignore[arg-type]
    table.show(report, console)
    return out.getvalue()


def test_json_fits_its_schema_and_names_every_state() -> None:
    report = mixed()

    document = json.loads(data.text(report))

    jsonschema.validate(document, data.schema(), cls=jsonschema.Draft202012Validator)
    assert {pin["state"] for pin in document["sets"][0]["pins"]} == {str(state) for state in State}
    assert document["exit_status"] == 3
    assert all(finding["repair"] for finding in document["sets"][0]["findings"])


def test_the_table_shows_words_where_there_is_room_and_signs_with_a_legend_else() -> None:
    wide, narrow = printed(mixed(), 160), printed(mixed(pools=30), 80)

    assert "not activated" in wide and "PS3" in wide and "cmk cancel storagemaintenance" in wide
    assert "✓ active" in narrow and "PS29" in narrow
    lines = narrow.splitlines()
    assert max(len(line) for line in lines if not line.startswith("    ")) <= 80
    assert any(len(line) > 80 and line.startswith("    terraform -chdir=") for line in lines), "commands are not broken"


def test_many_findings_of_a_kind_are_folded() -> None:
    report = mixed()
    every = report.sets[0].findings[0]
    many = replace(report.sets[0], findings=tuple(replace(every, about=f"pin-{n:02}") for n in range(30)))

    assert f"and 22 more of {every.kind}" in printed(replace(report, sets=(many,)), 120)


def test_names_from_outside_can_do_nothing_to_a_terminal() -> None:
    text = printed(mixed(names=[HOSTILE]), 160, force_terminal=True, color_system=None)

    assert "\x1b[31m" not in text and "\u202e" not in text
    assert "\\x1b[31mred" in text and "[bold]" in text


def test_metrics_count_what_the_report_counts() -> None:
    report = mixed()
    found = report.sets[0]

    families = {family.name: family.samples for family in text_string_to_metric_families(metrics.text(report))}

    pins = families["cloudstack_pins_pins"]
    assert len(pins) == len(found.pins) and sum(sample.value for sample in pins) == 48
    by_state = {sample.labels["state"]: sample.value for sample in families["cloudstack_pins_pins_by_state"]}
    assert by_state == {str(state): found.counts().get(state, 0) for state in State}
    [missing] = families["cloudstack_pins_copies_missing"]
    assert missing.value == found.copies_missing == 5
    [held] = families["cloudstack_pins_held_bytes"]
    assert held.value == found.held
    [seen] = families["cloudstack_pins_last_success_timestamp_seconds"]
    assert seen.value == report.at.timestamp()


EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_alerts_and_dashboard_ask_for_metrics_that_exist() -> None:
    known = {family.name for family in text_string_to_metric_families(metrics.text(mixed()))}
    for path in (EXAMPLES / "prometheus" / "alerts.yml", EXAMPLES / "grafana" / "dashboard.json"):
        asked = set(re.findall(r"\bcloudstack_pins_[a-z_]+", path.read_text("utf-8")))
        assert asked and asked <= known, path


def test_the_alert_rules_fire_as_they_say() -> None:
    found = promtool()
    if found is None:
        pytest.skip("no promtool here: `make promtool` installs it")
    folder = EXAMPLES / "prometheus"
    for arguments in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run([found, *arguments], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_is_json_whose_panels_have_queries() -> None:
    dashboard = json.loads((EXAMPLES / "grafana" / "dashboard.json").read_text("utf-8"))

    assert dashboard["panels"] and all(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    rules = yaml.safe_load((EXAMPLES / "prometheus" / "alerts.yml").read_text("utf-8"))
    assert all(rule["annotations"]["summary"] for group in rules["groups"] for rule in group["rules"])
