"""What a review keeps of a plan: the pins' changes, what guards them, and the rest by name. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cloudstack_pins.model import Mode

GIB = 1024**3
SENSITIVE = "(sensitive)"
UNKNOWN = "(known after apply)"

GuardRole = Literal["pin_activation", "pin_confirmation"]
GUARD_ROLES: tuple[GuardRole, ...] = ("pin_activation", "pin_confirmation")


@dataclass(frozen=True, slots=True, kw_only=True)
class PinState:
    """One side of a pin's change: what its five tags and its attributes say.

    Tag values that are sensitive or decided at apply are ``(sensitive)`` and ``(known after apply)``. ``pool`` is a
    pool's key, None for coverage "any-pool". ``template_id`` None: not known or sensitive. ``root_gib`` is the
    provider's ``root_disk_size``, which can only enlarge the root volume; 0 where the template's size counts.
    """

    set_name: str
    template: str
    storage_tag: str
    pool: str | None
    revision: str
    template_id: str | None = None
    zone: str | None = None
    root_gib: int = 0
    expunge: bool = False
    start_vm: bool = False

    @property
    def place(self) -> tuple[str, str, str, str | None]:
        """The tags that old and new share during a rotation: set, template, storage tag, pool."""
        return (self.set_name, self.template, self.storage_tag, self.pool)


@dataclass(frozen=True, slots=True, kw_only=True)
class PinChange:
    """One entry of ``resource_changes`` that is a pin before or after, known by its five tags.

    ``changed`` names the attributes that differ or are decided at apply; values are not kept. ``claims`` names those
    of the five tags that differ. ``deposed`` is Terraform's key of an object that a replacement left behind.
    """

    address: str
    actions: tuple[str, ...]
    module: str = ""
    previous_address: str | None = None
    deposed: str | None = None
    reason: str | None = None
    replace_paths: tuple[str, ...] = ()
    importing: bool = False
    changed: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    before: PinState | None = None
    after: PinState | None = None

    @property
    def state(self) -> PinState:
        """The pin as it will be, or as it was where it goes."""
        state = self.after or self.before
        assert state is not None, "a pin's change has at least one side"
        return state

    @property
    def shown(self) -> str:
        """The address, with the deposed key where there is one."""
        return f"{self.address} (deposed {self.deposed})" if self.deposed else self.address


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The ``terraform_data`` that activates pins, or the one that confirms it. Its command runs only when created."""

    role: GuardRole
    address: str
    module: str
    actions: tuple[str, ...]

    @property
    def triggered(self) -> bool:
        """Whether this apply runs its command."""
        return "create" in self.actions

    @property
    def leaves(self) -> bool:
        """Whether this apply takes it away."""
        return self.actions in (("delete",), ("forget",))


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherChange:
    """A change of something that is not a pin; ``own`` where stacks of this library make such resources."""

    address: str
    type: str
    actions: tuple[str, ...]
    reason: str | None = None
    changed: tuple[str, ...] = ()
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Something that Terraform found changed outside of it; ``state`` is set for pins."""

    address: str
    actions: tuple[str, ...]
    changed: tuple[str, ...] = ()
    state: PinState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFact:
    """A template registration by id: its key in the declaration, its name in CloudStack, its size in bytes."""

    key: str
    name: str
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolFact:
    """A pool by key: CloudStack's id and name."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class StackFacts:
    """What the roster output or a lock says besides the pins. ``mode`` None: not said.

    ``pools`` are those before and after the apply, ``pools_after`` the keys of those after, empty where nobody says.
    """

    set_name: str | None = None
    zone_id: str | None = None
    mode: Mode | None = None
    pools: Mapping[str, PoolFact] = field(default_factory=dict)
    templates: Mapping[str, TemplateFact] = field(default_factory=dict)
    pools_after: frozenset[str] = frozenset()
    previous: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One plan, reduced to what a review needs. ``source`` is the file's name, without its folder."""

    source: str
    terraform_version: str = ""
    errored: bool = False
    complete: bool = True
    pins: tuple[PinChange, ...] = ()
    guards: tuple[Guard, ...] = ()
    others: tuple[OtherChange, ...] = ()
    drift: tuple[Drift, ...] = ()
    half_tagged: tuple[str, ...] = ()
    failed_checks: tuple[str, ...] = ()
    facts: StackFacts = field(default_factory=StackFacts)

    @property
    def name(self) -> str:
        """The stack's name: the sets of its pins, or what the roster says, or the file's name."""
        sets = sorted({pin.state.set_name for pin in self.pins})
        return "+".join(sets) or self.facts.set_name or self.source.removesuffix(".json")
