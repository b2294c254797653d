"""What the management server cleans up by itself: unused template copies, destroyed VMs and volumes."""

from __future__ import annotations

from collections.abc import Callable

from .copying import READY
from .entities import Template, TemplateCopy
from .lifecycle import expunge
from .world import World


def start_housekeeping(world: World) -> None:
    """Schedule the first pass of everything that repeats; CloudStack's fixed delay, without its random first one."""
    _repeat(world, "storage.cleanup.interval", lambda: clean_storage(world))
    _repeat(world, "expunge.interval", lambda: expunge_destroyed(world))


def clean_storage(world: World) -> None:
    """One pass of the storage garbage collector, if it is enabled."""
    if not _on(world, "storage.cleanup.enabled"):
        return
    remove_destroyed_volumes(world)
    if _on(world, "storage.template.cleanup.enabled"):
        for pool in world.pools.values():
            for copy in list(world.copies_on(pool)):
                _judge(world, copy)


def evict_unused(world: World, template: Template) -> None:
    """The single pass of deleteTemplate: unused copies go at once, the others stay until they are unused."""
    for copy in [copy for copy in world.copies.values() if copy.template is template]:
        if not in_use(world, copy):
            _evict(world, copy)


def in_use(world: World, copy: TemplateCopy) -> bool:
    """Whether any volume of the template is on the pool, whatever its state and that of its VM."""
    if copy.template.type == "SYSTEM" or copy.state != READY:
        return True
    return any(volume.template is copy.template for volume in world.volumes_on(copy.pool))


def remove_destroyed_volumes(world: World) -> None:
    """Take away volumes that were given up longer ago than storage.cleanup.delay."""
    limit = world.now() - world.settings.number("storage.cleanup.delay")
    for volume in list(world.volumes.values()):
        if volume.state == "Destroy" and volume.destroyed_at is not None and volume.destroyed_at <= limit:
            world.remove_volume(volume)


def expunge_destroyed(world: World) -> None:
    """One pass of the ExpungeTask: VMs Destroyed or in Error for longer than expunge.delay."""
    limit = world.now() - world.settings.number("expunge.delay")
    for vm in list(world.vms.values()):
        if vm.state in ("Destroyed", "Error") and vm.destroyed_at is not None and vm.destroyed_at <= limit:
            expunge(world, vm)


def _judge(world: World, copy: TemplateCopy) -> None:
    """Mark an unused copy, or evict it where an earlier pass has marked it; a mark outlives later use."""
    if in_use(world, copy):
        return
    if copy.marked_for_gc:
        _evict(world, copy)
    else:
        copy.marked_for_gc = True
        world.note("copy-marked", template=copy.template, pool=copy.pool)


def _evict(world: World, copy: TemplateCopy) -> None:
    # The delete command goes to a host through the pool: without an Up pool it fails, and the next pass tries again.
    if copy.pool.state == "Up":
        world.drop_copy(copy)
        world.note("copy-collected", template=copy.template, pool=copy.pool)


def _on(world: World, setting: str) -> bool:
    return (world.settings.value(setting) or "").lower() == "true"


def _repeat(world: World, interval: str, task: Callable[[], None]) -> None:
    def run() -> None:
        task()
        _repeat(world, interval, task)

    world.scheduler.after(max(world.settings.number(interval), 0.1), run)
