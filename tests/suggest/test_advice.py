"""Advice from an emulated cloud's past, source by source."""

from __future__ import annotations

import io

import jsonschema
import pytest
from rich.console import Console

from cloudstack_pins.suggest import render
from tests.suggest.conftest import MakeStage
from tests.suggest.stage import DAY, DEBIAN, HOUR, ROCKY, TOML, UBUNTU, about

DAILY_LOG = 31 * DAY


def test_usage_records_earn_a_template_its_pin_and_cost_an_unused_one_its_own(make_stage: MakeStage) -> None:
    stage = make_stage()
    stage.lock()
    pins = stage.pin()
    stage.destroy(pins[0])
    stage.pin()
    stage.deploy(ROCKY)
    stage.emulator.advance(20 * DAY)
    stage.use(UBUNTU, 8)
    stage.use(ROCKY, 3)
    stage.emulator.advance(13 * DAY)

    report = stage.advise()

    assert (report.history.source, report.history.doubt) == ("usage records", None)
    ubuntu, debian, rocky = (about(report, name) for name in (UBUNTU, DEBIAN, ROCKY))
    assert (ubuntu.advice, ubuntu.deploys, ubuntu.accounts) == ("add", 8, 2)
    assert (debian.advice, debian.deploys, debian.accounts) == ("drop", 0, 0)
    # The first of the three Rocky VMs is from before; two accounts deployed the others.
    assert (rocky.advice, rocky.deploys, rocky.accounts) == ("leave", 3, 2)
    jsonschema.validate(render.document(report), render.schema(), cls=jsonschema.Draft202012Validator)


def test_a_vm_that_was_handed_over_twice_in_a_day_is_one_deploy_of_its_first_owner(make_stage: MakeStage) -> None:
    stage = make_stage()
    stage.lock()
    stage.emulator.advance(25 * DAY)
    domain = stage.emulator.call("listDomains")["domain"][0]["id"]
    vm = stage.deploy(UBUNTU, account="user", start=False)
    for account in ("admin", "user", "admin"):
        stage.emulator.advance(HOUR)
        stage.emulator.call(
            "assignVirtualMachine",
            virtualmachineid=vm,
            account=account,
            domainid=domain,
            networkids=stage.networks[account],
        )
    stage.deploy(UBUNTU, account="user")
    stage.emulator.advance(6 * DAY)

    found = about(stage.advise(), UBUNTU)

    assert (found.deploys, found.accounts) == (2, 1)


def test_a_restored_vm_counts_for_both_templates(make_stage: MakeStage) -> None:
    stage = make_stage()
    stage.lock()
    vm = stage.deploy(UBUNTU)
    stage.emulator.advance(32 * DAY)
    stage.run("restoreVirtualMachine", virtualmachineid=vm, templateid=stage.template(ROCKY))
    young = stage.deploy(UBUNTU)
    stage.run("restoreVirtualMachine", virtualmachineid=young, templateid=stage.template(ROCKY))
    stage.emulator.advance(3 * DAY)

    report = stage.advise()

    assert about(report, UBUNTU).deploys == 1
    assert about(report, ROCKY).deploys == 2


def test_weekly_windows_are_read_whole_and_the_week_before_tells_who_is_older(make_stage: MakeStage) -> None:
    stage = make_stage(settings={"usage.stats.job.aggregation.range": "10080"})
    stage.lock()
    stage.pin()
    stage.use(UBUNTU, 4)
    stage.emulator.advance(29 * DAY)
    stage.use(UBUNTU, 6)
    stage.emulator.advance(14 * DAY)

    report = stage.advise(days=28)

    assert report.history.doubt is None
    assert (about(report, UBUNTU).deploys, about(report, UBUNTU).advice) == (6, "add")
    assert about(report, DEBIAN).advice == "drop"


def test_a_young_log_drops_nothing_and_says_since_when_it_knows(make_stage: MakeStage) -> None:
    stage = make_stage()
    stage.lock()
    stage.pin()
    stage.emulator.advance(9 * DAY)

    report = stage.advise()

    found = about(report, DEBIAN)
    assert (found.advice, found.deploys) == ("keep", 0)
    assert "the usage records begin only on 2026-11-24" in found.reason
    assert about(stage.advise(days=7), DEBIAN).advice == "drop"


@pytest.mark.parametrize(
    ("off", "on", "words"),
    [
        pytest.param(10 * DAY, True, "there are no usage records from 2026-12-", id="hole"),
        pytest.param(10 * DAY, False, "the usage records end on 2026-12-", id="ended"),
    ],
)
def test_a_log_with_a_hole_drops_nothing(make_stage: MakeStage, off: float, on: bool, words: str) -> None:
    stage = make_stage()
    stage.lock()
    stage.pin()
    stage.emulator.advance(35 * DAY)
    usage = stage.emulator.world.usage
    usage.stop()
    stage.emulator.advance(off)
    if on:
        usage.start(stage.emulator.clock.now())
        stage.emulator.advance(5 * DAY)

    report = stage.advise()

    assert about(report, DEBIAN).advice == "keep"
    assert words in about(report, DEBIAN).reason


