from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import cloudstack_pins
from cloudstack_pins import (
    CloudStackProvider,
    PinActivation,
    PinnedTemplate,
    PinOwner,
    PinsError,
    PinSetStack,
    Pool,
    StorageTag,
)
from cloudstack_pins.cdk.engine import engine as cdktf  # or cdktn, where only that is installed
from cloudstack_pins.stack_document import stack_document
from cloudstack_pins.terraform_settings import Backend, Cloud
from tests.expansion.sets import ANY, DEBIAN, GOLD, a_set, an_id, declared
from tests.expansion.test_expansion import rich_set

PS0 = Pool(id=an_id(1), name="PS0", key="PS0", cluster_id=an_id(11))
PS1 = Pool(id=an_id(2), name="PS1", key="PS1", cluster_id=an_id(11))


@pytest.fixture
def app(tmp_path: Path) -> cdktf.App:
    return cdktf.App(outdir=str(tmp_path / "cdktf.out"))


def gold(*pools: Pool, **settings: Any) -> StorageTag:
    return StorageTag("gold", pools=list(pools) or [PS0, PS1], **settings)


def pinned(
    stack: cdktf.TerraformStack, key: str = "debian-12", *, kind: type[PinnedTemplate] = PinnedTemplate, **changed: Any
) -> PinnedTemplate:
    settings: dict[str, Any] = {
        "template_id": an_id(41),
        "zone_id": an_id(91),
        "network_id": an_id(92),
        "storage_tags": [gold(service_offering_id=an_id(31))],
    }
    return kind(stack, key, **(settings | changed))


def synthesised(app: cdktf.App, stack: str) -> dict[str, Any]:
    app.synth()
    path = Path(app.outdir) / "stacks" / stack / "cdk.tf.json"
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    del document["//"]
    return document


def complete(app: cdktf.App, name: str = "own") -> cdktf.TerraformStack:
    stack = cdktf.TerraformStack(app, name)
    cdktf.LocalBackend(stack, path="own.tfstate")
    CloudStackProvider(stack)
    return stack


@pytest.mark.parametrize(
    "terraform",
    [
        pytest.param(None, id="file"),
        pytest.param(Backend(type="s3", settings={"bucket": "${pins}", "key": "a"}), id="bucket"),
        pytest.param(Cloud(organization="example", workspace="pins"), id="workspace"),
    ],
)
def test_a_stack_of_a_set_is_the_sets_document(app: cdktf.App, terraform: Backend | Cloud | None) -> None:
    PinSetStack(app, "sandbox", pin_set=rich_set(), terraform=terraform)
    assert synthesised(app, "sandbox") == json.loads(json.dumps(stack_document(rich_set(), terraform=terraform)))


