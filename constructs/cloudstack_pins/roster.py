"""What a synthesised stack or a plan says about its pins, for those that work without pins.toml.

Every stack carries one output, ``roster``, with what the five tags of a VM do not say: where the pools are, who owns
the pins, how they are activated. The pins themselves are the stack's ``cloudstack_instance`` resources.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudstack_pins.addresses import INSTANCE_TYPE
from cloudstack_pins.errors import PinsError, PlanError, StackError
from cloudstack_pins.model import (
    ANY_POOL,
    TAG_POOL,
    TAG_REVISION,
    TAG_SET,
    TAG_STORAGE_TAG,
    TAG_TEMPLATE,
    Activation,
    Owner,
    Pool,
)
from cloudstack_pins.terraform_json import plain_value

FORMAT = 1
_TAGS = (TAG_SET, TAG_TEMPLATE, TAG_STORAGE_TAG, TAG_POOL, TAG_REVISION)


@dataclass(frozen=True, kw_only=True)
class RosterPin:
    """One pin as its Terraform resource says: its address, its tags' values and what it is made of.

    ``pool`` is the pool's key, None for coverage "any-pool". ``size`` is the template's size in bytes, None if unknown.
    """

    address: str
    template: str
    storage_tag: str
    pool: str | None
    revision: str
    template_id: str
    template_name: str
    size: int | None = None
    previous: bool = False

    @property
    def key(self) -> tuple[str, str, str | None, str]:
        """What tells two pins of one set apart: template, storage tag, pool, revision."""
        return (self.template, self.storage_tag, self.pool, self.revision)


@dataclass(frozen=True, kw_only=True)
class Roster:
    """The pins of one stack and all that activation, status and the run task need to know about them."""

    set_name: str
    zone_id: str
    network_id: str
    owner: Owner
    activation: Activation
    pools: Mapping[str, Pool]
    pins: tuple[RosterPin, ...]


def from_stack(path: Path) -> Roster:
    """Read the roster of a synthesised stack, ``cdk.tf.json``.

    Raises StackError where the file is missing, is no JSON, or has no roster of a known format.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StackError(f"{path}: {error.strerror or error}; synthesise the stack first (`cdktf synth`)") from error
    except ValueError as error:
        raise StackError(
            f"{path}: not JSON ({error});"
            " synthesise the stack again, or give a plan as `terraform show -json` writes it"
        ) from error
    document = plain_value(document)
    try:
        value = document["output"]["roster"]["value"]
        instances = document.get("resource", {}).get(INSTANCE_TYPE, {})
        resources = [(f"{INSTANCE_TYPE}.{name}", body) for name, body in instances.items()]
    except (KeyError, TypeError, AttributeError) as error:
        raise StackError(
            f"{path}: has no output 'roster', so it is no stack of pins; name the cdk.tf.json of a set"
        ) from error
    return _read(value, resources, what=str(path), error=StackError)


def from_plan(document: Mapping[str, Any]) -> Roster:
    """Read the roster of a plan, the document of ``terraform show -json``: the pins as they are to be.

    Pins are known by their five tags, in whatever module they are.

    Raises PlanError where the plan has no roster of a known format.
    """
    try:
        planned = document["planned_values"]
        value = planned["outputs"]["roster"]["value"]
        resources = [(part["address"], part["values"]) for part in _resources(planned.get("root_module", {}))]
    except (KeyError, TypeError, AttributeError) as error:
        raise PlanError(
            "the plan has no planned output 'roster', so it is no plan of a pin set; "
            "give the output of `terraform show -json` for a stack of pins"
        ) from error
    return _read(value, resources, what="the plan", error=PlanError)


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for resource in module.get("resources", ()):
        if resource["type"] == INSTANCE_TYPE and resource.get("mode", "managed") == "managed":
            yield resource
    for child in module.get("child_modules", ()):
        yield from _resources(child)


def _read(value: Any, resources: list[tuple[str, Any]], *, what: str, error: type[PinsError]) -> Roster:
    if not isinstance(value, Mapping) or value.get("format") != FORMAT:
        found = value.get("format") if isinstance(value, Mapping) else value
        raise error(
            f"{what}: output 'roster' has the format {found!r}, this version reads {FORMAT}; "
            "synthesise with the version that reads it"
        )
    try:
        return _roster(value, resources)
    except (KeyError, TypeError, ValueError, AttributeError) as reason:
        raise error(f"{what}: output 'roster' is incomplete ({reason}); synthesise the stack again") from reason


def _roster(value: Mapping[str, Any], resources: list[tuple[str, Any]]) -> Roster:
    activation, templates, previous = value["activation"], value["templates"], frozenset(value["previous"])
    pins = [
        _pin(address, body, templates, previous)
        for address, body in resources
        if all(isinstance((body.get("tags") or {}).get(name), str) for name in _TAGS)
    ]
    return Roster(
        set_name=value["set"],
        zone_id=value["zone_id"],
        network_id=value["network_id"],
        owner=Owner(account=value["owner"].get("account"), domain_id=value["owner"].get("domain_id")),
        activation=Activation(
            mode=activation["mode"], max_parallel=int(activation["max_parallel"]), timeout=int(activation["timeout"])
        ),
        pools={key: _pool(key, pool) for key, pool in value["pools"].items()},
        pins=tuple(sorted(pins, key=lambda pin: pin.address)),
    )


def _pin(address: str, body: Mapping[str, Any], templates: Mapping[str, Any], previous: frozenset[str]) -> RosterPin:
    tags = body["tags"]
    template = templates.get(body["template"]) or {}
    return RosterPin(
        address=address,
        template=tags[TAG_TEMPLATE],
        storage_tag=tags[TAG_STORAGE_TAG],
        pool=None if tags[TAG_POOL] == ANY_POOL else tags[TAG_POOL],
        revision=tags[TAG_REVISION],
        template_id=body["template"],
        template_name=template.get("name") or tags[TAG_TEMPLATE],
        size=template.get("size"),
        previous=address in previous,
    )


def _pool(key: str, pool: Mapping[str, Any]) -> Pool:
    return Pool(
        id=pool["id"],
        name=pool["name"],
        key=key,
        cluster_id=pool.get("cluster_id"),
        scope=pool["scope"],
        host_id=pool.get("host_id"),
    )
