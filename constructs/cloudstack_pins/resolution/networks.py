"""The network of the pins: it has to be there, to belong to their owner, and to let the API key's account in."""

from __future__ import annotations

from cloudstack_pins.declaration import Declaration
from cloudstack_pins.fields import shown
from cloudstack_pins.model import SYSTEM_ACCOUNT
from cloudstack_pins.resolution.findings import Findings
from cloudstack_pins.resolution.observed import Observed, SeenNetwork, SeenTemplate

CONFIG_DRIVE = "DefaultL2NetworkOfferingConfigDrive"


def choose_network(declaration: Declaration, observed: Observed, findings: Findings) -> SeenNetwork | None:
    """Return the network, or None with the reason among the findings."""
    name = declaration.network
    named = [network for network in observed.networks if network.name == name]
    if not named:
        known = (network.name for network in observed.networks)
        findings.unknown("network", "network in this zone named", name, known, _repair(declaration, "makes it"))
        return None
    usable = [network for network in named if _belongs(network, declaration, observed)]
    if len(usable) > 1:
        ids = ", ".join(network.id for network in usable)
        findings.refuse(
            "network", f"{len(usable)} networks that fit are named {shown(name)} ({ids}); rename all but one"
        )
        return None
    if not usable:
        _refuse_foreign(named, declaration, observed, findings)
        return None
    return usable[0]


def refuse_password_templates(
    declaration: Declaration, network: SeenNetwork, templates: dict[str, SeenTemplate], findings: Findings
) -> None:
    """CloudStack deploys a password-enabled template only where the network can hand the password over (UserData)."""
    if "UserData" in network.services:
        return
    for key, template in templates.items():
        if template.password_enabled:
            repair = _repair(declaration, f"makes it from {CONFIG_DRIVE}")
            findings.refuse(
                f"templates.{key}",
                f"{shown(template.name)} is password-enabled, and the {network.type} network {shown(network.name)} has"
                f" no UserData service, so CloudStack refuses the pin; name another network and {repair}",
            )


def _repair(declaration: Declaration, what: str) -> str:
    if declaration.owner == SYSTEM_ACCOUNT:
        return f"run `cloudstack-pins bootstrap {declaration.path.parent}`, which {what}"
    offering = CONFIG_DRIVE if CONFIG_DRIVE in what else "DefaultL2NetworkOffering"
    return f"write the name of one that the key's account owns, or create one of {offering}"


def _belongs(network: SeenNetwork, declaration: Declaration, observed: Observed) -> bool:
    caller = observed.caller
    own = network.account == caller.account and network.domain_id == caller.domain_id
    if declaration.owner == SYSTEM_ACCOUNT:
        return network.for_domain or (network.account == SYSTEM_ACCOUNT and _let_in(network, observed))
    if observed.permitted is None:
        return own or network.for_domain or network.usable
    return own or network.for_domain or _let_in(network, observed)


def _let_in(network: SeenNetwork, observed: Observed) -> bool:
    return observed.caller.account_id in (observed.permitted or {}).get(network.id, frozenset())


def _refuse_foreign(named: list[SeenNetwork], declaration: Declaration, observed: Observed, findings: Findings) -> None:
    account = shown(observed.caller.account)
    if declaration.owner == SYSTEM_ACCOUNT and any(network.account == SYSTEM_ACCOUNT for network in named):
        repair = _repair(declaration, "permits it")
        findings.refuse(
            "network", f"the account {account} of this key has no permission on {shown(declaration.network)}; {repair}"
        )
        return
    wanted = shown(SYSTEM_ACCOUNT) if declaration.owner == SYSTEM_ACCOUNT else account
    owners = ", ".join(sorted({shown(network.account) for network in named}))
    findings.refuse(
        "network",
        f"{shown(declaration.network)} belongs to {owners}, and owner = {shown(declaration.owner)} needs one of"
        f" the account {wanted}; write another name and {_repair(declaration, 'makes it')}",
    )
