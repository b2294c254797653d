"""Tags: a mutex on a network, rights, and what a wrong value does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from cloudstack_emulator import Emulator, EmulatorCallError


def network(emulator: Emulator, name: str = "caller-l2") -> str:
    found: str = emulator.call("listNetworks", listall=True, name=name)["network"][0]["id"]
    return found


def tags_of(emulator: Emulator, resource: str) -> dict[str, str]:
    listed = emulator.call("listTags", listall=True, resourceid=resource).get("tag", [])
    return {tag["key"]: tag["value"] for tag in listed}


def test_one_of_eight_racers_gets_the_tag(emulator: Emulator) -> None:
    contested = network(emulator)

    def race(racer: int) -> int:
        try:
            emulator.call("createTags", resourceids=contested, resourcetype="Network", tags={"mutex": f"racer-{racer}"})
        except EmulatorCallError as error:
            assert (error.code, error.text) == (530, f"tag mutex already on Network with id {contested}")
            return 0
        return 1

    with ThreadPoolExecutor(8) as racers:
        assert sum(racers.map(race, range(8))) == 1
    assert list(tags_of(emulator, contested)) == ["mutex"]


def test_a_tag_goes_only_with_its_own_value(emulator: Emulator) -> None:
    held = network(emulator)
    emulator.call("createTags", resourceids=held, resourcetype="Network", tags={"mutex": "mine"})

    with pytest.raises(EmulatorCallError, match="530: Failed to delete tags"):
        emulator.call("deleteTags", resourceids=held, resourcetype="Network", tags={"mutex": "yours"})
    assert tags_of(emulator, held) == {"mutex": "mine"}

    emulator.call("deleteTags", resourceids=held, resourcetype="Network", tags={"mutex": "mine"})
    assert tags_of(emulator, held) == {}


def test_several_tags_are_set_together_or_not_at_all(emulator: Emulator) -> None:
    held = network(emulator)
    emulator.call("createTags", resourceids=held, resourcetype="Network", tags={"b": "1"})

    with pytest.raises(EmulatorCallError, match="530: tag b already on Network"):
        emulator.call("createTags", resourceids=held, resourcetype="Network", tags={"a": "1", "b": "2"})
    assert tags_of(emulator, held) == {"b": "1"}


def test_a_user_tags_only_what_is_its_own(emulator: Emulator) -> None:
    own, foreign = network(emulator, "user-l2"), network(emulator, "caller-l2")

    emulator.call("createTags", emulator.user, resourceids=own, resourcetype="network", tags={"a": "1"})
    with pytest.raises(EmulatorCallError, match="531: user does not have permission"):
        emulator.call("createTags", emulator.user, resourceids=foreign, resourcetype="network", tags={"a": "1"})
    assert (tags_of(emulator, own), tags_of(emulator, foreign)) == ({"a": "1"}, {})


@pytest.mark.parametrize(
    ("resource_type", "text"),
    [
        pytest.param("Castle", "431: Invalid resource type: Castle", id="unknown type"),
        pytest.param("UserVm", "431: Unable to find resource by uuid nowhere and type UserVm", id="unknown resource"),
    ],
)
def test_what_is_not_there_cannot_be_tagged(emulator: Emulator, resource_type: str, text: str) -> None:
    with pytest.raises(EmulatorCallError, match=text):
        emulator.call("createTags", resourceids="nowhere", resourcetype=resource_type, tags={"a": "1"})


def test_networks_are_found_by_their_tags(emulator: Emulator) -> None:
    held = network(emulator)
    emulator.call("createTags", resourceids=held, resourcetype="Network", tags={"kept-for": "pins"})

    found = emulator.call("listNetworks", listall=True, tags={"kept-for": "pins"})
    assert [one["id"] for one in found["network"]] == [held]
    assert emulator.call("listNetworks", listall=True, tags={"kept-for": "others"}) == {}
