"""``cloudstack-pins status`` from the command line: exit status, files, watching through failures."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cloudstack_pins.cli import main
from cloudstack_pins.cloudstack import Session
from cloudstack_pins.errors import SignatureRefused, TimedOut, Unreachable
from cloudstack_pins.stack_document import stack_document
from cloudstack_pins.status import data, sources
from cloudstack_pins.status.look import Look, Outputs
from cloudstack_pins.status.report import Report
from cloudstack_pins.status.watch import watch
from tests.status.bench import Bench
from tests.status.made import mixed


@pytest.fixture(autouse=True)
def at_home(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in bench.stage.emulator.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "150")
    monkeypatch.chdir(bench.folder.parents[1])


def test_an_active_set_exits_0_and_findings_exit_3(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "stacks/sandbox"]) == 0
    shown = capsys.readouterr()
    assert "6 active" in shown.out and "PS3" in shown.out and shown.err == ""

    bench.call("startVirtualMachine", id=bench.vm_id("debian-12_gold_PS0"))
    assert main(["status", "stacks/sandbox"]) == 3
    shown = capsys.readouterr()
    assert "running" in shown.out
    assert "cloudstack-pins activate cdktf.out/stacks/sandbox/cdk.tf.json" in shown.out


def test_the_stack_tells_the_same_as_the_folder(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    stack = Path("cdktf.out/stacks/sandbox/cdk.tf.json")
    stack.parent.mkdir(parents=True)
    stack.write_text(json.dumps(stack_document(bench.pin_set)), encoding="utf-8")

    assert main(["status", str(stack), "--json", "-"]) == 0
    by_stack = json.loads(capsys.readouterr().out)["sets"][0]
    assert main(["status", "stacks/sandbox", "--json", "-"]) == 0
    by_folder = json.loads(capsys.readouterr().out)["sets"][0]

    assert by_stack.pop("source") == str(stack) and by_folder.pop("source") == "stacks/sandbox"
    assert [pin["state"] for pin in by_stack["pins"]] == ["active"] * 6
    assert by_stack["pins"] == by_folder["pins"] and by_stack["pools"] == by_folder["pools"]


def test_every_form_is_written_in_one_look(bench: Bench) -> None:
    files = [Path(name) for name in ("status.json", "status.html", "pins.prom")]

    arguments = ["--json", "status.json", "--html", "status.html", "--prometheus", "pins.prom"]
    assert main(["status", "stacks/sandbox", *arguments]) == 0

    assert json.loads(files[0].read_text())["format"] == data.FORMAT
    assert "<!doctype html>" in files[1].read_text()[:40]
    assert "cloudstack_pins_copies_missing" in files[2].read_text()


def test_a_look_that_fails_exits_1_and_leaves_the_last_metrics(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["status", "stacks/sandbox", "--prometheus", "pins.prom"]) == 0
    before = Path("pins.prom").read_text()
    monkeypatch.setenv("CLOUDSTACK_SECRET_KEY", "wrong")

    assert main(["status", "stacks/sandbox", "--prometheus", "pins.prom"]) == 1

    assert "check the API key" in capsys.readouterr().err
    assert Path("pins.prom").read_text() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param([], "SET", id="no-set"),
        pytest.param(["stacks/nowhere"], "stacks/nowhere", id="no-such-folder"),
        pytest.param(["stacks/sandbox", "--watch", "5", "9"], "one number of seconds", id="two-numbers"),
        pytest.param(["stacks/sandbox", "--watch", "0"], "every second at most", id="too-fast"),
        pytest.param(["--watch", "5"], "name at least one set", id="watch-nothing"),
        pytest.param(["stacks/sandbox", "--json", "nowhere/x.json"], "nowhere/x.json", id="no-such-folder-for-json"),
    ],
)
def test_mistakes_are_one_line_and_exit_1(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", *arguments]) == 1

    assert words in capsys.readouterr().err


CLEAR = "\x1b[2J"


class Hands:
    """A clock whose waiting is only counted."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def watched(*looks: Report | Exception, terminal: bool = False) -> tuple[int, str, Hands]:
    left = list(looks)

    def look() -> Report:
        each = left.pop(0)
        if isinstance(each, Exception):
            raise each
        return each

    out, hands = io.StringIO(), Hands()
    console = Console(file=out, width=150, force_terminal=terminal, highlight=False)
    status = watch(look, console, clock=hands, seconds=30, looks=len(looks))
    return status, out.getvalue(), hands


def test_a_watch_lives_through_failures_that_pass() -> None:
    refused = Unreachable("listVirtualMachines", "connection refused")

    status, text, hands = watched(refused, mixed(), refused, TimedOut("listVolumes", "no answer"), mixed())

    assert status == 3 and hands.slept == [30.0] * 4
    assert "a look failed: listVirtualMachines: connection refused" in text
    assert "the last 2 looks failed: listVolumes" in text
    assert text.count("seen 2026-11-28 12:00:00 UTC") == 4


def test_a_watch_ends_on_failures_that_do_not_pass() -> None:
    with pytest.raises(SignatureRefused):
        watched(mixed(), SignatureRefused("listVirtualMachines", "unable to verify", code=401), mixed())


def test_a_watch_redraws_on_a_terminal_and_ends_quietly_on_ctrl_c() -> None:
    class Interrupted(Hands):
        def sleep(self, seconds: float) -> None:
            raise KeyboardInterrupt

    out = io.StringIO()
    console = Console(file=out, width=150, force_terminal=True)

    assert watch(mixed, console, clock=Interrupted(), seconds=5) == 3
    assert out.getvalue().startswith(CLEAR) and watched(mixed(), mixed(), terminal=True)[1].count(CLEAR) == 2


def test_a_watch_that_never_saw_anything_exits_1() -> None:
    assert watched(Unreachable("listVirtualMachines", "connection refused"))[0] == 1


def test_the_server_may_restart_between_two_looks(bench: Bench) -> None:
    bench.stage.emulator.fail("listVirtualMachines", kind="error", code=530, count=1)
    source = sources.read(Path("stacks/sandbox"))

    def one(session: Session) -> Any:
        return Look(session, [source], Outputs())()

    with bench.stage.session() as session:
        with pytest.raises(Exception, match="530"):
            one(session)
        assert one(session).exit_status == 0