def test_deploys_of_a_registration_that_was_deleted_count_for_its_name(make_stage: MakeStage) -> None:
    stage = make_stage()
    stage.lock()
    stage.emulator.advance(25 * DAY)
    old = stage.template(UBUNTU)
    stage.use(UBUNTU, 6)
    stage.emulator.register_template(UBUNTU)
    stage.run("deleteTemplate", id=old)
    stage.emulator.advance(5 * DAY)

    assert (about(stage.advise(), UBUNTU).deploys, about(stage.advise(), UBUNTU).advice) == (6, "add")


def test_without_a_usage_server_events_count_and_the_gone_leave_a_doubt(make_stage: MakeStage) -> None:
    stage = make_stage(usage=False)
    stage.lock()
    stage.pin()
    stage.emulator.advance(DAY)
    stage.use(UBUNTU, 8)

    report = stage.advise(days=10)

    assert report.history.source == "events"
    assert any("the usage server may never have run" in note for note in report.history.notes)
    # Every other one is gone; which template it was, nobody knows.
    assert (about(report, UBUNTU).deploys, report.history.unknown) == (4, 4)
    assert about(report, DEBIAN).advice == "keep"
    assert "4 deployed VMs are gone" in about(report, DEBIAN).reason


@pytest.mark.parametrize(
    ("refused", "source"),
    [
        pytest.param(["listUsageRecords"], "events", id="usage"),
        pytest.param(["listUsageRecords", "listEvents"], "existing VMs", id="usage-and-events"),
    ],
)
def test_a_source_that_is_refused_is_said_and_the_next_is_asked(
    make_stage: MakeStage, refused: list[str], source: str
) -> None:
    stage = make_stage()
    stage.lock()
    stage.pin()
    stage.use(UBUNTU, 2)
    for command in refused:
        stage.emulator.fail(command, kind="error", code=432, text="not for this role", count=99)

    report = stage.advise()

    assert report.history.source == source
    for command in refused:
        assert f"{command} is not to be had with this key: not for this role" in report.history.notes
    assert about(report, DEBIAN).advice == "keep"


def test_events_name_who_deployed_and_not_who_has_it_now(make_stage: MakeStage) -> None:
    stage = make_stage(usage=False)
    stage.lock()
    domain = stage.emulator.call("listDomains")["domain"][0]["id"]
    for _ in range(2):
        vm = stage.deploy(UBUNTU, account="user", start=False)
    stage.emulator.call(
        "assignVirtualMachine",
        virtualmachineid=vm,
        account="admin",
        domainid=domain,
        networkids=stage.networks["admin"],
    )

    assert (about(stage.advise(), UBUNTU).deploys, about(stage.advise(), UBUNTU).accounts) == (2, 1)


def test_without_events_the_vms_that_exist_count_and_nothing_is_dropped(make_stage: MakeStage) -> None:
    stage = make_stage(usage=False)
    stage.lock()
    stage.pin()
    stage.use(UBUNTU, 12)
    stage.emulator.advance(20 * DAY)

    report = stage.advise()

    assert report.history.source == "existing VMs"
    assert any("there are no VM.CREATE events" in note for note in report.history.notes)
    # The six that are left belong to one account.
    assert (about(report, UBUNTU).deploys, about(report, UBUNTU).accounts) == (6, 1)
    assert (about(report, DEBIAN).deploys, about(report, DEBIAN).advice) == (0, "keep")


def test_a_users_key_says_what_it_does_not_see_and_drops_nothing(make_stage: MakeStage) -> None:
    stage = make_stage()
    stage.declare(
        "expunge = false\n"
        + TOML.replace('"caller-l2"', '"user-l2"').replace('"pin-gold"', '"pin-gold"\ncoverage = "any-pool"')
    )
    stage.emulator.advance(25 * DAY)
    stage.use(UBUNTU, 8)
    stage.emulator.advance(9 * DAY)

    report = stage.advise(keys=stage.emulator.user)

    found = about(report, UBUNTU)
    assert (found.deploys, found.accounts, found.advice) == (4, 1, "leave")
    assert about(report, DEBIAN).advice == "keep"
    assert "this key sees only what account user may see" in about(report, DEBIAN).reason
    said = " ".join(report.notes)
    assert "does not see the pools" in said


