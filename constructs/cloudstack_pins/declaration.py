"""pins.toml: what people declare, by names; no ids and no network."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cloudstack_pins.declared_names import read_name, refuse_odd, refuse_shared_keys
from cloudstack_pins.errors import DeclarationError
from cloudstack_pins.fields import Fields, listed, near, shown
from cloudstack_pins.model import Activation, Coverage, Mode
from cloudstack_pins.terraform_settings import Backend, Cloud, TerraformSettings, read_terraform

FILE_NAME = "pins.toml"
StorageType = Literal["shared", "local"]
OwnerName = Literal["system", "caller"]
COVERAGES: tuple[Coverage, ...] = ("every-pool", "any-pool")
STORAGE_TYPES: tuple[StorageType, ...] = ("shared", "local")
_MODES: tuple[Mode, ...] = ("local-exec", "run-task", "none")
_OWNERS: tuple[OwnerName, ...] = ("caller", "system")
_DURATION = re.compile(r"([1-9][0-9]{0,6})(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SOAK = re.compile(r"([1-9][0-9]{0,2})d")


@dataclass(frozen=True, kw_only=True)
class StorageTagEntry:
    """``[storage_tags.<name>]``. Without ``service_offering`` the stack makes one of ``storage_type``."""

    name: str
    service_offering: str | None = None
    coverage: Coverage = "every-pool"
    exclude_pools: tuple[str, ...] = ()
    formerly: tuple[str, ...] = ()
    storage_type: StorageType = "shared"


@dataclass(frozen=True, kw_only=True)
class TemplateEntry:
    """``[templates.<key>]``. ``name`` is the template's name in CloudStack, None where ``template_id`` is given."""

    key: str
    name: str | None
    template_id: str | None = None
    storage_tags: tuple[str, ...] = ()
    formerly: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class KeepPrevious:
    """How long a rotation keeps the old pin: until the new one is active, and then ``days`` more."""

    days: int = 0


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """A whole pins.toml. ``terraform`` None means a local state file beside the stack."""

    path: Path
    zone: str
    network: str
    owner: OwnerName = "caller"
    enabled: bool = True
    expunge: bool = True
    storage_tags: Mapping[str, StorageTagEntry] = field(default_factory=dict)
    templates: Mapping[str, TemplateEntry] = field(default_factory=dict)
    activation: Activation = field(default_factory=Activation)
    terraform: TerraformSettings | None = None
    keep_previous: KeepPrevious | None = None

    @property
    def set_name(self) -> str:
        """The name of the set: its folder's name."""
        return self.path.resolve().parent.name

    @property
    def cloud(self) -> Cloud | None:
        """The workspace, where the state is in HCP Terraform."""
        return self.terraform if isinstance(self.terraform, Cloud) else None

    @property
    def backend(self) -> Backend | None:
        """The backend, where one is named."""
        return self.terraform if isinstance(self.terraform, Backend) else None

    @property
    def rotates_by_two_locks(self) -> bool:
        """Whether ``lock`` keeps the previous revision, for want of an activation in the graph or for a soak time."""
        return self.activation.mode != "local-exec" or self.keep_previous is not None


def load(path: Path) -> Declaration:
    """Read a pins.toml, or the one in the folder ``path``. Raises DeclarationError."""
    path = path / FILE_NAME if path.is_dir() else path
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise DeclarationError(
            f"{path}: there is no such file; a set is a folder with a {FILE_NAME}, as stacks/sandbox", path=path
        ) from error
    except OSError as error:
        raise DeclarationError(f"{path}: cannot be read: {error.strerror}; check its rights", path=path) from error
    except UnicodeDecodeError as error:
        raise DeclarationError(f"{path}: byte {error.start} is not UTF-8; save it as UTF-8", path=path) from error
    return parse(text, path)


def parse(text: str, path: Path) -> Declaration:
    """Return the declaration in ``text``; ``path`` names it in errors and its folder names the set."""
    try:
        document = tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        raise DeclarationError(f"{path}: not TOML: {error}; repair that line", path=path) from error
    except RecursionError as error:
        raise DeclarationError(f"{path}: its values are nested too deep; write them flat", path=path) from error

    def failure(key: str, problem: str) -> DeclarationError:
        return DeclarationError(f"{path}: {key or 'the file'}: {problem}", path=path, key=key)

    return _declaration(Fields(document, "", failure), path)