def test_a_workspace_is_written_without_calling_terraform(
    app: cdktf.App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", str(tmp_path / "missing"))
    PinSetStack(app, "sandbox", pin_set=a_set(), terraform=Cloud(organization="example", workspace="pins"))
    assert synthesised(app, "sandbox")["terraform"]["cloud"] == {
        "organization": "example",
        "workspaces": {"name": "pins"},
    }


def test_a_set_without_pins_is_a_stack_too(app: cdktf.App) -> None:
    PinSetStack(app, "sandbox", pin_set=a_set(enabled=False))
    assert synthesised(app, "sandbox") == json.loads(json.dumps(stack_document(a_set(enabled=False))))


def test_several_sets_share_an_application(app: cdktf.App) -> None:
    PinSetStack(app, "one", pin_set=replace(a_set(), name="one"))
    PinSetStack(app, "two", pin_set=replace(a_set(declared(DEBIAN, "any"), tags=(ANY,)), name="two"))
    assert synthesised(app, "one") == json.loads(json.dumps(stack_document(replace(a_set(), name="one"))))
    two = json.loads((Path(app.outdir) / "stacks" / "two" / "cdk.tf.json").read_text(encoding="utf-8"))
    assert list(two["resource"]["cloudstack_instance"]) == ["debian-12_any"]


def test_templates_are_pinned_without_a_pins_toml(app: cdktf.App) -> None:
    stack = complete(app)
    pinned(stack, name="Debian 12 (x86_64)", size=2 * 2**30)
    PinActivation(stack, owner=PinOwner.account("system", domain_id=an_id(93)))
    expected = stack_document(
        replace(a_set(declared(DEBIAN, "gold"), tags=(GOLD,)), name="own"),
        terraform=Backend(type="local", settings={"path": "own.tfstate"}),
    )
    del expected["terraform"]["required_version"]
    assert synthesised(app, "own") == json.loads(json.dumps(expected))


def test_a_handle_names_and_changes_its_pin(app: cdktf.App) -> None:
    stack = complete(app)
    template = pinned(stack)
    handle = template.pins[("gold", "PS0")]
    assert handle.address == "cloudstack_instance.debian-12_gold_PS0"
    assert handle.id == "${cloudstack_instance.debian-12_gold_PS0.id}"
    handle.override("group", "pins")
    handle.override("tags.team", "storage")
    handle.override("display_name", None)
    PinActivation(stack)
    pins = synthesised(app, "own")["resource"]["cloudstack_instance"]
    assert pins["debian-12_gold_PS0"]["group"] == "pins"
    assert pins["debian-12_gold_PS0"]["tags"]["team"] == "storage"
    assert "display_name" not in pins["debian-12_gold_PS0"]
    assert "group" not in pins["debian-12_gold_PS1"]


def test_any_pool_has_one_handle_without_a_pool(app: cdktf.App) -> None:
    tag = StorageTag("gold", coverage="any-pool", service_offering_id=an_id(31))
    assert list(pinned(complete(app), storage_tags=[tag]).pins) == [("gold", None)]


def test_stacks_of_a_set_have_handles_too(app: cdktf.App) -> None:
    stack = PinSetStack(app, "sandbox", pin_set=a_set())
    assert sorted(stack.templates) == ["debian-12", "ubuntu"]
    stack.templates["ubuntu"].pins[("any", None)].override("group", "pins")
    pins = synthesised(app, "sandbox")["resource"]["cloudstack_instance"]
    assert pins["ubuntu_any"]["group"] == "pins"


def test_references_of_cdktf_in_an_override_reach_terraform(app: cdktf.App) -> None:
    stack = PinSetStack(app, "sandbox", pin_set=a_set())
    group = cdktf.TerraformVariable(stack, "group", type="string")
    stack.templates["ubuntu"].pins[("any", None)].override("group", group.string_value)
    document = synthesised(app, "sandbox")
    assert document["resource"]["cloudstack_instance"]["ubuntu_any"]["group"] == "${var.group}"
    assert document["resource"]["cloudstack_instance"]["ubuntu_any"]["start_vm"] is False
    assert document["variable"] == {"group": {"type": "string"}}


def test_what_an_author_adds_to_the_stack_of_a_set_wins(app: cdktf.App) -> None:
    stack = PinSetStack(app, "sandbox", pin_set=rich_set())
    stack.add_override("resource.cloudstack_instance.debian-12_gold_PS0.group", "pins")
    stack.add_override("moved", [{"from": "terraform_data.a", "to": "terraform_data.b"}])
    expected = stack_document(rich_set())
    expected["resource"]["cloudstack_instance"]["debian-12_gold_PS0"]["group"] = "pins"
    expected["moved"].append({"from": "terraform_data.a", "to": "terraform_data.b"})
    assert synthesised(app, "sandbox") == json.loads(json.dumps(expected))


def test_cdktfs_own_test_bench_sees_the_pins(app: cdktf.App) -> None:
    stack = PinSetStack(app, "sandbox", pin_set=a_set())
    pins = json.loads(cdktf.Testing.synth(stack))["resource"]["cloudstack_instance"]
    assert sorted(pins) == sorted(pin.key for pin in a_set().pins)


def test_the_stack_of_a_set_takes_no_other_pins(app: cdktf.App) -> None:
    stack = PinSetStack(app, "sandbox", pin_set=a_set())
    with pytest.raises(PinsError, match="add to the set"):
        pinned(stack, "another")
    with pytest.raises(PinsError, match="add to the set"):
        PinActivation(stack)


def test_former_ids_move_pins(app: cdktf.App) -> None:
    stack = complete(app)
    pinned(stack, formerly=["debian"], storage_tags=[gold(PS0, service_offering_id=an_id(31))])
    PinActivation(stack)
    assert synthesised(app, "own")["moved"] == [
        {"from": "cloudstack_instance.debian_gold_PS0", "to": "cloudstack_instance.debian-12_gold_PS0"}
    ]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        pytest.param({"template_id": "Debian 12"}, "template_id is 'Debian 12'", id="a name for an id"),
        pytest.param({"zone_id": an_id(10).upper()}, "lower-case UUID", id="upper case"),
        pytest.param({"network_id": "${cloudstack_network.a.id}"}, "and no reference", id="a reference"),
        pytest.param({"storage_tags": []}, "storage_tags is empty", id="no tags"),
    ],
)
def test_what_a_pin_cannot_be_made_of_is_refused_at_once(app: cdktf.App, changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(PinsError, match=reason):
        pinned(complete(app), **changed)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        pytest.param(lambda: StorageTag(""), "needs a name", id="no name"),
        pytest.param(lambda: StorageTag("gold"), "needs pools", id="no pools"),
        pytest.param(lambda: StorageTag("gold", coverage="all"), "allowed are every-pool, any-pool", id="coverage"),  # type: ignore[arg-type]
        pytest.param(lambda: gold(service_offering_id="pin-gold"), "service_offering_id is 'pin-gold'", id="offering"),
        pytest.param(lambda: gold(replace(PS0, id="PS0")), "pool 'PS0': id", id="pool"),
        pytest.param(lambda: PinOwner.account("", domain_id=an_id(1)), "needs an account", id="no account"),
        pytest.param(lambda: PinOwner.account("system", domain_id="ROOT"), "domain_id is 'ROOT'", id="domain"),
    ],
)
def test_a_value_that_cannot_be_is_refused_at_once(made: Callable[[], object], reason: str) -> None:
    with pytest.raises(PinsError, match=reason):
        made()