def test_a_set_without_a_lock_or_with_an_old_one_is_looked_up(make_stage: MakeStage) -> None:
    stage = make_stage()
    pins = stage.emulator.pins
    assert about(stage.advise(keys=pins), DEBIAN).key == "debian-12"
    stage.lock()
    stage.declare(TOML + f'\n[templates.ubuntu]\ntemplate = "{UBUNTU}"\nstorage_tags = ["gold"]\n')

    assert about(stage.advise(keys=pins), UBUNTU).key == "ubuntu"


def test_the_copy_speed_is_measured_at_the_first_starts_of_the_pins(make_stage: MakeStage) -> None:
    stage = make_stage(copy_seconds=20.0)
    stage.lock()
    assert not stage.advise().measured
    vms = stage.pin()
    # A later start finds the copy there and counts for nothing.
    for vm in vms:
        stage.run("startVirtualMachine", id=vm)
        stage.run("stopVirtualMachine", id=vm)

    report = stage.advise()

    assert report.measured
    # 2 GiB in 20 seconds, and what polling adds.
    assert 2 * 1024 / 25 < report.terms.copy_rate / 1024**2 <= 2 * 1024 / 20
    assert not stage.advise(copy_rate=50).measured
    assert stage.advise(copy_rate=50).terms.copy_rate == 50 * 1024**2


def test_a_password_enabled_template_is_not_advised_for_a_network_that_refuses_it(make_stage: MakeStage) -> None:
    stage = make_stage(usage=False)
    stage.lock()
    windows = stage.emulator.call("listTemplates", templatefilter="all", name="Windows 2022")["template"][0]
    assert windows["passwordenabled"]
    for template in stage.emulator.world.templates.values():
        template.password_enabled = False
    for account in ("user", "admin", "user"):
        stage.deploy("Windows 2022", account=account)
    stage.emulator.world.templates[windows["id"]].password_enabled = True

    found = about(stage.advise(min_deploys=1), "Windows 2022")

    assert found.advice == "leave"
    assert "password-enabled" in found.reason


def test_pins_that_are_gone_and_throw_away_vms_speak_for_nobody(make_stage: MakeStage) -> None:
    stage = make_stage(usage=False)
    stage.lock()
    stage.emulator.advance(20 * DAY)
    stage.emulator.world.usage.start(stage.emulator.clock.now())
    for vm in stage.pin():
        stage.destroy(vm)
    stage.pin()
    throw_away = stage.deploy(ROCKY, account="pins")
    stage.run("createTags", resourcetype="UserVm", resourceids=throw_away, tags={"cloudstack-pins/verify": "sandbox"})
    # Somebody else's deploys with the pins' offering count, also where CloudStack named them.
    stage.deploy(UBUNTU)
    gone = stage.deploy(UBUNTU, account="admin")
    stage.emulator.advance(HOUR)
    stage.destroy(gone)

    events = stage.advise()
    assert events.history.source == "events"
    stage.emulator.advance(5 * DAY)
    records = stage.advise()

    assert records.history.source == "usage records"
    for report, deploys in ((events, 1), (records, 2)):
        assert about(report, DEBIAN).deploys == 0
        assert [(one.template, one.deploys) for one in report.suggestions if one.deploys] == [(UBUNTU, deploys)]


def test_pins_that_are_gone_leave_no_doubt_in_the_event_log(make_stage: MakeStage) -> None:
    stage = make_stage(usage=False)
    stage.lock()
    # An event log that reaches back to the time that is asked for.
    stage.deploy(ROCKY)
    stage.emulator.advance(5 * DAY)
    for vm in stage.pin():
        stage.destroy(vm)
    stage.pin()

    report = stage.advise(days=5)

    assert (report.history.source, report.history.unknown, report.history.doubt) == ("events", 0, None)
    assert about(report, DEBIAN).advice == "drop"


def shown(report: render.Report, width: int) -> str:
    out = io.StringIO()
    render.show(Console(file=out, width=width, highlight=False, force_terminal=False), report)
    return out.getvalue()


def test_the_table_fits_a_terminal_and_says_the_doubt_once(make_stage: MakeStage) -> None:
    stage = make_stage()
    stage.lock()
    stage.pin()
    stage.use(UBUNTU, 8)

    report = stage.advise()

    for width in (60, 80, 200):
        text = shown(report, width)
        table = [line for line in text.splitlines() if "│" in line or "┃" in line]
        assert table and max(map(len, table)) <= width
        assert not any("…" in line for line in table)
        assert "keep (?)" in text and "add" in text
        assert text.count("the usage records begin only on 2026-11-24") == 1
    assert shown(report, 200).splitlines()[0] == (
        "1 to add, 1 to keep, 0 to drop, by usage records from 2026-11-24 to 2026-11-26"
    )
