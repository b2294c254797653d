from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudstack_emulator import Emulator
from cloudstack_pins.bootstrap import Preparation, execute, observe, steps_for
from cloudstack_pins.cli import main
from cloudstack_pins.cloudstack import Access, Session
from cloudstack_pins.declaration import Declaration, parse

Declare = Callable[..., Path]
WRITES = ("createNetwork", "createNetworkPermissions")


@pytest.fixture
def declare(tmp_path: Path) -> Declare:
    """Write a pins.toml of one template into a set's folder and return the folder."""

    def write(*, owner: str = "system", network: str = "pins-l2", template: str = "Debian 12 (x86_64)") -> Path:
        (tmp_path / "pins.toml").write_text(
            f'zone = "Sandbox-simulator"\nnetwork = "{network}"\nowner = "{owner}"\n'
            f'[storage_tags.gold]\n[templates.one]\ntemplate = "{template}"\nstorage_tags = ["gold"]\n'
        )
        return tmp_path

    return write


@pytest.fixture
def environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in emulator.environment().items():
        monkeypatch.setenv(name, value)
    yield


def networks(emulator: Emulator, name: str) -> list[dict[str, Any]]:
    found = emulator.call("listNetworks", listall=True).get("network", [])
    return [network for network in found if network["name"] == name]


def permitted(emulator: Emulator, network_id: str) -> list[str]:
    rows = emulator.call("listNetworkPermissions", networkid=network_id).get("networkpermission", [])
    return [row["account"] for row in rows]


def writes(emulator: Emulator) -> list[str]:
    return [request.command for request in emulator.requests if request.command in WRITES]


def prepared(session: Session, folder: Path) -> tuple[Declaration, Preparation]:
    path = folder / "pins.toml"
    declaration = parse(path.read_text(), path)
    return declaration, steps_for(declaration, observe(session, declaration))


