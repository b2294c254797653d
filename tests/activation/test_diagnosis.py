from __future__ import annotations

from dataclasses import replace

import pytest

from cloudstack_pins.activation.diagnosis import Circumstances, Limits, describe
from cloudstack_pins.cloudstack import Host, StoragePool, TemplateRegistration
from cloudstack_pins.model import Pool
from cloudstack_pins.roster import RosterPin

GIB = 1024**3
POOL = Pool(id="p", name="PS0", key="PS0", cluster_id="c0")
PIN = RosterPin(
    address="cloudstack_instance.x",
    template="debian-12",
    storage_tag="gold",
    pool="PS0",
    revision="r",
    template_id="t",
    template_name="Debian 12",
    size=2 * GIB,
)
SEEN = StoragePool(
    id="p",
    name="PS0",
    zone_id="z",
    cluster_id="c0",
    scope="CLUSTER",
    state="Up",
    tags=frozenset({"gold"}),
    hypervisor="KVM",
    ip_address="10.0.0.1",
    bytes_total=100 * GIB,
    bytes_allocated=20 * GIB,
    bytes_used=10 * GIB,
    overprovision_factor=2.0,
)
HOST = Host(
    id="h",
    name="host-1",
    state="Up",
    resource_state="Enabled",
    type="Routing",
    zone_id="z",
    cluster_id="c0",
    ip_address="10.0.0.2",
    hypervisor="KVM",
)
TEMPLATE = TemplateRegistration(
    id="t",
    name="Debian 12",
    zone_id="z",
    is_ready=True,
    size=2 * GIB,
    hypervisor="KVM",
    password_enabled=False,
    created="",
    account="admin",
    domain_id="d",
    status="Download Complete",
    type="USER",
    format="QCOW2",
    direct_download=False,
)
FINE = Circumstances(pools={"p": SEEN}, limits={"p": Limits()}, hosts=(HOST,), templates={"t": TEMPLATE})


def with_pool(**changes: object) -> Circumstances:
    return replace(FINE, pools={"p": replace(SEEN, **changes)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "first"),
    [
        pytest.param(
            with_pool(state="Maintenance"),
            "pool PS0 is Maintenance, scope CLUSTER; bring it up, or name it in exclude_pools and lock",
            id="maintenance",
        ),
        pytest.param(with_pool(tags=frozenset({"silver"})), "pool PS0 bears silver, not gold", id="tag gone"),
        pytest.param(with_pool(bytes_used=86 * GIB), "pool PS0 is used to 86%, limit 85%", id="used"),
        pytest.param(
            with_pool(bytes_allocated=168 * GIB),
            "pool PS0 is allocated to 84.0% of 200 GiB, the pin needs 4.0 GiB more, limit 85%",
            id="allocated",
        ),
        pytest.param(
            replace(FINE, hosts=(replace(HOST, state="Down"),)), "hosts up in cluster of PS0: 0 of 1", id="hosts"
        ),
        pytest.param(
            replace(FINE, templates={"t": replace(TEMPLATE, is_ready=False, status="30% Downloaded")}),
            "template Debian 12 is not ready in the zone: 30% Downloaded",
            id="template not ready",
        ),
        pytest.param(
            replace(FINE, templates={}),
            "template Debian 12 (t) no longer exists in the zone; run `cloudstack-pins lock`",
            id="template gone",
        ),
        pytest.param(
            replace(FINE, pools={}), "pool PS0 no longer exists in the zone; run `cloudstack-pins lock`", id="pool gone"
        ),
        pytest.param(Circumstances(trouble="no connection"), "nothing more is known: no connection", id="unknown"),
    ],
)
def test_what_explains_a_failure_comes_first(known: Circumstances, first: str) -> None:
    assert describe(PIN, POOL, known)[0] == first


def test_where_all_is_well_everything_is_said_all_the_same() -> None:
    assert describe(PIN, POOL, FINE) == (
        "template Debian 12 is ready in the zone",
        "pool PS0 is Up, scope CLUSTER",
        "pool PS0 bears gold",
        "pool PS0 is used to 10%, limit 85%",
        "pool PS0 is allocated to 10.0% of 200 GiB, the pin needs 4.0 GiB more, limit 85%",
        "hosts up in cluster of PS0: 1 of 1",
    )
