"""Template copies on primary storage: made at the first start on a pool, shared by all later ones."""

from __future__ import annotations

from collections.abc import Generator

from .entities import StoragePool, Template, TemplateCopy
from .errors import ApiError
from .world import World

READY, CREATING = "Ready", "Creating"


def ensure_copy(world: World, template: Template, pool: StoragePool) -> Generator[float, None, TemplateCopy]:
    """Wait until the template's copy is on the pool, making it where nobody does so yet.

    An existing mark for garbage collection stays, as CloudStack clears it in prepareTemplate only.
    """
    while True:
        copy = world.copies.get((template.id, pool.id))
        if copy is None:
            copy = begin_copy(world, template, pool)
            yield world.copy_seconds
            finish_copy(world, copy)
        if copy.state == READY:
            return copy
        yield max(copy.ready_at - world.now(), 0.05)


def begin_copy(world: World, template: Template, pool: StoragePool) -> TemplateCopy:
    """Begin the transfer from secondary storage."""
    if not template.ready:
        raise ApiError(530, f"Unable to find template {template.id} on secondary storage")
    now = world.now()
    copy = TemplateCopy(
        template=template,
        pool=pool,
        state=CREATING,
        size=template.size,
        began=now,
        ready_at=now + world.copy_seconds,
    )
    world.add_copy(copy)
    world.note("copy-began", template=template, pool=pool)
    return copy


def finish_copy(world: World, copy: TemplateCopy) -> None:
    """End the transfer, unless the copy was dropped meanwhile."""
    if copy.state == CREATING and world.copies.get((copy.template.id, copy.pool.id)) is copy:
        copy.state = READY
        world.note("copy-done", template=copy.template, pool=copy.pool)


def prepare_copy(world: World, template: Template, pool: StoragePool) -> None:
    """What prepareTemplate starts for one pool: clears the mark of a copy, or makes one in the background."""
    copy = world.copies.get((template.id, pool.id))
    if copy is not None:
        copy.marked_for_gc = False
    elif template.ready and template.type != "SYSTEM":
        begun = begin_copy(world, template, pool)
        if world.copy_seconds > 0:
            world.scheduler.after(world.copy_seconds, lambda: finish_copy(world, begun))
        else:
            finish_copy(world, begun)
