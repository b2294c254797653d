"""createTags, deleteTags, listTags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..entities import Account, ResourceTag
from ..errors import ApiError, denied, invalid
from ..jobs import Work
from ..registry import Call, command
from ..world import World

_JAVA = "org.apache.cloudstack.api.command.user.tag"
#: As CloudStack spells them, by what callers may write.
_TYPES = {name.lower(): name for name in ("UserVm", "Network", "Template", "Volume", "Zone", "ServiceOffering")}


def _resource_type(call: Call) -> str:
    sent = call.params["resourcetype"]
    if sent.lower() not in _TYPES:
        raise invalid(f"Invalid resource type: {sent}")
    return _TYPES[sent.lower()]


def owner_of(world: World, resource_type: str, resource_id: str) -> Account | None:
    """Whom a taggable resource belongs to; zones and offerings are the root admins'. None where there is none."""
    owned: dict[str, Mapping[str, Any]] = {
        "UserVm": world.vms,
        "Network": world.networks,
        "Template": world.templates,
        "Volume": world.volumes,
    }
    if resource_type in owned:
        resource = owned[resource_type].get(resource_id)
        return None if resource is None or getattr(resource, "removed", False) else resource.account
    unowned = world.zones if resource_type == "Zone" else world.service_offerings
    return world.account_named("admin") if resource_id in unowned else None


def _checked(call: Call, resource_type: str, ids: list[str]) -> Iterator[tuple[str, Account]]:
    for resource_id in ids:
        owner = owner_of(call.world, resource_type, resource_id)
        if owner is None:
            raise invalid(f"Unable to find resource by uuid {resource_id} and type {resource_type}")
        if not (call.is_root or owner is call.account):
            raise denied(f"{call.account.name} does not have permission to operate with provided resource")
        yield resource_id, owner


@command(
    "createTags",
    asynchronous=True,
    required=("resourceids", "resourcetype"),
    java_class=f"{_JAVA}.CreateTagsCmd",
)
def create_tags(call: Call) -> dict[str, Any]:
    """All the tags on all the resources or none: a key that a resource bears already fails the job with 530.

    Which makes a tag with a fixed key a mutex.
    """
    if not call.pairs("tags"):
        raise invalid("Tags is a required parameter")
    return call.submit(_creation(call, _resource_type(call)))


def _creation(call: Call, resource_type: str) -> Work:
    resources = list(_checked(call, resource_type, call.listed("resourceids")))
    for resource_id, _ in resources:
        for key, _ in call.pairs("tags"):
            if key in call.world.tags_of(resource_type, resource_id):
                raise ApiError(530, f"tag {key} already on {resource_type} with id {resource_id}")
    for resource_id, owner in resources:
        for key, value in call.pairs("tags"):
            call.world.tags[resource_type, resource_id][key] = ResourceTag(
                key=key, value=value, resource_type=resource_type, resource_id=resource_id, account=owner
            )
    return {"success": True}
    yield 0.0


@command(
    "deleteTags",
    asynchronous=True,
    required=("resourceids", "resourcetype"),
    java_class=f"{_JAVA}.DeleteTagsCmd",
)
def delete_tags(call: Call) -> dict[str, Any]:
    """Tags by key, or by key and value; without ``tags`` all of them. Where nothing fits the job fails with 530."""
    return call.submit(_deletion(call, _resource_type(call)))


def _deletion(call: Call, resource_type: str) -> Work:
    resources = list(_checked(call, resource_type, call.listed("resourceids")))
    wanted = dict(call.pairs("tags"))
    doomed = [
        (resource_id, key)
        for resource_id, _ in resources
        for key, tag in call.world.tags_of(resource_type, resource_id).items()
        if not wanted or (key in wanted and wanted[key] in ("", tag.value))
    ]
    if not doomed:
        raise ApiError(530, "Failed to delete tags")
    for resource_id, key in doomed:
        del call.world.tags[resource_type, resource_id][key]
    return {"success": True}
    yield 0.0


@command("listTags")
def list_tags(call: Call) -> dict[str, Any]:
    """Tags by resource, type, key and value."""
    sent = call.text("resourcetype")
    if sent is not None:
        _resource_type(call)
    rows = [
        (tag, owner)
        for (resource_type, resource_id), by_key in call.world.tags.items()
        for tag in by_key.values()
        if (sent or resource_type).lower() == resource_type.lower()
        and call.text("resourceid") in (None, resource_id)
        and call.text("key") in (None, tag.key)
        and call.text("value") in (None, tag.value)
        and call.sees(owner := owner_of(call.world, resource_type, resource_id) or tag.account)
    ]
    return call.page("tag", rows, lambda row: tag_answer(*row))


def tag_answer(tag: ResourceTag, owner: Account) -> dict[str, Any]:
    """A tag as listTags sends it; its account is the present owner of the resource."""
    return {
        "key": tag.key,
        "value": tag.value,
        "resourcetype": tag.resource_type,
        "resourceid": tag.resource_id,
        "account": owner.name,
        "domainid": owner.domain.id,
        "domain": owner.domain.name,
        "domainpath": owner.domain.path,
    }
