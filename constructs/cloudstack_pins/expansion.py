"""From a pin set to Terraform JSON: pure functions, no cdktf, no network, same set, same fragments.

A fragment is a part of a stack's JSON ({"resource": {type: {name: body}}, "output": ..., "moved": ...}); fragments of
one stack never share an address. Ids and names are escaped here, so that nothing from CloudStack is read as an
expression; what this module writes itself as ``${...}`` is one. Names that are only read by people are plain: Terraform
prints a text with line breaks as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cloudstack_pins import addresses
from cloudstack_pins.errors import ExpansionError
from cloudstack_pins.model import LONGEST_NAME, Activation, Owner, Pin, PinSet, Pool, StorageTag
from cloudstack_pins.moves import moved_blocks
from cloudstack_pins.pin_key import refuse_collisions
from cloudstack_pins.plain import plain
from cloudstack_pins.terraform_json import escaped, literal, normalised

Fragment = dict[str, Any]

ACTIVATE = "cloudstack-pins activate cdk.tf.json || exit 1"
"""The provisioner's command; ``|| exit 1`` keeps a shell between Terraform and us that takes Terraform's SIGKILL."""

PROVIDER_SOURCE = "cloudstack/cloudstack"
PROVIDER_VERSION = "~> 0.6.0"
REQUIRED_TERRAFORM = ">= 1.5"


def expand(pin_set: PinSet) -> Fragment:
    """Return everything of a pin set: pins, storage tags, activation, outputs and moves.

    Raises ExpansionError for colliding keys and for values that are no JSON.
    """
    formerly = {declared.template.key: declared.formerly for declared in pin_set.templates}
    return merged(
        pin_fragment(pin_set.pins, expunge=pin_set.expunge),
        set_fragment(
            pin_set.pins,
            pin_set.storage_tags,
            formerly,
            set_name=pin_set.name,
            zone_id=pin_set.zone_id,
            network_id=pin_set.network_id,
            owner=pin_set.owner,
            activation=pin_set.activation,
        ),
    )


def pin_fragment(pins: Iterable[Pin], *, expunge: bool = True) -> Fragment:
    """Return one ``cloudstack_instance`` per pin."""
    pins = list(pins)
    refuse_collisions((pin.key, _in_words(pin)) for pin in pins)
    return _resources({pin.address: _instance(pin, expunge=expunge) for pin in pins})


def set_fragment(
    pins: Sequence[Pin],
    tags: Mapping[str, StorageTag],
    formerly: Mapping[str, Sequence[str]],
    *,
    set_name: str,
    zone_id: str,
    network_id: str,
    owner: Owner,
    activation: Activation,
) -> Fragment:
    """Return what a stack has once, whatever the number of its templates: storage tags, activation, outputs, moves."""
    refuse_collisions((pin.key, _in_words(pin)) for pin in pins)
    pools = _pools(pins, tags)
    resources = _tag_resources(_with_kept(tags, pins), set_name=set_name)
    if pins and activation.mode == "local-exec":
        resources |= _activation_resources(pins, tags, pools, owner)
    declared = [*resources, *(pin.address for pin in pins)]
    # Kept pins move as well: a renamed key must not cost the one pin that still protects.
    moves = moved_blocks(pins, tags, formerly, declared=declared)
    outputs = {
        "roster": {
            "description": "What cloudstack-pins needs to know about this stack besides its pins",
            "value": literal(_roster(pins, pools, set_name, zone_id, network_id, owner, activation)),
        },
        "pins": {
            "description": "Every pin by its key: Terraform address, id of its VM, key of its pool",
            "value": {pin.key: _pin_output(pin) for pin in sorted(pins, key=lambda pin: pin.key)},
        },
    }
    return normalised(_resources(resources) | {"output": outputs} | ({"moved": moves} if moves else {}))  # type: ignore[no-any-return]


def merged(*fragments: Fragment) -> Fragment:
    """Return one fragment of several.

    Raises ExpansionError where two of them have the same address.
    """
    result: Fragment = {}
    for fragment in fragments:
        for block, content in fragment.items():
            _merge_block(result, block, content)
    return result


def _merge_block(result: Fragment, block: str, content: Any) -> None:
    if block == "moved":
        result[block] = [*result.get(block, []), *content]
        return
    for kind, named in content.items():
        place = result.setdefault(block, {}).setdefault(kind, {})
        if clash := sorted(set(place) & set(named)):
            raise ExpansionError(f"{block}.{kind}.{clash[0]} is there twice; rename one of them")
        place.update(named)


def _in_words(pin: Pin) -> str:
    where = f"{pin.storage_tag.name!r} pool {pin.pool.key!r}" if pin.pool else f"{pin.storage_tag.name!r}"
    return f"the {'kept ' if pin.previous else ''}pin of template {pin.template.key!r} on storage tag {where}"


def _instance(pin: Pin, *, expunge: bool) -> dict[str, Any]:
    tag = pin.storage_tag
    body: dict[str, Any] = literal(
        {
            "display_name": pin.display_name,
            "expunge": expunge,
            "network_id": pin.network_id,
            "start_vm": False,
            "tags": pin.tags,
            "template": pin.template.id,
            "zone": pin.zone_id,
        }
    )
    body["service_offering"] = _offering_id(tag)
    body["lifecycle"] = _kept_lifecycle() if pin.previous else _lifecycle(pin)
    return normalised(body, where=pin.address)  # type: ignore[no-any-return]


def _lifecycle(pin: Pin) -> dict[str, Any]:
    # The provider makes an offering change in place and then starts the VM; a pool it does not know at all.
    triggers = [addresses.offering_data(pin.storage_tag.name)]
    if pin.pool:
        triggers.append(addresses.pool_data(pin.storage_tag.name, pin.pool.key))
    return {
        "create_before_destroy": True,
        # A template with detail UEFI shows up as uefi and boot_mode of the VM, which would replace it at every plan.
        "ignore_changes": ["boot_mode", "uefi"],
        "replace_triggered_by": triggers,
    }


def _kept_lifecycle() -> dict[str, Any]:
    # What a rotation by two locks keeps must not be touched, whatever its storage tag's offering is by now.
    return {"create_before_destroy": True, "ignore_changes": ["boot_mode", "service_offering", "uefi"]}


def _offering_id(tag: StorageTag) -> str:
    if tag.service_offering_id is not None:
        return escaped(tag.service_offering_id)
    return f"${{{addresses.made_offering(tag.name)}.id}}"


def _with_kept(tags: Mapping[str, StorageTag], pins: Iterable[Pin]) -> list[tuple[StorageTag, bool]]:
    """Return the storage tags, and those whose stack-made offering only kept pins still use, marked True."""
    made = {name for name, tag in tags.items() if tag.service_offering_id is None}
    kept = {
        pin.storage_tag.name: pin.storage_tag
        for pin in pins
        if pin.previous and pin.storage_tag.service_offering_id is None and pin.storage_tag.name not in made
    }
    return [*((tag, False) for tag in tags.values()), *((tag, True) for tag in kept.values())]


def _tag_resources(tags: Iterable[tuple[StorageTag, bool]], *, set_name: str) -> dict[str, Any]:
    named: list[tuple[str, str, dict[str, Any]]] = []
    for tag, only_kept in tags:
        what = f"storage tag {tag.name!r}"
        if tag.service_offering_id is None:
            named.append((addresses.made_offering(tag.name), what, _made_offering(tag, set_name)))
            named.append((addresses.tag_data(tag.name), what, {"input": escaped(tag.name)}))
        if only_kept:
            continue
        named.append((addresses.offering_data(tag.name), what, {"input": _offering_id(tag)}))
        named.extend(
            (addresses.pool_data(tag.name, pool.key), f"{what} pool {pool.key!r}", {"input": escaped(pool.id)})
            for pool in (tag.pools if tag.coverage == "every-pool" else ())
        )
    refuse_collisions((address, what) for address, what, _ in named)
    return {address: body for address, _, body in named}


def _made_offering(tag: StorageTag, set_name: str) -> dict[str, Any]:
    spec = tag.spec
    return {
        "name": escaped(f"cloudstack-pins {set_name} {tag.name}"[:LONGEST_NAME]),
        "display_text": escaped(f"pins of set {set_name} on storage tag {tag.name}"[:LONGEST_NAME]),
        "cpu_number": spec.cpu_number,
        "cpu_speed": spec.cpu_speed,
        "memory": spec.memory,
        "offer_ha": False,
        "disk_offering": {
            "cache_mode": "none",
            "disk_offering_strictness": False,
            "provisioning_type": "thin",
            "storage_tags": escaped(tag.name),
            "storage_type": spec.storage_type,
        },
        "lifecycle": {
            "create_before_destroy": True,
            # Provider 0.6.0 reads disk_offering_id back and plans an update forever (fixed in 0.7.0).
            "ignore_changes": ["disk_offering_id"],
            # Its update leaves the storage tag out and says that it is done: another tag has to be another offering.
            "replace_triggered_by": [addresses.tag_data(tag.name)],
        },
    }


def _activation_resources(
    pins: Sequence[Pin], tags: Mapping[str, StorageTag], pools: Mapping[str, Pool], owner: Owner
) -> dict[str, Any]:
    ids = {pin.key: f"${{{pin.address}.id}}" for pin in pins}
    covered = {
        "offerings": {escaped(name): _offering_id(tag) for name, tag in tags.items()},
        "owner": literal({"account": owner.account or "", "domain_id": owner.domain_id or ""}),
        "pools": literal({key: pool.id for key, pool in pools.items()}),
    }
    depends_on = [pin.address for pin in pins]
    provisioner = [{"local-exec": {"command": ACTIVATE}}]
    return {
        addresses.ACTIVATION: {
            "depends_on": depends_on,
            "provisioner": provisioner,
            "triggers_replace": covered | {"pins": ids},
        },
        # Terraform may save the activation as done before its command has ended. If it is killed then, the next apply
        # would destroy old pins beside new ones that were never activated; this one makes it activate first.
        addresses.CONFIRMATION: {
            "depends_on": [addresses.ACTIVATION, *depends_on],
            "provisioner": provisioner,
            "triggers_replace": {"activation": f"${{{addresses.ACTIVATION}.id}}", "pins": ids},
        },
    }


def _pools(pins: Iterable[Pin], tags: Mapping[str, StorageTag]) -> dict[str, Pool]:
    """Return every pool by its key; what a rotation keeps gives way to what is declared."""
    pools: dict[str, Pool] = {}
    for tag in tags.values():
        for pool in tag.pools:
            known = pools.setdefault(pool.key, pool)
            if known.id != pool.id:
                raise ExpansionError(
                    f"pools {known.id} and {pool.id} both have the key {pool.key!r}; run `cloudstack-pins lock` again"
                )
    for pin in pins:
        if pin.pool:
            pools.setdefault(pin.pool.key, pin.pool)
    return dict(sorted(pools.items()))


def _roster(
    pins: Sequence[Pin],
    pools: Mapping[str, Pool],
    set_name: str,
    zone_id: str,
    network_id: str,
    owner: Owner,
    activation: Activation,
) -> dict[str, Any]:
    return {
        "format": 1,
        "set": set_name,
        "zone_id": zone_id,
        "network_id": network_id,
        "owner": {"account": owner.account, "domain_id": owner.domain_id},
        "activation": {
            "mode": activation.mode,
            "max_parallel": activation.max_parallel,
            "timeout": activation.timeout,
        },
        "pools": {
            key: {
                "id": pool.id,
                "name": plain(pool.name),
                "cluster_id": pool.cluster_id,
                "scope": pool.scope,
                "host_id": pool.host_id,
            }
            for key, pool in pools.items()
        },
        "templates": {
            pin.template.id: {"key": pin.template.key, "name": plain(pin.template.name), "size": pin.template.size}
            for pin in sorted(pins, key=lambda pin: pin.key)
        },
        "previous": sorted(pin.address for pin in pins if pin.previous),
    }


def _pin_output(pin: Pin) -> dict[str, Any]:
    return {
        "address": pin.address,
        "id": f"${{{pin.address}.id}}",
        "pool": escaped(pin.pool.key) if pin.pool else None,
    }


def _resources(bodies: Mapping[str, Any]) -> Fragment:
    """Return {"resource": {type: {name: body}}} of bodies by address."""
    resources: Fragment = {}
    for address, body in sorted(bodies.items()):
        kind, name = address.split(".", 1)
        resources.setdefault(kind, {})[name] = body
    return {"resource": resources} if resources else {}
