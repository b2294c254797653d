"""The things a CloudStack holds: plain records that refer to each other."""

from __future__ import annotations

from .accounts import Account, Domain, Keys, User
from .infrastructure import Cluster, Host, ImageStore, StoragePool, Zone
from .instances import Network, Nic, TemplateCopy, VirtualMachine, Volume
from .offerings import DiskOffering, NetworkOffering, ServiceOffering, Template
from .records import EventRecord, ResourceTag, VMSchedule
from .sizes import GIB, TIB

__all__ = [
    "GIB",
    "TIB",
    "Account",
    "Cluster",
    "DiskOffering",
    "Domain",
    "EventRecord",
    "Host",
    "ImageStore",
    "Keys",
    "Network",
    "NetworkOffering",
    "Nic",
    "ResourceTag",
    "ServiceOffering",
    "StoragePool",
    "Template",
    "TemplateCopy",
    "User",
    "VMSchedule",
    "VirtualMachine",
    "Volume",
    "Zone",
]
