"""Global settings and their overrides on a zone, a pool, an account, and so on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A setting as listConfigurations describes it; ``scopes`` in lower case beside the global one."""

    name: str
    default: str | None
    description: str
    scopes: tuple[str, ...] = ()
    category: str = "Advanced"
    group: str = "Infrastructure"
    subgroup: str = "Primary Storage"
    dynamic: bool = True
    component: str = "StorageManager"
    parent: str | None = None
    type: str = "String"

    @property
    def display_text(self) -> str:
        """The name as words: ``Storage cleanup interval``."""
        return self.name.replace(".", " ").capitalize()


def _number(name: str, default: str, description: str, **more: object) -> Setting:
    return Setting(name=name, default=default, description=description, type="Number", **more)  # type: ignore[arg-type]


KNOWN = (
    Setting(
        name="storage.cleanup.enabled",
        default="true",
        description="Enables/disables the storage cleanup thread.",
        dynamic=False,
        type="Boolean",
    ),
    _number(
        "storage.cleanup.interval",
        "86400",
        "The interval (in seconds) to wait before running the storage cleanup thread.",
        dynamic=False,
        parent="storage.cleanup.enabled",
    ),
    _number(
        "storage.cleanup.delay",
        "86400",
        "Determines how long (in seconds) to wait before actually expunging destroyed volumes.",
        dynamic=False,
        parent="storage.cleanup.enabled",
    ),
    Setting(
        name="storage.template.cleanup.enabled",
        default="true",
        description="Enable/disable template cleanup activity, only take effect when overall storage "
        "cleanup is enabled",
        dynamic=False,
        parent="storage.cleanup.enabled",
        type="Boolean",
    ),
    Setting(
        name="preferred.storage.pool",
        default="",
        description="The UUID of preferred storage pool for allocation.",
        scopes=("account",),
    ),
    Setting(
        name="pool.storage.capacity.disablethreshold",
        default="0.85",
        description="Percentage (as a value between 0 and 1) of storage utilization above which allocators will "
        "disable using the pool for low storage available.",
        scopes=("storagepool", "zone"),
        component="CapacityManager",
        type="Range",
    ),
    Setting(
        name="pool.storage.allocated.capacity.disablethreshold",
        default="0.85",
        description="Percentage (as a value between 0 and 1) of allocated storage utilization above which "
        "allocators will disable using the pool for low allocated storage available.",
        scopes=("storagepool", "zone"),
        component="CapacityManager",
        type="Range",
    ),
    Setting(
        name="storage.overprovisioning.factor",
        default="2",
        description="Used for storage overprovisioning calculation; available storage will be (actualStorageSize * "
        "storage.overprovisioning.factor)",
        scopes=("storagepool", "zone"),
        component="CapacityManager",
        type="Decimal",
    ),
    _number(
        "expunge.delay",
        "86400",
        "Determines how long (in seconds) to wait before actually expunging destroyed vm. The default value = the "
        "default value of expunge.interval",
        dynamic=False,
        group="Compute",
        subgroup="Virtual Machine",
        component="UserVmManager",
    ),
    _number(
        "expunge.interval",
        "86400",
        "The interval (in seconds) to wait before running the expunge thread.",
        dynamic=False,
        group="Compute",
        subgroup="Virtual Machine",
        component="UserVmManager",
    ),
    Setting(
        name="instance.lease.enabled",
        default="false",
        description="Indicates whether to enable the Instance lease, will be applicable only on instances created "
        "after lease is enabled",
        group="Compute",
        subgroup="Virtual Machine",
        component="VMLeaseManager",
        type="Boolean",
    ),
    Setting(
        name="allow.user.expunge.recover.vm",
        default="false",
        description="Determines whether users can expunge or recover their vm",
        scopes=("account",),
        group="Compute",
        subgroup="Virtual Machine",
        component="UserVmManager",
        type="Boolean",
    ),
    *(
        Setting(
            name=f"{what}.overprovisioning.factor",
            default="1",
            description=f"Used for {what} overprovisioning calculation; available {what} will be (actual * "
            f"{what}.overprovisioning.factor)",
            scopes=("cluster",),
            group="Compute",
            subgroup="Host",
            component="CapacityManager",
            type="Decimal",
        )
        for what in ("cpu", "mem")
    ),
    _number(
        "event.purge.delay",
        "15",
        "Events older than specified number days will be purged. Set this value to 0 to never delete events",
        dynamic=False,
        group="Management Server",
        subgroup="Events",
        component="management-server",
    ),
    Setting(
        name="usage.stats.job.exec.time",
        default="00:15",
        description="The time at which the usage statistics aggregation job will run as an HH24:MM time, e.g. 00:30 to "
        "run at 12:30am.",
        category="Usage",
        group="Usage Server",
        subgroup="Usage",
        dynamic=False,
        component="management-server",
    ),
    _number(
        "usage.stats.job.aggregation.range",
        "1440",
        "The range of time for aggregating the user statistics specified in minutes (e.g. 1440 for daily, 60 for "
        "hourly.",
        category="Usage",
        group="Usage Server",
        subgroup="Usage",
        dynamic=False,
        component="management-server",
    ),
    Setting(
        name="usage.execution.timezone",
        default=None,
        description="The timezone to use for usage job execution time",
        category="Usage",
        group="Usage Server",
        subgroup="Usage",
        dynamic=False,
        component="management-server",
    ),
)


class Settings:
    """Values of all known settings; a scoped value wins over the global one, the global one over the default."""

    def __init__(self, known: tuple[Setting, ...] = KNOWN) -> None:
        self._known = {setting.name: setting for setting in known}
        self._values: dict[tuple[str, str, str], str] = {}

    def __iter__(self) -> Iterator[Setting]:
        """All known settings by name."""
        return iter(sorted(self._known.values(), key=lambda setting: setting.name))

    def add(self, *settings: Setting) -> None:
        """Make more settings known."""
        self._known |= {setting.name: setting for setting in settings}

    def find(self, name: str) -> Setting | None:
        """The description of a setting."""
        return self._known.get(name)

    def value(self, name: str, **scopes: str | None) -> str | None:
        """The value that counts; scopes by name and id in falling precedence: ``storagepool=.., zone=..``."""
        for scope, scope_id in scopes.items():
            if scope_id is not None and (found := self._values.get((name, scope, scope_id))) is not None:
                return found
        return self._values.get((name, "", ""), self._known[name].default)

    def own(self, name: str, scope: str = "", scope_id: str = "") -> str | None:
        """The value set in exactly this scope, if any."""
        return self._values.get((name, scope, scope_id))

    def set(self, name: str, value: str, scope: str = "", scope_id: str = "") -> None:
        """Set a value globally or in a scope."""
        self._values[name, scope, scope_id] = value

    def reset(self, name: str, scope: str = "", scope_id: str = "") -> None:
        """Drop the value of exactly this scope."""
        self._values.pop((name, scope, scope_id), None)

    def number(self, name: str, **scopes: str | None) -> float:
        """The value that counts, as a number."""
        return float(self.value(name, **scopes) or 0)
