"""Garbage collection: two passes, the sticky mark, what protects a copy and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from cloudstack_emulator import Emulator, EmulatorCallError
from tests.emulator.pinboard import DEBIAN, Board

PASS = 40


def test_an_unused_copy_is_marked_in_one_pass_and_gone_in_the_next(emulator: Emulator) -> None:
    board = Board(emulator)
    board.expunge(board.pin())

    assert [copy.marked_for_gc for copy in emulator.copies(DEBIAN)] == [False]
    emulator.advance(PASS)
    assert [copy.marked_for_gc for copy in emulator.copies(DEBIAN)] == [True]
    emulator.advance(PASS)
    assert emulator.copies(DEBIAN) == []
    assert board.kinds()[-2:] == ["copy-marked", "copy-collected"]


def test_a_stopped_pin_protects_its_copy_for_ever(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.pin()

    emulator.advance(50 * PASS)

    assert [copy.pool_name for copy in emulator.copies(DEBIAN)] == [board.pool(vm)]


def test_a_vm_that_never_started_protects_nothing(emulator: Emulator) -> None:
    board = Board(emulator)
    emulator.call(
        "prepareTemplate", zoneid=next(iter(emulator.world.zones)), templateid=board.named("templates", DEBIAN)
    )
    board.deploy()
    assert len(emulator.copies(DEBIAN)) == 5

    emulator.advance(2 * PASS)

    assert emulator.copies(DEBIAN) == []


def test_the_mark_outlives_a_later_use(emulator: Emulator) -> None:
    board = Board(emulator)
    board.prefer("PS0")
    board.expunge(board.pin())
    emulator.advance(PASS)

    vm = board.pin()
    emulator.advance(3 * PASS)
    assert [copy.marked_for_gc for copy in emulator.copies(DEBIAN, "PS0")] == [True]

    board.expunge(vm)
    emulator.advance(PASS)
    assert emulator.copies(DEBIAN, "PS0") == []


def test_prepare_template_clears_the_mark(emulator: Emulator) -> None:
    board = Board(emulator)
    board.prefer("PS0")
    board.expunge(board.pin())
    ids: dict[str, Any] = {"zoneid": next(iter(emulator.world.zones)), "templateid": board.named("templates", DEBIAN)}
    for _ in range(4):
        emulator.advance(PASS)
        emulator.call("prepareTemplate", **ids, storageid=board.named("pools", "PS0"))

    assert [copy.marked_for_gc for copy in emulator.copies(DEBIAN)] == [False]


def test_a_destroyed_vm_protects_until_the_expunge_task(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.pin()
    emulator.call("destroyVirtualMachine", id=vm)

    emulator.advance(10 * PASS)
    assert board.vm(vm)["state"] == "Destroyed"
    assert len(emulator.copies(DEBIAN)) == 1

    emulator.advance(2 * 86400)
    assert emulator.call("listVirtualMachines", id=vm) == {}
    assert emulator.copies(DEBIAN) == []


def test_a_restored_pin_stays_protected_for_the_cleanup_delay_only(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.pin()
    emulator.call("restoreVirtualMachine", virtualmachineid=vm)

    assert board.root(vm)["state"] == "Allocated"
    assert "storageid" not in board.root(vm)
    emulator.advance(86400 - 2 * PASS)
    assert len(emulator.copies(DEBIAN)) == 1
    emulator.advance(5 * PASS)
    assert emulator.copies(DEBIAN) == []


def test_deleting_a_template_evicts_unused_copies_and_leaves_pinned_ones(emulator: Emulator) -> None:
    board = Board(emulator)
    template = board.named("templates", DEBIAN)
    vm = board.pin()
    emulator.call("prepareTemplate", zoneid=next(iter(emulator.world.zones)), templateid=template)

    assert emulator.call("deleteTemplate", id=template) == {"success": True}

    assert [copy.pool_name for copy in emulator.copies(template)] == [board.pool(vm)]
    with pytest.raises(EmulatorCallError, match="entity does not exist"):
        board.deploy()


def test_a_pool_that_is_not_up_keeps_its_copies_until_it_is(emulator: Emulator) -> None:
    board = Board(emulator)
    vm = board.pin()
    pool = board.named("pools", str(board.pool(vm)))
    emulator.call("enableStorageMaintenance", id=pool)
    board.expunge(vm)
    emulator.advance(4 * PASS)
    assert len(emulator.copies(DEBIAN)) == 1

    emulator.call("cancelStorageMaintenance", id=pool)
    emulator.advance(PASS)

    assert emulator.copies(DEBIAN) == []


def test_the_collector_can_be_switched_off(emulator: Emulator) -> None:
    board = Board(emulator)
    emulator.world.settings.set("storage.template.cleanup.enabled", "false")
    board.expunge(board.pin())

    emulator.advance(5 * PASS)

    assert len(emulator.copies(DEBIAN)) == 1


def test_download_details_show_the_one_pool_whose_number_is_an_image_stores(emulator: Emulator) -> None:
    board = Board(emulator)
    template = board.named("templates", DEBIAN)
    emulator.call("prepareTemplate", zoneid=next(iter(emulator.world.zones)), templateid=template)

    def stores() -> list[str]:
        shown = emulator.call("listTemplates", templatefilter="all", id=template)["template"][0]
        return [row["datastore"] for row in shown["downloaddetails"]]

    assert stores() == ["sec0", "PS0"]
    emulator.world.downloaddetails_defect = False
    assert stores() == ["sec0", "PS0", "PS1", "PS2", "PS3", "PS4"]