def _declaration(fields: Fields, path: Path) -> Declaration:
    if "project" in fields:
        raise fields.error(
            "project",
            "projects are not supported in this version, because their VMs are missing from tag listings;"
            ' drop it and declare the pins of an account (owner = "caller" or "system")',
        )
    tags = {name: _storage_tag(name, table) for name, table in fields.tables("storage_tags").items()}
    templates = {key: _template(key, table, tags) for key, table in fields.tables("templates").items()}
    declaration = Declaration(
        path=path,
        zone=read_name(fields, "zone"),
        network=read_name(fields, "network"),
        owner=fields.choice("owner", _OWNERS, "caller"),
        enabled=fields.flag("enabled", True),
        expunge=fields.flag("expunge", True),
        storage_tags=tags,
        templates=templates,
        activation=_activation(fields.optional_table("activation")),
        terraform=read_terraform(fields.optional_table("terraform")),
        keep_previous=_keep_previous(fields.optional_table("rotation")),
    )
    fields.refuse_unknown()
    refuse_shared_keys(fields, "storage_tags", {name: tag.formerly for name, tag in tags.items()})
    refuse_shared_keys(fields, "templates", {key: template.formerly for key, template in templates.items()})
    _refuse_twins(fields, templates.values())
    return declaration


def _storage_tag(name: str, fields: Fields) -> StorageTagEntry:
    refuse_odd(fields, "", name)
    if "," in name:
        raise fields.error("", f"{shown(name)} is several storage tags; declare each of them for itself")
    entry = StorageTagEntry(
        name=name,
        service_offering=read_name(fields, "service_offering") if fields.raw("service_offering") is not None else None,
        coverage=fields.choice("coverage", COVERAGES, "every-pool"),
        exclude_pools=fields.texts("exclude_pools"),
        formerly=fields.texts("formerly"),
        storage_type=fields.choice("storage_type", STORAGE_TYPES, "shared"),
    )
    fields.refuse_unknown()
    if entry.service_offering is not None and "storage_type" in fields:
        raise fields.error(
            "storage_type",
            f"the offering {shown(entry.service_offering)} has its own; drop storage_type or the offering",
        )
    if entry.exclude_pools and entry.coverage == "any-pool":
        raise fields.error(
            "exclude_pools", 'coverage "any-pool" lets CloudStack choose; drop exclude_pools or the coverage'
        )
    return entry


def _template(key: str, fields: Fields, tags: Mapping[str, StorageTagEntry]) -> TemplateEntry:
    refuse_odd(fields, "", key)
    template_id = read_name(fields, "template_id") if fields.raw("template_id") is not None else None
    name = read_name(fields, "template") if fields.raw("template") is not None else None
    if template_id is not None and name is not None:
        raise fields.error(
            "template_id", "stands beside template; drop one: a name follows new registrations, an id never"
        )
    wanted = fields.texts("storage_tags")
    entry = TemplateEntry(
        key=key,
        name=None if template_id is not None else name or key,
        template_id=template_id,
        storage_tags=wanted,
        formerly=fields.texts("formerly"),
    )
    fields.refuse_unknown()
    if not wanted:
        raise fields.error(
            "storage_tags", f"names no storage tag; declared are {listed(tags)}; name at least one of them"
        )
    for tag in wanted:
        if tag not in tags:
            raise fields.error(
                "storage_tags",
                f"{shown(tag)} is not declared; declared are {listed(tags)};"
                f" add [storage_tags.{tag}] or drop it here{near(tag, tags)}",
            )
    return entry


def _activation(fields: Fields | None) -> Activation:
    if fields is None:
        return Activation()
    activation = Activation(
        mode=fields.choice("mode", _MODES, "local-exec"),
        max_parallel=fields.integer("max_parallel", least=1, most=256, default=8),
        timeout=_seconds(fields, "timeout", 7200),
    )
    fields.refuse_unknown()
    return activation


def _seconds(fields: Fields, name: str, default: int) -> int:
    value = fields.raw(name)
    if value is None:
        return default
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise fields.error(name, f'{shown(value)} is no time; write seconds, as 7200, or "90s", "30m", "2h", "1d"')
    return int(match[1]) * _SECONDS[match[2]]


def _keep_previous(fields: Fields | None) -> KeepPrevious | None:
    if fields is None:
        return None
    value = fields.raw("keep_previous")
    fields.refuse_unknown()
    if value is None:
        return None
    if value == "until-active":
        return KeepPrevious()
    match = _SOAK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise fields.error("keep_previous", f'{shown(value)} is neither "until-active" nor days; write days as "7d"')
    return KeepPrevious(days=int(match[1]))


def _refuse_twins(fields: Fields, templates: Iterable[TemplateEntry]) -> None:
    """Refuse two entries for one template: their pins would protect the same copies."""
    seen: dict[str, str] = {}
    for entry in templates:
        identity = entry.template_id or entry.name or entry.key
        other = seen.setdefault(identity, entry.key)
        if other != entry.key:
            raise fields.error(
                "templates",
                f"{shown(other)} and {shown(entry.key)} are both template {shown(identity)};"
                " make one entry of them with all storage tags",
            )
