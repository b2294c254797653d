"""Which steps lead from what CloudStack holds to what the declaration needs, or every reason why none does."""

from __future__ import annotations

from dataclasses import dataclass

from cloudstack_pins.bootstrap.observation import CONFIG_DRIVE_OFFERING, L2_OFFERING, Observation
from cloudstack_pins.cloudstack import Network
from cloudstack_pins.declaration import Declaration
from cloudstack_pins.model import SYSTEM_ACCOUNT


@dataclass(frozen=True, kw_only=True)
class CreateNetwork:
    """Create the L2 network; ``account`` None means the caller's own."""

    name: str
    zone_id: str
    zone_name: str
    offering_id: str
    offering_name: str
    account: str | None
    domain_id: str | None

    def __str__(self) -> str:
        """Say it in words."""
        owner = f"account {self.account}" if self.account else "the key's own account"
        return (
            f"create L2 network {self.name!r} in zone {self.zone_name!r}, owned by {owner} "
            f"(offering {self.offering_name}; no address, no router)"
        )


@dataclass(frozen=True, kw_only=True)
class PermitNetwork:
    """Let an account deploy into the network; ``network_id`` None means the one that is created just before."""

    name: str
    network_id: str | None
    account: str
    account_id: str

    def __str__(self) -> str:
        """Say it in words."""
        return f"permit account {self.account!r} (the key's) to deploy into network {self.name!r}"


Step = CreateNetwork | PermitNetwork


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """What to do, in order; ``reasons`` says why nothing can be done, ``notes`` what else a person should know.

    ``network_id`` is the network's id where it is there already.
    """

    steps: tuple[Step, ...] = ()
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    network_id: str | None = None


def steps_for(declaration: Declaration, seen: Observation) -> Preparation:
    """Compare; pure. With a reason there are no steps: nothing is done by halves."""
    reasons = [*_rights(declaration, seen), *_zone(declaration, seen)]
    if seen.zone_id is None:
        return Preparation(reasons=tuple(reasons))
    mine = [network for network in seen.networks if _is_owners(declaration, seen, network)]
    reasons += _ambiguous(declaration, mine)
    network = mine[0] if mine else None
    create: CreateNetwork | None = None
    if network is not None:
        reasons += _unfit(declaration, seen, network)
    else:
        create, problems = _create(declaration, seen, seen.zone_id)
        reasons += problems
    if reasons:
        return Preparation(reasons=tuple(reasons))
    steps: list[Step] = [create] if create else []
    if declaration.owner == "system" and _needs_permission(seen, network):
        steps.append(
            PermitNetwork(
                name=declaration.network,
                network_id=network.id if network else None,
                account=seen.caller.account,
                account_id=seen.caller.account_id,
            )
        )
    return Preparation(
        steps=tuple(steps), notes=tuple(_notes(seen, create)), network_id=network.id if network else None
    )


def _rights(declaration: Declaration, seen: Observation) -> list[str]:
    if declaration.owner != "system" or seen.caller.is_root_admin:
        return []
    return [
        f'owner = "system" needs the key of a root admin, and account {seen.caller.account!r} is none'
        + (f" (role {seen.caller.role})" if seen.caller.role else "")
        + '; use such a key, or owner = "caller"'
    ]


def _zone(declaration: Declaration, seen: Observation) -> list[str]:
    if seen.zone_id is not None:
        return []
    there = ", ".join(repr(name) for name in seen.zones) or "none"
    return [f"zone: there is no {declaration.zone!r}; this key sees {there}"]


def _is_owners(declaration: Declaration, seen: Observation, network: Network) -> bool:
    """Whether the pins' owner may use the network as far as ownership goes; the same as ``lock`` asks."""
    if network.acl_type.lower() == "domain":
        return True
    if declaration.owner == "system":
        return network.account == SYSTEM_ACCOUNT
    caller = seen.caller
    own = network.account == caller.account and network.domain_id == caller.domain_id
    # Others than root admins are shown only what they may use.
    return own or not caller.is_root_admin or caller.account_id in seen.permitted.get(network.id, frozenset())


def _ambiguous(declaration: Declaration, mine: list[Network]) -> list[str]:
    if len(mine) < 2:
        return []
    ids = ", ".join(sorted(network.id for network in mine))
    return [f"network: {len(mine)} networks are named {declaration.network!r} ({ids}); delete or rename all but one"]


def _unfit(declaration: Declaration, seen: Observation, network: Network) -> list[str]:
    if not seen.password_enabled or "UserData" in network.services or network.offering_name == CONFIG_DRIVE_OFFERING:
        return []
    return [
        f"network: {declaration.network!r} has no service UserData, which the password-enabled "
        f"{_listed(seen.password_enabled)} need; declare a name that no network has yet, and bootstrap makes it with "
        f"{CONFIG_DRIVE_OFFERING}"
    ]


def _create(declaration: Declaration, seen: Observation, zone_id: str) -> tuple[CreateNetwork | None, list[str]]:
    system = declaration.owner == "system"
    offering = CONFIG_DRIVE_OFFERING if seen.password_enabled else L2_OFFERING
    problems = []
    if offering not in seen.offerings:
        problems.append(
            f"network offering: {offering} is not there or not enabled; enable it, or create an L2 network "
            f"{declaration.network!r} of another offering by hand"
        )
    if system and seen.caller.is_root_admin and seen.root_domain_id is None:
        problems.append(
            "domain ROOT is not visible to this key, and account system lives there; use a root admin's key"
        )
    if problems:
        return None, problems
    return (
        CreateNetwork(
            name=declaration.network,
            zone_id=zone_id,
            zone_name=declaration.zone,
            offering_id=seen.offerings[offering],
            offering_name=offering,
            account=SYSTEM_ACCOUNT if system else None,
            domain_id=seen.root_domain_id if system else None,
        ),
        [],
    )


def _needs_permission(seen: Observation, network: Network | None) -> bool:
    if network is None:
        return True
    return network.acl_type.lower() != "domain" and seen.caller.account_id not in seen.permitted.get(
        network.id, frozenset()
    )


def _notes(seen: Observation, create: CreateNetwork | None) -> list[str]:
    if create is None or not seen.unknown_templates or create.offering_name == CONFIG_DRIVE_OFFERING:
        return []
    return [
        f"{_listed(seen.unknown_templates)} not found in this zone: a template that turns out to be password-enabled "
        f"would need a network of {CONFIG_DRIVE_OFFERING}"
    ]


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(repr(name) for name in names)
