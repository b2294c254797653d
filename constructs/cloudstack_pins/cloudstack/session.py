"""The API session: what the rest of the package asks CloudStack with."""

from __future__ import annotations

import builtins
import re
import threading
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from cloudstack_pins.cloudstack import jobs
from cloudstack_pins.cloudstack.access import Access
from cloudstack_pins.cloudstack.belongings import Caller, TemplateRegistration, VirtualMachine, Volume
from cloudstack_pins.cloudstack.clock import SYSTEM_CLOCK, Clock
from cloudstack_pins.cloudstack.infrastructure import Cluster, Host, Network, ServiceOffering, StoragePool, Zone
from cloudstack_pins.cloudstack.jobs import JobResult
from cloudstack_pins.cloudstack.paging import all_rows
from cloudstack_pins.cloudstack.transport import Transport
from cloudstack_pins.errors import CloudStackError, ParameterRefused, RightsMissing, ServerBroken

PAGE_SIZE = 500
# Session.list hides the builtin from the annotations that come after it.
Rows = list[dict[str, Any]]

_SMALLER_PAGE = re.compile(r"max allowed page size value: (\d+)")


class Session:
    """Calls to one CloudStack with one key; a context manager, safe for up to 16 threads.

    Parameters are Python values (see ``signing.flatten``). Every failure is a CloudStackError whose text holds neither
    key nor signature. ``clock`` is what waiting goes through.
    """

    def __init__(self, access: Access, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self.access = access
        self.clock = clock
        self._transport = Transport(access, clock)
        self._caller: Caller | None = None
        self._caller_lock = threading.Lock()
        self._page_size = PAGE_SIZE

    def __enter__(self) -> Self:
        """Return the session."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    # Reading

    def read(self, command: str, **params: Any) -> dict[str, Any]:
        """Return the content of one answer; GET, repeated through passing failures."""
        return self._transport.get(command, params)

    def list(self, command: str, key: str, /, **params: Any) -> Rows:
        """Return all rows of a list command, read page by page; ``key`` is the rows' name in the answer."""
        try:
            return self._all_rows(command, key, params)
        except ParameterRefused as error:
            allowed = _SMALLER_PAGE.search(error.text)
            if allowed is None or not 0 < int(allowed[1]) < self._page_size:
                raise
            # default.page.size was set lower: that is the server's maximum.
            self._page_size = int(allowed[1])
        return self._all_rows(command, key, params)

    def _all_rows(self, command: str, key: str, params: dict[str, Any]) -> Rows:
        size = self._page_size
        return all_rows(lambda page: self.read(command, **params, page=page, pagesize=size), command, key)

    def setting(self, name: str, **scope: Any) -> str | None:
        """Return a setting's value, None where it is unknown or unset.

        ``scope`` is one of zoneid, clusterid, storageid, accountid, domainid.
        """
        # The name filter of listConfigurations matches parts too.
        rows = self.list("listConfigurations", "configuration", name=name, **scope)
        value = next((row.get("value") for row in rows if row.get("name") == name), None)
        return None if value is None else str(value)

    def caller(self) -> Caller:
        """Return who the key is; asked once."""
        with self._caller_lock:
            if self._caller is None:
                self._caller = self._ask_caller()
            return self._caller

    def _ask_caller(self) -> Caller:
        key = self.access.api_key
        try:
            users = self.list("listUsers", "user")
        except RightsMissing:
            users = []
        # Without filters this lists the users of the key's own account.
        user = next((user for user in users if user.get("apikey") == key), users[0] if users else None)
        if user is not None and user.get("accountid"):
            return Caller.from_api(user)
        accounts = self.list("listAccounts", "account")
        if not accounts:
            raise ServerBroken("listAccounts", "the key's own account is not listed")
        members = accounts[0].get("user") or [{}]
        member = next((member for member in members if member.get("apikey") == key), members[0])
        return Caller.from_account(accounts[0], str(member.get("id", "")))

    # Writing

    def write(self, command: str, **params: Any) -> dict[str, Any]:
        """Send a synchronous command by POST, once; where the reply was lost, the error says that it may have acted."""
        try:
            return self._transport.post(command, params)
        except jobs.PASSING as error:
            failure: CloudStackError = error
        if jobs.may_have_acted(failure):
            text = f"{failure.text}; whether CloudStack did it is unknown"
            failure = type(failure)(command, text, code=failure.code)
        raise failure

    def submit(self, command: str, **params: Any) -> str:
        """Send an asynchronous command and return its job's id, also where the reply was lost."""
        return jobs.submit(self._transport, self.clock, command, params)

    def job(self, job_id: str) -> JobResult:
        """Return what CloudStack says of a job; NotFound where it knows none."""
        job = JobResult.from_api(self._transport.get("queryAsyncJobResult", {"jobid": job_id}), job_id)
        return replace(job, text=self._transport.clean(job.text)) if job.text else job

    def wait(self, job_id: str, *, command: str, seconds: float = 600.0) -> dict[str, Any]:
        """Return a job's result when it has ended, or raise its error; at most ``seconds``."""
        return jobs.wait(self.job, self.clock, job_id, command, seconds)

    def run(self, command: str, *, seconds: float = 600.0, **params: Any) -> dict[str, Any]:
        """Send an asynchronous command and wait for its result."""
        return self.wait(self.submit(command, **params), command=command, seconds=seconds)

    # Typed lists; filters are the API's own parameters

    def virtual_machines(self, **filters: Any) -> builtins.list[VirtualMachine]:
        """List virtual machines, e.g. ``tags={...}, listall=True, storageid=...``."""
        return [VirtualMachine.from_api(row) for row in self.list("listVirtualMachines", "virtualmachine", **filters)]

    def volumes(self, **filters: Any) -> builtins.list[Volume]:
        """List volumes, e.g. ``account=..., domainid=..., type="ROOT"``."""
        return [Volume.from_api(row) for row in self.list("listVolumes", "volume", **filters)]

    def storage_pools(self, **filters: Any) -> builtins.list[StoragePool]:
        """List primary storage pools."""
        return [StoragePool.from_api(row) for row in self.list("listStoragePools", "storagepool", **filters)]

    def templates(self, **filters: Any) -> builtins.list[TemplateRegistration]:
        """List templates' registrations; ``templatefilter`` is "all" for a root admin and "executable" else."""
        if "templatefilter" not in filters:
            filters["templatefilter"] = "all" if self.caller().is_root_admin else "executable"
        # One template may be in several zones: the rows then share their id.
        rows = self.list("listTemplates", "template", **filters)
        return [TemplateRegistration.from_api(row) for row in rows]

    def service_offerings(self, **filters: Any) -> builtins.list[ServiceOffering]:
        """List service offerings."""
        return [
            ServiceOffering.from_api(row) for row in self.list("listServiceOfferings", "serviceoffering", **filters)
        ]

    def networks(self, **filters: Any) -> builtins.list[Network]:
        """List networks, e.g. ``listall=True, zoneid=...``."""
        return [Network.from_api(row) for row in self.list("listNetworks", "network", **filters)]

    def zones(self, **filters: Any) -> builtins.list[Zone]:
        """List zones."""
        return [Zone.from_api(row) for row in self.list("listZones", "zone", **filters)]

    def hosts(self, **filters: Any) -> builtins.list[Host]:
        """List hosts, e.g. ``type="Routing"``."""
        return [Host.from_api(row) for row in self.list("listHosts", "host", **filters)]

    def clusters(self, **filters: Any) -> builtins.list[Cluster]:
        """List clusters."""
        return [Cluster.from_api(row) for row in self.list("listClusters", "cluster", **filters)]
