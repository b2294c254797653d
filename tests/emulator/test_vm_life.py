"""Names, owners, networks and states of VMs."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cloudstack_emulator import Emulator, EmulatorCallError
from tests.emulator.pinboard import DEBIAN, Board


def refused(emulator: Emulator, command: str, **params: object) -> tuple[int, str]:
    """Code and text of a call that has to fail."""
    keys = params.pop("keys", None)
    with pytest.raises(EmulatorCallError) as caught:
        emulator.call(command, keys, **params)  # type: ignore[arg-type]
    return caught.value.code, caught.value.text


def test_root_is_allocated_until_the_first_start_and_ready_after_a_stop(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.deploy()
    assert board.root(vm)["state"] == "Allocated"
    assert "storage" not in board.root(vm)

    board.start(vm)
    board.stop(vm)

    assert (board.vm(vm)["state"], board.root(vm)["state"]) == ("Stopped", "Ready")
    assert board.root(vm)["storageid"] in emulator.world.pools
    order = ["vm-created", "vm-starting", "copy-began", "copy-done", "volume-ready", "vm-started", "vm-stopped"]
    assert board.kinds() == order


def test_a_vm_without_a_name_gets_a_unique_one(emulator: Emulator) -> None:
    board = Board(emulator)
    first, second = board.deploy(), board.deploy()

    assert board.vm(first)["name"] == f"VM-{first}"
    assert board.vm(second)["name"] == f"VM-{second}"


def test_a_name_clashes_until_its_vm_is_expunged(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.deploy(name="pin-1")
    emulator.call("destroyVirtualMachine", id=vm)
    arguments = board.arguments(name="pin-1")

    assert refused(emulator, "deployVirtualMachine", keys=emulator.pins, **arguments) == (
        431,
        "The vm with hostName pin-1 already exists in the network domain: null; network=caller-l2",
    )
    board.expunge(vm)
    assert board.vm(board.deploy(name="pin-1"))["name"] == "pin-1"


@pytest.mark.parametrize("name", ["1pin", "pin_1", "-pin", "pin-", "p" * 64])
def test_a_name_has_to_be_a_host_name(emulator: Emulator, name: str) -> None:
    arguments = Board(emulator).arguments(name=name)
    assert refused(emulator, "deployVirtualMachine", keys=emulator.pins, **arguments)[0] == 431


def test_a_failed_start_at_deploy_leaves_a_vm_in_error_without_a_volume(emulator: Emulator) -> None:
    board = Board(emulator)
    emulator.fail("deployVirtualMachine")

    code, text = refused(emulator, "deployVirtualMachine", keys=emulator.pins, **board.arguments(startvm=True))

    (vm,) = emulator.call("listVirtualMachines", listall=True)["virtualmachine"]
    assert (code, vm["state"]) == (530, "Error")
    assert text.startswith("Unable to orchestrate the start of VM instance")
    assert emulator.call("listVolumes", virtualmachineid=vm["id"], listall=True) == {}


def test_a_failed_start_of_a_stopped_vm_can_be_tried_again(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.deploy()
    emulator.fail("startVirtualMachine")

    assert refused(emulator, "startVirtualMachine", id=vm)[0] == 530
    assert (board.vm(vm)["state"], board.root(vm)["state"]) == ("Stopped", "Allocated")
    assert board.start(vm)["state"] == "Running"


def test_a_start_that_fails_after_the_copy_leaves_an_active_pin(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.deploy()
    emulator.fail("startVirtualMachine", kind="job-after-copy")

    assert refused(emulator, "startVirtualMachine", id=vm)[0] == 530
    assert (board.vm(vm)["state"], board.root(vm)["state"]) == ("Stopped", "Ready")


def test_starting_a_running_vm_is_refused_and_stopping_a_stopped_one_is_not(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.deploy(name="runs")
    board.start(vm)

    assert refused(emulator, "startVirtualMachine", id=vm) == (
        431,
        f"The virtual machine {vm} (runs) is already running",
    )
    board.stop(vm)
    board.stop(vm)


def test_delete_protection_holds_the_vm(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.deploy()
    emulator.call("updateVirtualMachine", id=vm, deleteprotection=True)

    code, text = refused(emulator, "destroyVirtualMachine", id=vm, expunge=True)

    assert (code, "has delete protection enabled" in text) == (431, True)
    assert board.vm(vm)["state"] == "Stopped"


def test_a_destroyed_vm_can_be_recovered(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.pin()
    emulator.call("destroyVirtualMachine", id=vm)

    assert emulator.call("recoverVirtualMachine", id=vm)["virtualmachine"]["state"] == "Stopped"
    assert board.root(vm)["state"] == "Ready"


def test_an_expunged_vm_is_an_empty_list_and_an_unknown_id_an_error(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.deploy()
    board.expunge(vm)

    assert emulator.call("listVirtualMachines", id=vm) == {}
    code, text = refused(emulator, "listVirtualMachines", id="11111111-2222-3333-4444-555555555555")
    assert (code, "entity does not exist" in text) == (431, True)


def test_displayvm_false_hides_a_vm_from_everyone(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.deploy()
    emulator.call("updateVirtualMachine", id=vm, displayvm=False)

    assert emulator.call("listVirtualMachines", id=vm, listall=True) == {}


def test_uefi_of_the_template_shows_on_the_vm_in_lower_case(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.vm(board.deploy(template="UEFI template"))

    assert (vm["boottype"], vm["bootmode"]) == ("Uefi", "legacy")
    assert "boottype" not in board.vm(board.deploy())


def test_a_password_template_needs_user_data_in_its_network(emulator: Emulator) -> None:
    board = Board(emulator)
    arguments = board.arguments(template="Windows 2022")

    code, text = refused(emulator, "deployVirtualMachine", keys=emulator.pins, **arguments)

    assert (code, "is password enabled, but there is no support for UserData" in text) == (431, True)
    offering = board.named("network_offerings", "DefaultL2NetworkOfferingConfigDrive")
    network = emulator.call(
        "createNetwork",
        emulator.pins,
        name="drive",
        networkofferingid=offering,
        zoneid=arguments["zoneid"],
    )["network"]
    assert board.deploy(template="Windows 2022", network="drive") in emulator.world.vms
    assert network["type"] == "L2"


def test_the_network_has_to_belong_to_the_owner(emulator: Emulator) -> None:
    board = Board(emulator)
    domain = emulator.world.root_domain.id
    arguments = board.arguments(account="system", domainid=domain)

    code, text = refused(emulator, "deployVirtualMachine", **arguments)

    network = arguments["networkids"]
    assert (code, text) == (531, f"Unable to use network with id= {network}, permission denied")


def test_handing_over_to_system_keeps_pool_tags_and_network(emulator: Emulator) -> None:
    board = Board(emulator)
    domain = emulator.world.root_domain.id
    offering = board.named("network_offerings", "DefaultL2NetworkOffering")
    zone = next(iter(emulator.world.zones))
    network = emulator.call(
        "createNetwork", name="pins-l2", networkofferingid=offering, zoneid=zone, account="system", domainid=domain
    )["network"]["id"]
    emulator.call("createNetworkPermissions", networkid=network, accountids=board.named("accounts", "pins"))
    vm = board.pin(network="pins-l2")
    emulator.call("createTags", emulator.pins, resourceids=vm, resourcetype="userVm", tags={"cloudstack-pins/set": "x"})
    pool = board.pool(vm)
    to_system: dict[str, Any] = {"virtualmachineid": vm, "account": "system", "domainid": domain}

    caller_network = board.named("networks", "caller-l2")
    assert refused(emulator, "assignVirtualMachine", **to_system, networkids=caller_network) == (
        431,
        "Failed to move Instance due to [28].",
    )
    emulator.call("assignVirtualMachine", **to_system, networkids=network)

    moved = board.vm(vm)
    assert (moved["account"], board.root(vm)["account"], board.pool(vm)) == ("system", "system", pool)
    assert (moved["nic"][0]["networkid"], moved["tags"][0]["value"]) == (network, "x")
    assert emulator.call("listVirtualMachines", emulator.pins, tags={"cloudstack-pins/set": "x"}) == {}
    found = emulator.call("listVirtualMachines", emulator.pins, listall=True, tags={"cloudstack-pins/set": "x"})
    assert found["count"] == 1
    board.prefer("PS0", account="pins")
    board.start(vm)
    board.stop(vm)


def test_handing_over_without_a_network_moves_the_nic_to_an_isolated_one(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.pin()
    domain = emulator.world.root_domain.id

    emulator.call("assignVirtualMachine", virtualmachineid=vm, account="system", domainid=domain)

    nic = board.vm(vm)["nic"][0]
    assert (nic["networkname"], nic["type"]) == ("system-network", "Isolated")


def test_a_user_may_not_expunge_and_learns_no_pool(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.deploy(emulator.user, network="user-l2")
    board.start(vm, emulator.user)
    emulator.call("stopVirtualMachine", emulator.user, id=vm)

    (root,) = emulator.call("listVolumes", emulator.user, virtualmachineid=vm)["volume"]
    assert root["state"] == "Ready"
    assert not {"storage", "storageid", "path", "clusterid"} & set(root)
    assert refused(emulator, "destroyVirtualMachine", keys=emulator.user, id=vm, expunge=True) == (
        530,
        "Account does not have permission for expunging.",
    )
    for command in ("listStoragePools", "prepareTemplate"):
        assert refused(emulator, command, keys=emulator.user) == (
            432,
            f"The API [{command}] does not exist or is not available for the account user.",
        )
    assert refused(emulator, "startVirtualMachine", keys=emulator.user, id=board.deploy())[0] == 531


def test_an_offering_needs_the_present_storage_tags(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.pin()
    silver = board.named("service_offerings", "pin-silver")

    code, text = refused(emulator, "changeServiceForVirtualMachine", id=vm, serviceofferingid=silver)

    assert (code, text.endswith("Current service offering tags: [gold]; new service offering tags: [silver]")) == (
        431,
        True,
    )


def test_filters_and_pages_find_exactly_the_tagged_vms_of_a_pool(emulator: Emulator) -> None:
    board = Board(emulator)
    board.prefer("PS0")
    pinned = [board.pin() for _ in range(5)]
    board.pin()
    for vm in pinned:
        emulator.call("createTags", resourceids=vm, resourcetype="UserVm", tags={"set": "a"})
    query: dict[str, Any] = {
        "listall": True,
        "tags": {"set": "a"},
        "storageid": board.named("pools", "PS0"),
        "pagesize": 2,
    }

    pages = [emulator.call("listVirtualMachines", **query, page=page) for page in (1, 2, 3, 4)]

    assert [vm["id"] for page in pages[:3] for vm in page["virtualmachine"]] == pinned
    assert pages[3] == {"count": 5}
    query["storageid"] = board.named("pools", "PS1")
    assert emulator.call("listVirtualMachines", **query, page=1) == {}
    assert refused(emulator, "listVirtualMachines", page=1)[0] == 431
    assert refused(emulator, "listVirtualMachines", page=1, pagesize=501)[0] == 431


def test_a_new_registration_of_a_template_is_newer_and_has_its_own_copies(emulator: Emulator) -> None:
    board = Board(emulator)
    old = board.named("templates", DEBIAN)
    vm = board.pin()

    new = emulator.register_template(DEBIAN)

    listed = emulator.call("listTemplates", templatefilter="executable", name=DEBIAN)["template"]
    assert max(listed, key=lambda template: str(template["created"]))["id"] == new != old
    board.pin()
    assert {copy.template_id for copy in emulator.copies(DEBIAN)} == {old, new}
    assert board.vm(vm)["templateid"] == old


def test_many_deploys_at_once_each_give_one_vm(emulator: Emulator) -> None:
    board = Board(emulator)
    with ThreadPoolExecutor(20) as threads:
        vms = list(threads.map(lambda _: board.deploy(startvm=True), range(60)))

    assert len(set(vms)) == 60
    assert emulator.call("listVirtualMachines", listall=True, state="Running")["count"] == 60
    assert len(emulator.copies(DEBIAN)) <= 2


def test_maintenance_stops_and_starts_only_what_ran(emulator: Emulator) -> None:
    board = Board(emulator)
    board.prefer("PS0")
    pinned, running = board.pin(), board.pin()
    board.start(running)
    pool = board.named("pools", "PS0")

    emulator.call("enableStorageMaintenance", id=pool)
    assert [board.vm(vm)["state"] for vm in (pinned, running)] == ["Stopped", "Stopped"]
    assert emulator.call("listStoragePools", id=pool)["storagepool"][0]["state"] == "Maintenance"
    emulator.call("cancelStorageMaintenance", id=pool)
    assert [board.vm(vm)["state"] for vm in (pinned, running)] == ["Stopped", "Running"]


def test_a_pool_made_again_under_its_name_is_another_pool(emulator: Emulator) -> None:
    board = Board(emulator)
    old = board.named("pools", "PS0")
    emulator.remove_pool("PS0")

    new = emulator.add_pool("PS0", cluster="C0", tags=["gold"])

    assert new != old
    assert re.fullmatch(r"[0-9a-f-]{36}", new)
    assert emulator.call("listStoragePools", name="PS0")["storagepool"][0]["id"] == new
