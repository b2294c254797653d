"""listUsageRecords, listUsageTypes, generateUsageRecords."""

from __future__ import annotations

from typing import Any

from ..clock import stamp
from ..dates import java_date, moment
from ..entities import Account, Template, VirtualMachine
from ..errors import invalid
from ..registry import Call, command
from ..usage import ALLOCATED_VM, NETWORK_OFFERING, RUNNING_VM, TEMPLATE, VOLUME, Span, UsageRecord

_TYPES = (
    (1, "RUNNING_VM", "Running Vm Usage"),
    (2, "ALLOCATED_VM", "Allocated Vm Usage"),
    (3, "IP_ADDRESS", "IP Address Usage"),
    (4, "NETWORK_BYTES_SENT", "Network Usage (Bytes Sent)"),
    (5, "NETWORK_BYTES_RECEIVED", "Network Usage (Bytes Received)"),
    (6, "VOLUME", "Volume Usage"),
    (7, "TEMPLATE", "Template Usage"),
    (8, "ISO", "ISO Usage"),
    (9, "SNAPSHOT", "Snapshot Usage"),
    (10, "SECURITY_GROUP", "Security Group Usage"),
    (11, "LOAD_BALANCER_POLICY", "Load Balancer Usage"),
    (12, "PORT_FORWARDING_RULE", "Port Forwarding Usage"),
    (13, "NETWORK_OFFERING", "Network Offering Usage"),
    (14, "VPN_USERS", "VPN users usage"),
    (21, "VM_DISK_IO_READ", "VM Disk usage(I/O Read)"),
    (22, "VM_DISK_IO_WRITE", "VM Disk usage(I/O Write)"),
    (23, "VM_DISK_BYTES_READ", "VM Disk usage(Bytes Read)"),
    (24, "VM_DISK_BYTES_WRITE", "VM Disk usage(Bytes Write)"),
    (25, "VM_SNAPSHOT", "VM Snapshot storage usage"),
)


@command("listUsageTypes", rights="root")
def list_usage_types(call: Call) -> dict[str, Any]:
    """The kinds of usage with their numbers."""
    return call.page("usagetype", _TYPES, lambda row: dict(zip(("id", "name", "description"), row, strict=True)))


@command("generateUsageRecords", rights="root", required=("enddate", "startdate"))
def generate_usage_records(call: Call) -> dict[str, Any]:
    """Asks the usage server to write now; its dates count for nothing, and it succeeds whatever happens."""
    call.world.usage.generate(call.world.now())
    return {"success": True}


@command("listUsageRecords", required=("enddate", "startdate"))
def list_usage_records(call: Call) -> dict[str, Any]:
    """Records whose whole window lies within the dates: all accounts' for a root admin, else one's own."""
    begin, end = moment(call, "startdate"), moment(call, "enddate", end_of_day=True)
    assert begin is not None
    assert end is not None
    if begin > end:
        raise invalid(f"Incorrect Date Range. Start date: {java_date(begin)} is after end date:{java_date(end)}")
    wanted, usage_id = call.integer("type"), call.text("usageid")
    if usage_id is not None and wanted is None:
        raise invalid("Usageid must be specified together with usageType")
    account = call.entity("accountid", call.world.accounts)
    rows = [
        record
        for record in call.world.usage.records
        if begin <= record.begin
        and record.end <= end
        and wanted in (None, record.span.type)
        and account in (None, record.span.account)
        and _sees(call, record.span.account)
        and usage_id in (None, _usage_id(record.span))
    ]
    return call.page("usagerecord", rows, usage_record_answer)


def _sees(call: Call, owner: Account) -> bool:
    name = call.text("account")
    return name in (None, owner.name) and (call.is_root or owner is call.account)


def _usage_id(span: Span) -> str | None:
    if span.type == VOLUME:
        return span.volume.id if span.volume else None
    if span.type == TEMPLATE:
        return span.template.id if span.template else None
    return span.vm.id if span.vm and span.type != NETWORK_OFFERING else None


def usage_record_answer(record: UsageRecord) -> dict[str, Any]:
    """A record as the API sends it."""
    span = record.span
    raw = f"{record.hours:.6f}".rstrip("0").rstrip(".")
    fields = {
        RUNNING_VM: _machine_fields,
        ALLOCATED_VM: _machine_fields,
        VOLUME: _volume_fields,
        TEMPLATE: _template_fields,
        NETWORK_OFFERING: _network_fields,
    }[span.type](span)
    account = span.account
    zone = span.vm.zone if span.vm else span.template.zone if span.template else None
    answer: dict[str, Any] = {
        "account": account.name,
        "accountid": account.id,
        "domainid": account.domain.id,
        "domain": account.domain.name,
        "domainpath": account.domain.path,
        "zoneid": zone.id if zone else None,
        "usage": f"{raw} Hrs",
        "usagetype": span.type,
        "rawusage": raw,
        "usageid": _usage_id(span),
        "startdate": stamp(record.begin),
        "enddate": stamp(record.end),
        "tags": [],
    }
    return {name: value for name, value in (answer | fields).items() if value is not None}


def _parts(span: Span) -> tuple[VirtualMachine, Template]:
    assert span.vm is not None
    assert span.template is not None
    return span.vm, span.template


def _machine_fields(span: Span) -> dict[str, Any]:
    vm, template = _parts(span)
    offering = span.offering or vm.service_offering
    verb = "Running" if span.type == RUNNING_VM else "Allocated"
    return {
        "description": f"{verb} VM usage for {vm.name} ({vm.instance_name}) ({vm.id}) using service offering "
        f"{offering.name} ({offering.id}) and template {template.name} ({template.id})",
        "virtualmachineid": vm.id,
        "name": vm.name,
        "offeringid": offering.id,
        "templateid": template.id,
        "ostypeid": template.os_type_id,
        "osdisplayname": template.os_type_name,
        "oscategoryname": template.os_type_name.split()[0],
        "type": template.hypervisor,
        "cpunumber": offering.cpu_number,
        "cpuspeed": offering.cpu_speed,
        "memory": offering.memory,
    }


def _megabytes(size: int) -> str:
    return f"({size / 2**20:.2f} MB) {size}"


def _volume_fields(span: Span) -> dict[str, Any]:
    vm, template = _parts(span)
    assert span.volume is not None
    where = f" attached to VM {vm.name} ({vm.id})" if span.attached else ""
    disk = span.offering.disk_offering if span.offering else None
    by = f" with disk offering {disk.name} ({disk.id})" if disk else ""
    return {
        "description": f"Volume usage for {span.volume.name} ({span.volume.id}){where}{by} and template "
        f"{template.name} ({template.id}) and size {_megabytes(span.volume.size)}",
        "virtualmachineid": vm.id if span.attached else None,
        "offeringid": disk.id if disk else None,
        "templateid": template.id,
        "size": span.volume.size,
    }


def _template_fields(span: Span) -> dict[str, Any]:
    template = span.template
    assert template is not None
    size = _megabytes(template.size)
    return {
        "description": f"Template usage for {template.name} ({template.id}) with size {size} and virtual size {size}",
        "size": template.size,
        "virtualsize": template.size,
    }


def _network_fields(span: Span) -> dict[str, Any]:
    vm, _ = _parts(span)
    assert span.network is not None
    offering = span.network.offering
    return {
        "description": f"Network offering {offering.name} ({offering.id}) usage for VM {vm.name} ({vm.id}) ",
        "virtualmachineid": vm.id,
        "offeringid": offering.id,
        "isdefault": True,
    }