@pytest.mark.usefixtures("environment")
def test_system_gets_its_network_and_the_key_its_permission(
    emulator: Emulator, declare: Declare, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bootstrap", str(declare()), "--yes"]) == 0

    (network,) = networks(emulator, "pins-l2")
    assert (network["account"], network["networkofferingname"], network["type"]) == (
        "system",
        "DefaultL2NetworkOffering",
        "L2",
    )
    assert permitted(emulator, network["id"]) == ["pins"]
    printed = capsys.readouterr().out
    assert "will create L2 network 'pins-l2' in zone 'Sandbox-simulator', owned by account system" in printed
    assert "done: permit account 'pins' (the key's) to deploy into network 'pins-l2'" in printed


@pytest.mark.usefixtures("environment")
def test_second_run_has_nothing_to_do(emulator: Emulator, declare: Declare, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bootstrap", str(declare()), "--yes"]) == 0
    assert main(["bootstrap", str(declare()), "--yes"]) == 0

    assert writes(emulator) == ["createNetwork", "createNetworkPermissions"]
    assert capsys.readouterr().out.endswith("nothing to do: network 'pins-l2' is there and usable\n")


@pytest.mark.usefixtures("environment")
def test_dry_run_writes_nothing(emulator: Emulator, declare: Declare, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bootstrap", str(declare()), "--dry-run"]) == 0

    assert writes(emulator) == []
    assert capsys.readouterr().out.count("would ") == 2


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(("answer", "status", "made"), [("y\n", 0, 2), ("n\n", 1, 0), ("", 1, 0)])
def test_without_yes_it_asks(
    emulator: Emulator,
    declare: Declare,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    answer: str,
    status: int,
    made: int,
) -> None:
    typed = tmp_path_factory.mktemp("typed") / "answer"
    typed.write_text(answer)
    with typed.open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)

        assert main(["bootstrap", str(declare())]) == status

    assert len(writes(emulator)) == made


@pytest.mark.usefixtures("environment")
def test_run_that_was_cut_off_between_its_steps_is_finished_by_the_next(emulator: Emulator, declare: Declare) -> None:
    emulator.fail("createNetworkPermissions", kind="error", code=530, text="broken inside")
    assert main(["bootstrap", str(declare()), "--yes"]) == 1
    assert main(["bootstrap", str(declare()), "--yes"]) == 0

    (network,) = networks(emulator, "pins-l2")
    assert permitted(emulator, network["id"]) == ["pins"]


@pytest.mark.parametrize("command", WRITES)
def test_lost_reply_is_no_failure_and_makes_nothing_twice(
    emulator: Emulator, session: Session, declare: Declare, command: str
) -> None:
    _, preparation = prepared(session, declare())
    emulator.fail(command, kind="dropped")

    execute(session, preparation.steps, lambda step: None)

    assert writes(emulator) == ["createNetwork", "createNetworkPermissions"]
    assert prepared(session, declare())[1].steps == ()


@pytest.mark.usefixtures("environment")
def test_password_enabled_template_gets_a_network_with_config_drive(emulator: Emulator, declare: Declare) -> None:
    assert main(["bootstrap", str(declare(template="Windows 2022")), "--yes"]) == 0

    assert networks(emulator, "pins-l2")[0]["networkofferingname"] == "DefaultL2NetworkOfferingConfigDrive"


def test_password_enabled_template_and_a_plain_network_do_not_go_together(session: Session, declare: Declare) -> None:
    _, preparation = prepared(session, declare(owner="caller", network="caller-l2", template="Windows 2022"))

    assert preparation.steps == ()
    assert "'caller-l2' has no service UserData, which the password-enabled 'one' need" in preparation.reasons[0]


def test_caller_gets_its_own_network(emulator: Emulator, session: Session, declare: Declare) -> None:
    _, preparation = prepared(session, declare(owner="caller", network="own-l2"))

    execute(session, preparation.steps, lambda step: None)

    assert networks(emulator, "own-l2")[0]["account"] == "pins"
    assert writes(emulator) == ["createNetwork"]
    assert prepared(session, declare(owner="caller", network="own-l2"))[1].steps == ()


def test_network_of_the_caller_is_enough_for_the_caller(session: Session, declare: Declare) -> None:
    assert prepared(session, declare(owner="caller", network="caller-l2"))[1].steps == ()


def test_user_may_make_its_own_network(emulator: Emulator, declare: Declare) -> None:
    with Session(Access.from_environment(emulator.environment(emulator.user))) as session:
        _, preparation = prepared(session, declare(owner="caller", network="own-l2"))
        execute(session, preparation.steps, lambda step: None)

    assert networks(emulator, "own-l2")[0]["account"] == "user"


def test_key_without_root_admin_rights_is_refused_with_every_reason(emulator: Emulator, tmp_path: Path) -> None:
    path = tmp_path / "pins.toml"
    declaration = parse('zone = "nowhere"\nnetwork = "pins-l2"\nowner = "system"\n', path)
    with Session(Access.from_environment(emulator.environment(emulator.user))) as session:
        preparation = steps_for(declaration, observe(session, declaration))

    rights, zone = preparation.reasons
    assert rights.startswith("owner = \"system\" needs the key of a root admin, and account 'user' is none")
    assert zone == "zone: there is no 'nowhere'; this key sees 'Sandbox-simulator'"
    assert writes(emulator) == []


def test_two_networks_of_the_name_are_refused(emulator: Emulator, session: Session, declare: Declare) -> None:
    offering = emulator.call("listNetworkOfferings", name="DefaultL2NetworkOffering")["networkoffering"][0]["id"]
    zone, domain = emulator.call("listZones")["zone"][0]["id"], session.caller().domain_id
    for _ in range(2):
        emulator.call(
            "createNetwork",
            name="pins-l2",
            networkofferingid=offering,
            zoneid=zone,
            account="system",
            domainid=domain,
        )

    (reason,) = prepared(session, declare())[1].reasons
    assert reason.startswith("network: 2 networks are named 'pins-l2' (")


def test_unknown_template_is_noted(session: Session, declare: Declare) -> None:
    (note,) = prepared(session, declare(template="Plan 9"))[1].notes

    assert note.startswith("'one' not found in this zone")