def test_two_templates_whose_pins_would_be_one_resource_are_refused(app: cdktf.App) -> None:
    stack = complete(app)
    pinned(stack, "a b")
    with pytest.raises(PinsError, match="both have a pin named 'a_b_gold_PS0'"):
        pinned(stack, "a?b")


def test_one_activation_is_enough(app: cdktf.App) -> None:
    stack = complete(app)
    PinActivation(stack)
    with pytest.raises(PinsError, match="has a PinActivation already"):
        PinActivation(stack, "another")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        pytest.param({"mode": "manual"}, "allowed are local-exec, run-task, none", id="mode"),
        pytest.param({"max_parallel": 0}, "max_parallel is 0; give 1 or more", id="max_parallel"),
        pytest.param({"timeout": -1}, "timeout is -1; give 1 or more", id="timeout"),
    ],
)
def test_an_activation_that_cannot_be_is_refused(app: cdktf.App, settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(PinsError, match=reason):
        PinActivation(complete(app), **settings)


def without_activation(app: cdktf.App) -> None:
    pinned(complete(app))


def without_provider(app: cdktf.App) -> None:
    stack = cdktf.TerraformStack(app, "own")
    pinned(stack)
    PinActivation(stack)


def without_pins(app: cdktf.App) -> None:
    PinActivation(complete(app))


def two_networks(app: cdktf.App) -> None:
    stack = complete(app)
    pinned(stack)
    pinned(stack, "ubuntu", network_id=an_id(94))
    PinActivation(stack)


def two_tags_of_one_name(app: cdktf.App) -> None:
    stack = complete(app)
    pinned(stack)
    pinned(stack, "ubuntu", storage_tags=[gold(PS0)])
    PinActivation(stack)


@pytest.mark.parametrize(
    ("built", "reason"),
    [
        pytest.param(without_activation, r"add PinActivation\(stack\)", id="activation"),
        pytest.param(without_provider, r"add CloudStackProvider\(stack\)", id="provider"),
        pytest.param(without_pins, "add a PinnedTemplate or drop it", id="pins"),
        pytest.param(two_networks, "make two stacks", id="networks"),
        pytest.param(two_tags_of_one_name, "use one StorageTag", id="storage tags"),
    ],
)
def test_a_stack_that_lacks_something_does_not_synthesise(
    app: cdktf.App, built: Callable[[cdktf.App], None], reason: str
) -> None:
    built(app)
    with pytest.raises(RuntimeError, match=reason):
        app.synth()


def test_a_stack_is_of_a_set_or_of_a_folder(app: cdktf.App) -> None:
    with pytest.raises(PinsError, match="give either pin_set"):
        PinSetStack(app, "none")
    with pytest.raises(PinsError, match="give either pin_set"):
        PinSetStack(app, "both", pin_set=a_set(), folder="stacks/sandbox")


def test_what_the_package_offers_is_sorted_and_there() -> None:
    offered = cloudstack_pins.__all__
    assert offered == sorted(offered)
    assert all(getattr(cloudstack_pins, name).__doc__ for name in offered)
    assert set(offered) <= set(dir(cloudstack_pins))
    with pytest.raises(AttributeError, match="no attribute 'Pinned'"):
        cloudstack_pins.Pinned  # noqa: B018
