"""What an emulated zone consists of, as plain values; the default is the sandbox that the facts were observed on."""

from __future__ import annotations

from dataclasses import dataclass, field

from .entities import GIB, TIB


@dataclass(frozen=True, kw_only=True)
class PoolSpec:
    """A storage pool; ``capacity`` in bytes; ``local`` makes it the local storage of one host of its cluster."""

    name: str
    tags: tuple[str, ...] = ()
    capacity: int = 2 * TIB
    local: bool = False


@dataclass(frozen=True, kw_only=True)
class ClusterSpec:
    """A cluster with its pools and the number of its hosts."""

    name: str
    pools: tuple[PoolSpec, ...] = ()
    hosts: int = 2


@dataclass(frozen=True, kw_only=True)
class TemplateSpec:
    """A ready template; ``size`` in bytes."""

    name: str
    size: int = 2 * GIB
    password_enabled: bool = False
    details: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class OfferingSpec:
    """A service offering; cpu in MHz, memory in MiB."""

    name: str
    storage_tags: tuple[str, ...] = ()
    cpu_speed: int = 100
    memory: int = 128
    storage_type: str = "shared"
    offer_ha: bool = False


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """A guest network of an account."""

    name: str
    account: str
    offering: str = "DefaultL2NetworkOffering"


def _default_clusters() -> tuple[ClusterSpec, ...]:
    return (
        ClusterSpec(
            name="C0", pools=(PoolSpec(name="PS0", tags=("gold",)), PoolSpec(name="PS1", tags=("gold", "ps1")))
        ),
        ClusterSpec(
            name="C1", pools=(PoolSpec(name="PS2", tags=("silver",)), PoolSpec(name="PS3", tags=("silver", "ps3")))
        ),
    )


def _default_templates() -> tuple[TemplateSpec, ...]:
    return (
        TemplateSpec(name="Debian 12 (x86_64)", size=2 * GIB),
        TemplateSpec(name="Ubuntu 24.04 (x86_64)", size=3 * GIB),
        TemplateSpec(name="Rocky 9 (x86_64)", size=5 * GIB),
        TemplateSpec(name="Windows 2022", size=40 * GIB, password_enabled=True),
        TemplateSpec(name="UEFI template", size=2 * GIB, details={"UEFI": "LEGACY"}),
    )


def _default_offerings() -> tuple[OfferingSpec, ...]:
    return (
        OfferingSpec(name="Small Instance", cpu_speed=500, memory=512),
        OfferingSpec(name="pin-gold", storage_tags=("gold",)),
        OfferingSpec(name="pin-silver", storage_tags=("silver",)),
    )


@dataclass(frozen=True, kw_only=True)
class ZoneSpec:
    """One zone. ``settings`` are global settings in CloudStack's names."""

    name: str = "Sandbox-simulator"
    hypervisor: str = "Simulator"
    local_storage: bool = False
    clusters: tuple[ClusterSpec, ...] = field(default_factory=_default_clusters)
    zone_pools: tuple[PoolSpec, ...] = (PoolSpec(name="PS4", tags=("zonewide",)),)
    templates: tuple[TemplateSpec, ...] = field(default_factory=_default_templates)
    service_offerings: tuple[OfferingSpec, ...] = field(default_factory=_default_offerings)
    networks: tuple[NetworkSpec, ...] = (
        NetworkSpec(name="caller-l2", account="pins"),
        NetworkSpec(name="user-l2", account="user"),
    )
    settings: dict[str, str] = field(default_factory=lambda: {"storage.cleanup.interval": "40"})
    #: Whether there is a usage server; listUsageRecords is empty without one.
    usage_server: bool = False
