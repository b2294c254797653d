"""Names and texts of CloudStack that try everything, through every command and every form."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from prometheus_client.parser import text_string_to_metric_families

from cloudstack_emulator import Emulator
from cloudstack_pins.activation import PinOutcome, Report
from cloudstack_pins.expansion import ACTIVATE
from cloudstack_pins.review import judge, read_plan
from cloudstack_pins.run_task.outcomes import TaskResult, payload
from cloudstack_pins.run_task.rows import activation_rows, review_rows
from tests.security.life import Life
from tests.terraform_cli import Terraform

NASTY = (
    "\x1b]0;owned\x07\x1b[2J\x9b2J\u202egnp.exe\u2066|`**b**`<script>alert(1)</script>\"' onload=alert(1) "
    '${file("/etc/hostname")}%{ if true }$(touch pwned)`touch pwned`;touch pwned # @admin @org/team '
    "[l](http://evil.example)![i](http://evil.example)<img src=http://evil.example>[bold]m[/bold]{{7*7}}"
    "\r\n::error::told\n# h\n\u2028-->\\" + "A" * 300
)
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
RICH = re.compile(r"\x1b\[[0-9;?]*[mKAhlGJ]|\r")
"""What Rich itself sends to a terminal: styles, and moves of the cursor."""


def assert_harmless(text: str) -> None:
    """Nothing that a terminal acts on, nothing that nobody sees."""
    odd = {character for character in text if unicodedata.category(character) in UNSEEN} - {"\n"}
    assert odd == set()


def assert_harmless_on_a_terminal(text: str) -> None:
    for each in ("\x1b]", "\x07", "\x1b[2J", "\x9b"):
        assert each not in text
    assert_harmless(RICH.sub("", text))


class Page(HTMLParser):
    """Everything in a page that is more than text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.tags: set[str] = set()
        self._in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self._in_script = tag == "script"

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts.append(data)
            self._in_script = False


def assert_harmless_page(text: str) -> None:
    page = Page(text)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    places = [value for name, value in page.attributes if name in ("href", "src", "action", "xlink:href")]
    assert [place for place in places if "evil" in place or "javascript" in place] == []
    assert "img" not in page.tags
    assert not [script for script in page.scripts if "alert(1)" in script]
    assert_harmless(text)


def assert_harmless_markdown(text: str) -> None:
    inline = [
        token
        for block in MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
        for token in [block, *(block.children or ())]
    ]
    assert [token for token in inline if token.type in ("link_open", "image")] == []
    html = {token.content for token in inline if token.type == "html_inline"}
    assert html <= {"<code>", "</code>", "<br>"}
    assert not re.search(r"@(?:admin|org)", text)
    assert "<script" not in text
    assert_harmless(text)


@pytest.fixture
def life(emulator: Emulator, tmp_path: Path, terraform_settings: dict[str, str]) -> Iterator[Life]:
    """A set on a zone whose every name is hostile; the template is declared by its id."""
    world = emulator.world
    template = next(one for one in world.templates.values() if one.name.startswith("Debian"))
    for index, other in enumerate(world.templates.values()):
        other.name = f"{index}{NASTY}"
    for index, pool in enumerate(world.pools.values()):
        pool.name = f"{index}{NASTY}"
    for host in world.hosts.values():
        host.name = NASTY
    terraform = Terraform(tmp_path / "stack", {**terraform_settings, **emulator.environment()})
    life = Life(emulator, tmp_path, terraform, emulator.pins)
    life.declare(
        'zone = "Sandbox-simulator"\nnetwork = "pins-l2"\nowner = "system"\n[storage_tags.gold]\n'
        f'[templates.one]\ntemplate_id = "{template.id}"\nstorage_tags = ["gold"]\n'
    )
    yield life
    assert list(tmp_path.rglob("*pwned*")) == []


