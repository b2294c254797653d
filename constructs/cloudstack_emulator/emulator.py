"""A CloudStack on loopback, started and stopped by a with statement."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Literal, Self

from .additions import add_pool, add_template
from .api import Api, Request
from .caller import await_job, exchange
from .clock import Clock, RealClock
from .control import Control
from .entities import Keys, StoragePool
from .faults import Fault, Occasion
from .garbage import start_housekeeping
from .http_server import HttpReply, HttpRequest, HttpServer
from .lifecycle import roll_back
from .registry import load_commands
from .world import Event, World
from .zone_builder import build
from .zone_spec import PoolSpec, TemplateSpec, ZoneSpec


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A template's finished file on a pool."""

    template_id: str
    template_name: str
    pool_name: str
    marked_for_gc: bool


class Emulator:
    """An emulated CloudStack with one zone, served on a loopback port while the ``with`` block runs.

    ``copy_seconds`` is the time of one template copy and ``job_seconds`` that of any job, on the emulator's clock; zero
    means that the first queryAsyncJobResult finds the job done. ``seed`` decides between equally suitable pools.
    """

    def __init__(
        self,
        zone: ZoneSpec | None = None,
        *,
        clock: Clock | None = None,
        copy_seconds: float = 0.0,
        job_seconds: float = 0.0,
        seed: int = 0,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        load_commands()
        self.clock: Clock = clock or RealClock()
        self.world = World(self.clock, copy_seconds=copy_seconds, job_seconds=job_seconds, seed=seed)
        build(self.world, zone or ZoneSpec())
        self._api = Api(self.world)
        self._control = Control(self)
        self._server = HttpServer(self._handle, host=host, port=port)
        base = f"http://{f'[{host}]' if ':' in host else host}:{self._server.port}"
        self.endpoint = f"{base}/client/api"
        self.control = f"{base}/control"
        self.root, self.pins, self.user = (self._keys_of(name) for name in ("admin", "pins", "user"))

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._server.start()
        self.world.scheduler.start()
        start_housekeeping(self.world)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every socket and end every thread."""
        self._server.close()
        self.world.scheduler.stop()

    # Access

    def environment(self, keys: Keys | None = None) -> dict[str, str]:
        """The variables that the Terraform provider and cloudstack-pins read; by default with the keys of pins."""
        keys = keys or self.pins
        return {
            "CLOUDSTACK_API_URL": self.endpoint,
            "CLOUDSTACK_API_KEY": keys.api_key,
            "CLOUDSTACK_SECRET_KEY": keys.secret_key,
        }

    def call(self, command: str, keys: Keys | None = None, **params: object) -> dict[str, Any]:
        """A signed call over HTTP, by default of the root admin: the content of the envelope, or of the job's result.

        Booleans and lists are written as CloudStack wants them; ``tags={"k": "v"}`` becomes ``tags[0].key`` and so on.
        Raises EmulatorCallError with the code and text of a refusal or of a failed job.
        """
        content = exchange(self.endpoint, keys or self.root, command, params)
        if "jobid" in content and command != "queryAsyncJobResult":
            # With a root admin's present keys: the call may have voided the caller's.
            return await_job(self.endpoint, self._keys_of("admin"), content["jobid"], self.clock)
        return content

    @property
    def requests(self) -> list[Request]:
        """Every call so far, without key and signature."""
        with self.world.lock:
            return list(self._api.requests)

    @property
    def trace(self) -> list[Event]:
        """What happened so far, in order."""
        with self.world.lock:
            return list(self.world.trace)

    def copies(self, template: str | None = None, pool: str | None = None) -> list[Copy]:
        """The finished copies of a template (name or id) on a pool (name or id), by name."""
        with self.world.lock:
            found = [
                Copy(
                    template_id=copy.template.id,
                    template_name=copy.template.name,
                    pool_name=copy.pool.name,
                    marked_for_gc=copy.marked_for_gc,
                )
                for copy in self.world.copies.values()
                if copy.state == "Ready"
                and template in (None, copy.template.id, copy.template.name)
                and pool in (None, copy.pool.id, copy.pool.name)
            ]
        return sorted(found, key=lambda copy: (copy.template_name, copy.template_id, copy.pool_name))

    # What tests do to it

    def advance(self, seconds: float) -> None:
        """Move the clock ahead and run all that becomes due: jobs, copies, garbage collection, expunging."""
        self.world.scheduler.advance(seconds)

    def fail(
        self,
        command: str,
        *,
        count: int = 1,
        kind: str = "job",
        code: int = 530,
        text: str | None = None,
        after: int = 0,
        match: dict[str, str] | None = None,
        seconds: float = 0.0,
    ) -> None:
        """Make the next ``count`` calls of a command fail, once ``after`` calls have passed; kinds: faults.KINDS."""
        fault = Fault(
            command=command,
            kind=kind,
            count=count,
            code=code,
            text=text,
            after=after,
            seconds=seconds,
            match=match or {},
        )
        with self.world.lock:
            self.world.faults.add(fault)

    def when(
        self,
        command: str,
        before: Callable[[], object] | None = None,
        *,
        answered: Callable[[], object] | None = None,
        after: int = 0,
        drop: Literal["", "call", "reply"] = "",
        match: dict[str, str] | None = None,
    ) -> None:
        """Do something once when a call arrives: ``before`` it is run, or when it is ``answered``, before its reply.

        The caller waits meanwhile, so that a test may kill it, cut it off (``drop``: the call is not run, or its reply
        not sent) or change the cloud at a given step of its work; other calls are served.
        """
        occasion = Occasion(
            command=command, before=before, answered=answered, after=after, drop=drop, match=match or {}
        )
        with self.world.lock:
            self.world.occasions.add(occasion)

    def start_usage_server(self) -> None:
        """Begin to keep usage records; a zone with ``usage_server=True`` has them from the start."""
        with self.world.lock:
            self.world.usage.start(self.world.now())

    def restrict(self, account: str, commands: Iterable[str]) -> None:
        """Give an account a role that allows these commands and no others; its type stays, and with it what they do."""
        with self.world.lock:
            found = self.world.account_named(account)
            if found is None:
                raise ValueError(f"account {account!r} is unknown")
            found.commands = frozenset(name.lower() for name in commands)

    def restart(self) -> None:
        """Restart the management server: unfinished jobs are lost, and VMs that were starting are Stopped again."""
        with self.world.lock:
            self.world.jobs.lose_pending()
            roll_back(self.world)

    def register_template(self, name: str, **fields: Any) -> str:
        """A newer registration of a name, ready at once, by default like the last one; the id of it.

        ``fields`` are those of entities.Template: size, password_enabled, details, ready, ...
        """
        with self.world.lock:
            world = self.world
            zone = next(iter(world.zones.values()))
            last = max((t for t in world.templates.values() if t.name == name), key=lambda t: t.created, default=None)
            hypervisor = last.hypervisor if last else next(iter(world.clusters.values())).hypervisor
            template = add_template(world, zone, TemplateSpec(name=name), hypervisor=hypervisor)
            if last is not None:
                kept = (
                    "size",
                    "password_enabled",
                    "details",
                    "format",
                    "os_type_id",
                    "os_type_name",
                    "account",
                    "arch",
                )
                for field in kept:
                    setattr(template, field, getattr(last, field))
                # Dates have whole seconds in the API: the newer one has to be seen as newer.
                template.created = max(template.created, last.created + 1)
            for field, value in fields.items():
                if not hasattr(template, field):
                    raise ValueError(f"a template has no field {field!r}")
                setattr(template, field, value)
            return template.id

    def add_pool(self, name: str, *, cluster: str | None = None, tags: list[str] | None = None, **fields: Any) -> str:
        """A new storage pool in a cluster (by name), or in the zone; the id of it."""
        with self.world.lock:
            world = self.world
            owner = next((one for one in world.clusters.values() if one.name == cluster), None)
            if cluster is not None and owner is None:
                raise ValueError(
                    f"cluster {cluster!r} is unknown; known are {[c.name for c in world.clusters.values()]}"
                )
            zone = next(iter(world.zones.values()))
            hypervisor = next(iter(world.clusters.values())).hypervisor
            spec = PoolSpec(name=name, tags=tuple(tags or ()), **fields)
            return add_pool(world, zone, spec, cluster=owner, hypervisor=hypervisor).id

    def remove_pool(self, name: str) -> None:
        """Take a pool (by name or id) away, with its copies; the volumes on it stay as rows."""
        with self.world.lock:
            pool = self.pool(name)
            for copy in list(self.world.copies_on(pool)):
                self.world.drop_copy(copy)
            del self.world.pools[pool.id]
            self.world.removed_pools.add(pool.id)

    def pool(self, name: str) -> StoragePool:
        """The pool of that name or id."""
        for pool in self.world.pools.values():
            if name in (pool.id, pool.name):
                return pool
        raise ValueError(f"pool {name!r} is unknown; known are {[pool.name for pool in self.world.pools.values()]}")

    # Inside

    def _keys_of(self, account: str) -> Keys:
        user = next(user for user in self.world.users.values() if user.account.name == account)
        assert user.keys is not None
        return replace(user.keys)

    def _handle(self, request: HttpRequest) -> HttpReply:
        if request.path.rstrip("/") == "/client/api":
            return self._api.answer(request)
        if request.path.startswith("/control"):
            return self._control.answer(request)
        return HttpReply(status=404, body=b"the API is at /client/api", content_type="text/plain")
