"""Which function answers which command, and what such a function gets."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from .entities import Account, User
from .errors import ApiError, invalid, unknown_entity
from .faults import Fault
from .jobs import Job, Work
from .world import World

Entity = TypeVar("Entity")
Row = TypeVar("Row")
MAX_PAGE_SIZE = 500


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command of the API."""

    name: str
    function: Callable[[Call], dict[str, Any]]
    rights: str
    asynchronous: bool
    required: tuple[str, ...]
    envelope: str
    java_class: str


COMMANDS: dict[str, Command] = {}


def command(
    name: str,
    *,
    rights: str = "user",
    asynchronous: bool = False,
    required: tuple[str, ...] = (),
    envelope: str | None = None,
    java_class: str | None = None,
) -> Callable[[Callable[[Call], dict[str, Any]]], Callable[[Call], dict[str, Any]]]:
    """Register the function that answers ``name``.

    ``rights`` is "user" or "root" (others get 432); ``required`` are parameters checked in that order (431);
    ``envelope`` is the key around the answer, by default the lower-case name and "response"; ``java_class`` is the
    ``cmd`` of its jobs.
    """

    def register(function: Callable[[Call], dict[str, Any]]) -> Callable[[Call], dict[str, Any]]:
        COMMANDS[name.lower()] = Command(
            name=name,
            function=function,
            rights=rights,
            asynchronous=asynchronous,
            required=required,
            envelope=envelope or f"{name.lower()}response",
            java_class=java_class or f"org.apache.cloudstack.api.command.user.{name[0].upper()}{name[1:]}Cmd",
        )
        return function

    return register