def on_a_terminal(life: Life, *arguments: str) -> str:
    """Run one of our commands with a terminal for its output."""
    ours, theirs = pty.openpty()
    environment = {**life.environment, "TERM": "xterm-256color", "COLUMNS": "100"}
    environment.pop("NO_COLOR")
    with subprocess.Popen(
        [sys.executable, "-m", "cloudstack_pins", *arguments],
        cwd=life.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        chunks = []
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not chunk:
                break
            chunks.append(chunk)
    os.close(ours)
    return b"".join(chunks).decode("utf-8", "replace")


@pytest.mark.terraform
def test_no_name_is_obeyed_by_terminal_page_comment_metrics_terraform_or_shell(life: Life) -> None:
    emulator, sets, stack = life.emulator, str(life.set_folder), str(life.terraform.stack)
    life.run("bootstrap", sets, "--yes")
    life.lock()
    assert life.apply().ok, life.said[-1][1]
    plan = json.loads(life.plan_json.read_text(encoding="utf-8"))
    orphan(emulator)

    # Terraform took the names for what they are.
    pools = plan["planned_values"]["outputs"]["roster"]["value"]["pools"].values()
    assert all(pool["name"].endswith(NASTY) for pool in pools)
    assert life.lock_path.read_text(encoding="utf-8").isascii()
    assert commands(json.loads(life.terraform.stack.read_text(encoding="utf-8"))) == {ACTIVATE}

    life.look(live=True)
    for command, said in life.said:
        if not command.startswith("terraform"):
            assert_harmless(said)
    assert_harmless_on_a_terminal(on_a_terminal(life, "status", sets))
    assert_harmless_on_a_terminal(on_a_terminal(life, "review", str(life.plan_json), "--live"))
    assert_harmless_on_a_terminal(on_a_terminal(life, "suggest", sets))
    assert_harmless_on_a_terminal(on_a_terminal(life, "activate", stack))
    reports = {path.name: path.read_text(encoding="utf-8") for path in (life.folder / "reports").iterdir()}
    for name, text in reports.items():
        if name.endswith(".json"):
            json.loads(text)
            assert_harmless(text)
    assert_harmless_page(reports["s.html"])
    assert_harmless_page(reports["r.html"])
    assert_harmless_markdown(reports["r.md"])
    assert_harmless(reports["s.prom"])
    assert list(text_string_to_metric_families(reports["s.prom"]))


@pytest.mark.terraform
def test_no_text_of_an_error_is_obeyed(life: Life) -> None:
    sets, stack = str(life.set_folder), str(life.terraform.stack)
    life.run("bootstrap", sets, "--yes")
    life.lock()
    life.emulator.fail("startVirtualMachine", count=1000, text=NASTY)
    assert not life.apply().ok

    said = life.run("activate", stack, "--json", "-", ends=(1,))
    assert "CloudStack said: 530 " in said
    assert_harmless(said)
    assert_harmless_on_a_terminal(on_a_terminal(life, "activate", stack))
    ours = [line for line in life.said[-2][1].splitlines() if "(local-exec)" in line]
    assert ours
    assert_harmless(RICH.sub("", "\n".join(ours)))
    for command, call in (("lock", "listTemplates"), ("status", "listStoragePools"), ("bootstrap", "listZones")):
        life.emulator.fail(call, kind="error", text=NASTY)
        assert_harmless(life.run(command, sets, ends=(1,)))
        life.emulator.fail(call, kind="error", text=NASTY)
        assert_harmless_on_a_terminal(on_a_terminal(life, command, sets))


def orphan(emulator: Emulator) -> None:
    """A VM with the set's tag, hostile in its name and in the values of its other tags."""
    world = emulator.world
    vm = next(vm for vm in world.vms.values() if vm.state == "Stopped")
    call = emulator.call
    made = call(
        "deployVirtualMachine",
        emulator.pins,
        zoneid=vm.zone.id,
        templateid=vm.template.id,
        serviceofferingid=vm.service_offering.id,
        networkids=vm.nics[0].network.id,
        startvm=False,
    )["virtualmachine"]["id"]
    tags = {"cloudstack-pins/set": "sandbox", "cloudstack-pins/template": NASTY, "cloudstack-pins/pool": NASTY}
    call("createTags", emulator.pins, resourceids=made, resourcetype="UserVm", tags=tags)
    world.vms[made].name = world.vms[made].display_name = NASTY


def commands(stack: dict[str, object]) -> set[str]:
    """Every command line in a stack."""
    found = re.findall(r'"command": (".*?[^\\]")', json.dumps(stack))
    return {json.loads(each) for each in found}


def test_outcomes_of_a_run_task_hold_no_markup_of_names() -> None:
    hostile = Path(__file__).parents[1] / "review" / "plans" / "made" / "hostile.json"
    pin = PinOutcome(
        address=f'cloudstack_instance.x["{NASTY}"]',
        template=NASTY,
        template_name=NASTY,
        storage_tag=NASTY,
        pool=NASTY,
        pool_name=NASTY,
        state="failed",
        reason=NASTY,
        said=NASTY,
        known=(NASTY,),
    )
    report = Report(set_name=NASTY, pins=(pin, replace(pin, state="skipped")), problems=(NASTY,))
    review = judge([read_plan(hostile)], today=date(2026, 11, 28))

    for rows in (review_rows(review), activation_rows(report)):
        document = payload(TaskResult(status="failed", message=f"{report.summary()}", outcomes=rows))
        assert_harmless(document["data"]["attributes"]["message"])
        for row in document["data"]["relationships"]["outcomes"]["data"]:
            assert_harmless(row["attributes"]["description"])
            assert_harmless_markdown(row["attributes"]["body"])
