"""Names and texts of CloudStack that try everything, through every command and every form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cloudstack_emulator import Emulator
from cloudstack_pins.activation import PinOutcome, Report
from cloudstack_pins.expansion import ACTIVATE
from cloudstack_pins.plain import plain
from cloudstack_pins.review import judge, read_plan
from cloudstack_pins.run_task.outcomes import Outcome, TaskResult, payload
from cloudstack_pins.run_task.rows import activation_rows, review_rows
from tests.security.hostile import (
    PAYLOADS,
    RICH,
    assert_harmless,
    assert_harmless_markdown,
    assert_harmless_page,
    assert_shown,
    named,
    on_a_terminal,
    texts_of_json,
)
from tests.security.hostile_zone import (
    ACCOUNT,
    GOLD,
    NETWORK,
    NUMBERS,
    ORPHANS,
    POOLS,
    SILVER,
    TAGS,
    TEMPLATES,
    UNPINNED,
    declaration,
    haunt,
    orphans,
)
from tests.security.life import Life
from tests.terraform_cli import Terraform


@pytest.fixture
def life(emulator: Emulator, tmp_path: Path, terraform_settings: dict[str, str]) -> Iterator[Life]:
    """A set on a zone whose every name is hostile; the templates are declared by their ids."""
    toml = haunt(emulator)
    terraform = Terraform(tmp_path / "stack", {**terraform_settings, **emulator.environment()})
    life = Life(emulator, tmp_path, terraform, emulator.pins)
    life.declare(toml)
    yield life
    assert list(tmp_path.rglob("*pwned*")) == []


@pytest.mark.terraform
def test_no_name_is_obeyed_by_terminal_page_comment_metrics_terraform_or_shell(life: Life) -> None:
    sets, stack = str(life.set_folder), str(life.terraform.stack)
    assert_shown([ACCOUNT, NETWORK], life.run("bootstrap", sets, "--yes"))
    life.lock()
    assert life.apply().ok, life.said[-1][1]
    orphans(life.emulator)
    life.look(live=True)

    for _, said in life.said:
        assert_harmless(RICH.sub("", said))
    _assert_terraform_took_the_names_for_what_they_are(life)
    _assert_every_report_shows_them(life)
    assert_shown([*POOLS, GOLD, SILVER], on_a_terminal(life, "status", sets))
    assert_shown([*POOLS[:2], SILVER], on_a_terminal(life, "review", str(life.plan_json), "--live"))
    assert_shown([*TEMPLATES, GOLD, SILVER], on_a_terminal(life, "suggest", sets))
    assert_shown([*POOLS[:2], GOLD, SILVER], on_a_terminal(life, "activate", stack))
    for arguments in (("status", sets), ("review", str(life.plan_json))):
        on_a_terminal(life, *arguments, columns=40)
    _assert_no_trial_obeys_them(life)
    _assert_no_lock_obeys_them(life)


def _assert_terraform_took_the_names_for_what_they_are(life: Life) -> None:
    plan = json.loads(life.plan_json.read_text(encoding="utf-8"))
    roster = plan["planned_values"]["outputs"]["roster"]["value"]
    assert {pool["name"] for pool in roster["pools"].values()} == {plain(name) for name in POOLS[:2]}
    assert {template["name"] for template in roster["templates"].values()} == {plain(name) for name in TEMPLATES}
    assert life.lock_path.read_text(encoding="utf-8").isascii()
    commands = re.findall(r'"command": (".*?[^\\]")', life.terraform.stack.read_text(encoding="utf-8"))
    assert {json.loads(command) for command in commands} == {ACTIVATE}

    planned, applied = life.said[-8][1], life.said[-7][1]
    assert_shown([json.dumps(plain(name)) for name in (*TEMPLATES, *POOLS[:2])], planned)
    progress = "\n".join(line for line in applied.splitlines() if "(local-exec)" in line)
    assert_shown([f"the account prefers pool {plain(name)} now" for name in POOLS[:2]], progress)
    assert_shown([GOLD, SILVER], progress)


def _assert_every_report_shows_them(life: Life) -> None:
    reports = {path.name: path.read_text(encoding="utf-8") for path in (life.folder / "reports").iterdir()}
    assert_harmless(reports["s.prom"].replace('\\"', '"'))
    families = list(text_string_to_metric_families(reports["s.prom"]))
    labels = "\n".join(value for each in families for one in each.samples for value in one.labels.values())
    assert_shown([*POOLS, *ORPHANS, GOLD, SILVER], texts_of_json(reports["s.json"]))
    assert_shown([*POOLS, *ORPHANS, GOLD, SILVER], assert_harmless_page(reports["s.html"]).words)
    assert_shown([*POOLS[2:], GOLD, SILVER], labels)
    assert_shown([*POOLS[:2], GOLD, SILVER], texts_of_json(reports["r.json"]))
    assert_shown([*TEMPLATES, *POOLS[:2], SILVER], assert_harmless_page(reports["r.html"]).words)
    assert_shown([*TEMPLATES, *POOLS[:2], SILVER], assert_harmless_markdown(reports["r.md"]).words)
    assert_shown([*TEMPLATES, GOLD, SILVER], texts_of_json(reports["g.json"]))
    assert_shown([*TEMPLATES, *POOLS[:2], GOLD, SILVER], texts_of_json(reports["a.json"]))


def _assert_no_lock_obeys_them(life: Life) -> None:
    world, sets, path = life.emulator.world, str(life.set_folder), life.folder / "changes.md"
    new = [named(f"R{number}x", number) for number in NUMBERS]
    with world.lock:
        for template in world.templates.values():
            if template.name in TEMPLATES:
                template.name = new[TEMPLATES.index(template.name)]
        gone, renamed = (pool for pool in world.pools.values() if GOLD in pool.tags)
        gone.tags, renamed.name = list(TAGS), new[2]

    said = life.run("lock", sets, "--check", "--markdown", str(path), ends=(3,))
    told = [f"t{number}: template is {plain(new[number])}, was {plain(TEMPLATES[number])}" for number in NUMBERS]
    told += [
        f"{GOLD}: pool {plain(POOLS[0])} removed",
        f"{GOLD}: pool {plain(POOLS[1])} is now named {plain(new[2])}; its pins keep the key P1x_gnp_exe_",
    ]
    assert_harmless(said)
    assert_shown(told, said)
    assert_shown(told, assert_harmless_markdown(path.read_text(encoding="utf-8")).words)

    looked = on_a_terminal(life, "status", sets)
    assert_shown([*told, "tags='", *(plain(tag) for tag in TAGS if "'" not in tag)], looked)

    wrong = declaration(["nowhere"]).replace(json.dumps(NETWORK), '"nowhere"')
    life.declare(f'{wrong}[storage_tags.nowhere]\n[templates.nothing]\nstorage_tags = ["nowhere"]\n')
    refused = life.run("lock", sets, ends=(1,))
    assert_harmless(refused)
    assert_shown(["S0x", "S14x"], refused)
    assert_shown(refused.splitlines(), on_a_terminal(life, "lock", sets))
    life.declare("")


def _assert_no_trial_obeys_them(life: Life) -> None:
    sets, path = str(life.set_folder), life.folder / "verify.json"
    refused = life.run("verify", sets, "--yes", "--against", "nothing", ends=(1,))
    said = life.run("verify", sets, "--yes", "--template", "t14", "--against", UNPINNED[2], "--json", str(path))
    assert_harmless(refused)
    assert_harmless(said)
    # One is the system's, one takes passwords.
    assert_shown([*UNPINNED[1:4], *UNPINNED[5:]], refused)
    assert_shown([TEMPLATES[14], UNPINNED[2], f"deploying a throw-away VM of {plain(UNPINNED[2])}"], said)
    assert_shown([TEMPLATES[14], UNPINNED[2]], texts_of_json(path.read_text(encoding="utf-8")))


@pytest.mark.terraform
def test_no_text_of_an_error_is_obeyed(life: Life) -> None:
    sets, stack, text = str(life.set_folder), str(life.terraform.stack), "".join(("E0x", *PAYLOADS[:4], *PAYLOADS[-1:]))
    ids = {template.name: template.id for template in life.emulator.world.templates.values()}
    life.declare(declaration([ids[TEMPLATES[0]]]))
    life.run("bootstrap", sets, "--yes")
    life.lock()
    life.emulator.fail("startVirtualMachine", count=1000, text=text)
    assert not life.apply().ok

    ours = RICH.sub("", "\n".join(line for line in life.said[-1][1].splitlines() if "(local-exec)" in line))
    assert_harmless(ours)
    # Lines are folded where COLUMNS is set, and Terraform breaks one whose rest does not come at once.
    in_one = "".join("".join(line.partition("(local-exec): ")[2] for line in ours.splitlines()).split())
    assert_shown(["".join(plain(text).split()), "CloudStacksaid:530E0x"], in_one)
    path = life.folder / "a.json"
    assert_shown([f"CloudStack said: 530 {plain(text)}"], on_a_terminal(life, "activate", stack, "--json", str(path)))
    assert_shown([text], texts_of_json(path.read_text(encoding="utf-8")))
    for command, call in (("lock", "listTemplates"), ("status", "listStoragePools"), ("bootstrap", "listZones")):
        life.emulator.fail(call, kind="error", text=text)
        told = life.run(command, sets, ends=(1,))
        assert_harmless(told)
        assert_shown(["E0x"], told)
        life.emulator.fail(call, kind="error", text=text)
        assert_shown(["E0x"], on_a_terminal(life, command, sets))


@pytest.mark.parametrize("number", NUMBERS)
def test_outcomes_of_a_run_task_hold_no_markup_of_names(number: int) -> None:
    template, pool, tag, reason, said, known = (named(mark, number) for mark in ("Tx", "Px", "Sx", "Wx", "Ex", "Kx"))
    pin = PinOutcome(
        address=f'cloudstack_instance.x["{template}"]',
        template=template,
        template_name=template,
        storage_tag=tag,
        pool=pool,
        pool_name=pool,
        state="failed",
        reason=reason,
        said=said,
        known=(known,),
    )
    report = Report(set_name=template, pins=(pin, replace(pin, state="skipped")), problems=(reason,))

    told = sent(report.summary(), activation_rows(report))

    assert_shown([" ".join(reason.split())], told["message"])
    for row in told["rows"]:
        assert_shown([template, tag, pool, reason], row["description"])
        assert_shown([reason, said, known, template], assert_harmless_markdown(row["body"]).words)


def test_outcomes_of_a_review_hold_no_markup_of_names() -> None:
    hostile = Path(__file__).parents[1] / "review" / "plans" / "made" / "hostile.json"
    review = judge([read_plan(hostile)], today=date(2026, 11, 28))

    for row in sent(review.verdict, review_rows(review))["rows"]:
        assert_harmless_markdown(row["body"])


def sent(message: str, rows: Sequence[Outcome]) -> dict[str, Any]:
    """What HCP Terraform gets, every line of it harmless."""
    data = payload(TaskResult(status="failed", message=message, outcomes=rows))["data"]
    told = [row["attributes"] for row in data["relationships"]["outcomes"]["data"]]
    for line in (data["attributes"]["message"], *(row[name] for row in told for name in ("description", "outcome-id"))):
        assert_harmless(line)
        assert "\n" not in line
    return {"message": data["attributes"]["message"], "rows": told}