def load_commands() -> None:
    """Import every module of ``commands``, so that it registers itself."""
    package = importlib.import_module(f"{__package__}.commands")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a command: by whom, with what; parameter names are in lower case."""

    world: World
    caller: User
    command: Command
    params: Mapping[str, str]
    #: An injected failure that the command's job has to obey.
    fault: Fault | None = None

    @property
    def account(self) -> Account:
        """The caller's account."""
        return self.caller.account

    @property
    def is_root(self) -> bool:
        """Whether the caller is a root admin."""
        return self.caller.account.is_root_admin

    # Parameters

    def text(self, name: str) -> str | None:
        """A parameter, or None where it was not sent or is empty."""
        return self.params.get(name) or None

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean parameter."""
        value = self.text(name)
        return default if value is None else value.lower() == "true"

    def integer(self, name: str) -> int | None:
        """A number."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return int(value)
        except ValueError:
            raise unknown_entity(self.command.name, name, value) from None

    def listed(self, name: str) -> list[str]:
        """A comma list, without empty parts."""
        return [part for part in self.params.get(name, "").split(",") if part]

    def pairs(self, name: str) -> list[tuple[str, str]]:
        """``tags[0].key``/``tags[0].value`` as pairs in order of their numbers."""
        pattern = re.compile(re.escape(name) + r"\[(\d+)\]\.(key|value)")
        found: dict[int, dict[str, str]] = {}
        for parameter, value in self.params.items():
            if match := pattern.fullmatch(parameter):
                found.setdefault(int(match[1]), {})[match[2]] = value
        return [(found[i]["key"], found[i].get("value", "")) for i in sorted(found) if "key" in found[i]]

    def details(self, name: str = "details") -> dict[str, str]:
        """``details[0].uefi=legacy`` as a mapping, with the names as lower case as they arrive here."""
        pattern = re.compile(re.escape(name) + r"\[\d+\]\.(.+)")
        return {match[1]: value for key, value in self.params.items() if (match := pattern.fullmatch(key))}

    def entity(self, name: str, among: Mapping[str, Entity], *, required: bool = False) -> Entity | None:
        """The object whose id a parameter bears; an unknown id is 431."""
        value = self.text(name)
        if value is None:
            return None
        found = among.get(value.lower())
        if found is None:
            raise unknown_entity(self.command.name, name, value)
        return found

    def need(self, name: str, among: Mapping[str, Entity]) -> Entity:
        """As ``entity``, for a required parameter."""
        found = self.entity(name, among)
        if found is None:
            raise unknown_entity(self.command.name, name, self.params.get(name, ""))
        return found

    def owner(self) -> Account:
        """Who is to own what is made: ``account`` and ``domainid``, or the caller."""
        name = self.text("account")
        if name is None:
            return self.account
        domain = self.entity("domainid", self.world.domains) or self.account.domain
        account = self.world.account_named(name, domain.id)
        if account is None:
            raise invalid(f"Unable to find account {name} in domain {domain.id}")
        if account is not self.account and not self.is_root:
            raise ApiError(531, f"{self.account.name} does not have permission to operate with resource {account.name}")
        return account

    # Lists

    def sees(self, owner: Account, *, by_id: bool = False) -> bool:
        """Whether a list call shows objects of ``owner``: own ones, or all to a root admin who asks for that."""
        name = self.text("account")
        if name is not None:
            domain_id = self.text("domainid")
            if owner.name != name or domain_id not in (None, owner.domain.id):
                return False
            return self.is_root or owner is self.account
        if owner is self.account:
            return True
        return self.is_root and (by_id or self.flag("listall"))

    def page(self, key: str, rows: Iterable[Row], answer: Callable[[Row], dict[str, Any]]) -> dict[str, Any]:
        """A list answer: ``count`` of all rows and one page of them, rendered by ``answer``."""
        selected = list(rows)
        page, size = self.integer("page"), self.integer("pagesize")
        if size is not None and size > MAX_PAGE_SIZE:
            raise invalid(f"Page size can't exceed max allowed page size value: {MAX_PAGE_SIZE}")
        if page is None and size is not None:
            raise ApiError(431, '"page" parameter is required when "pagesize" is specified')
        if page is not None and size is None:
            raise ApiError(431, '"pagesize" parameter is required when "page" is specified')
        if not selected:
            return {}
        size = size or MAX_PAGE_SIZE
        start = (max(page or 1, 1) - 1) * size
        shown = [answer(row) for row in selected[start : start + size]]
        return {"count": len(selected), key: shown} if shown else {"count": len(selected)}

    # Jobs

    def submit(
        self,
        work: Work,
        *,
        instance_type: str | None = None,
        instance_id: str | None = None,
        seconds: float | None = None,
        obeys_fault: bool = False,
        embed: str | None = None,
    ) -> dict[str, Any]:
        """Run ``work`` as a job and answer its id.

        It begins ``seconds`` (default: the emulator's job_seconds) later. An injected job failure replaces it, unless
        the work obeys ``fault`` itself. ``embed`` names the object of the result that has to bear the job's id.
        """
        world = self.world
        job_id = (self.text("customjobid") or world.new_id()).lower()
        if world.jobs.find(job_id) is not None:
            raise ApiError(530, f"Entity already exists: async_job {job_id}")
        job = Job(
            id=job_id,
            command=self.command.name,
            java_class=_java_class(self.command.java_class, self.is_root),
            user=self.caller,
            created=world.now(),
            instance_type=instance_type,
            instance_id=instance_id,
            embed=embed,
            silent=self.fault is not None and self.fault.kind == "job-never-ends",
        )
        if self.fault is not None and self.fault.kind == "job" and not obeys_fault:
            work = _failing(self.fault)
        world.jobs.submit(job, _delayed(world.job_seconds if seconds is None else seconds, work))
        if self.fault is not None and self.fault.kind == "job-vanishes":
            world.jobs.forget(job_id)
        return {"jobid": job_id}


def _java_class(name: str, is_root: bool) -> str:
    return (
        name if is_root or not name.endswith("ByAdmin") else name.replace(".admin.", ".user.").removesuffix("ByAdmin")
    )


def _delayed(seconds: float, work: Work) -> Work:
    yield seconds
    return (yield from work)


def _failing(fault: Fault) -> Work:
    raise fault.error()
    yield 0.0
