"""The CloudStack API session: signing and settings from `cs`, HTTP from `requests`, values and errors of our own.

    with Session(Access.from_environment(os.environ)) as session:
        pools = session.storage_pools(zoneid=zone.id)
        session.run("startVirtualMachine", id=pin.id, clusterid=pool.cluster_id)

===================================================  ===============================================================
CLOUDSTACK_API_URL, _API_KEY, _SECRET_KEY            as Terraform's provider reads them; all three
CLOUDSTACK_ENDPOINT, _KEY, _SECRET, _TIMEOUT         cs's names, where none of the first three is set
cloudstack.ini, ~/.cloudstack.ini,                   cs's files, where its names leave something out
CLOUDSTACK_CONFIG, CLOUDSTACK_REGION
CLOUDSTACK_CA, else REQUESTS_CA_BUNDLE               a file of CA certificates, for a server with an own CA
HTTPS_PROXY, HTTP_PROXY, NO_PROXY                    as requests reads them
===================================================  ===============================================================
"""

from __future__ import annotations

from cloudstack_pins.cloudstack.access import Access
from cloudstack_pins.cloudstack.belongings import Caller, Nic, TemplateRegistration, VirtualMachine, Volume
from cloudstack_pins.cloudstack.clock import SYSTEM_CLOCK, Clock
from cloudstack_pins.cloudstack.infrastructure import Cluster, Host, Network, ServiceOffering, StoragePool, Zone
from cloudstack_pins.cloudstack.jobs import JobResult
from cloudstack_pins.cloudstack.redaction import redact
from cloudstack_pins.cloudstack.session import Session

__all__ = [
    "SYSTEM_CLOCK",
    "Access",
    "Caller",
    "Clock",
    "Cluster",
    "Host",
    "JobResult",
    "Network",
    "Nic",
    "ServiceOffering",
    "Session",
    "StoragePool",
    "TemplateRegistration",
    "VirtualMachine",
    "Volume",
    "Zone",
    "redact",
]
