"""What a declaration asks of its key: without root-admin rights only coverage "any-pool" and owner "caller" work."""

from __future__ import annotations

from cloudstack_pins.declaration import Declaration
from cloudstack_pins.fields import shown
from cloudstack_pins.model import SYSTEM_ACCOUNT
from cloudstack_pins.resolution.findings import Findings
from cloudstack_pins.resolution.observed import Observed


def refuse_missing_rights(declaration: Declaration, observed: Observed, findings: Findings) -> None:
    """Refuse what CloudStack would refuse later, after the first pins were made."""
    if observed.caller.is_root_admin:
        return
    key = f"the key of account {shown(observed.caller.account)} is not a root admin's"
    if declaration.owner == SYSTEM_ACCOUNT:
        findings.refuse(
            "owner",
            f'"system" needs assignVirtualMachine into the system account, and {key}; write owner = "caller" or use a'
            " root admin's key",
        )
    for tag in declaration.storage_tags.values():
        where = f"storage_tags.{tag.name}"
        if tag.coverage == "every-pool":
            findings.refuse(
                f"{where}.coverage",
                '"every-pool" needs listStoragePools, startVirtualMachine\'s clusterid and the setting'
                f' preferred.storage.pool, and {key}; write coverage = "any-pool" or use a root admin\'s key',
            )
        if tag.service_offering is None:
            findings.refuse(
                f"{where}.service_offering",
                f"the stack would make one with createServiceOffering, and {key}; name an offering that bears the tag,"
                " or use a root admin's key",
            )
    if declaration.expunge and not observed.may_expunge:
        findings.refuse(
            "expunge",
            f"{key} and may not expunge (allow.user.expunge.recover.vm is false); write expunge = false or use a root"
            " admin's key",
        )
