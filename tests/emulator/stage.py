"""A small signed client of its own, and the scenes that lead up to a recorded answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from cloudstack_emulator import Emulator, Keys
from tests.emulator.recorded import Exchange


@dataclass(frozen=True)
class Answer:
    """Status and JSON body of one reply."""

    status: int
    body: Mapping[str, Any]

    @property
    def envelope(self) -> str:
        (key,) = self.body
        return key

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = self.body[self.envelope]
        return content


def signed(keys: Keys, params: Mapping[str, str]) -> dict[str, str]:
    """The parameters with key, expiry and signature (version 3)."""
    expires = (datetime.now(UTC) + timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    full = {**params, "apiKey": keys.api_key, "response": "json", "signatureversion": "3", "expires": expires}
    text = "&".join(f"{name}={quote(value, safe='*')}" for name, value in sorted(full.items())).lower()
    digest = hmac.new(keys.secret_key.encode(), text.encode(), hashlib.sha1).digest()
    return {**full, "signature": base64.b64encode(digest).decode()}


def ask(emulator: Emulator, keys: Keys, params: Mapping[str, str], method: str = "GET") -> Answer:
    """One signed request over HTTP, whatever comes back."""
    url = urlsplit(emulator.endpoint)
    form = urlencode(signed(keys, params))
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=30)
    try:
        if method == "POST":
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", url.path, body=form, headers=headers)
        else:
            connection.request("GET", f"{url.path}?{form}")
        reply = connection.getresponse()
        return Answer(reply.status, json.loads(reply.read()))
    finally:
        connection.close()


@dataclass
class Stage:
    """An emulator on a hand-moved clock whose jobs take a second, and short forms of what scenes need."""

    emulator: Emulator
    _found: dict[str, str] = field(default_factory=dict)

    def replay(self, exchange: Exchange, params: Mapping[str, str], keys: Keys | None = None) -> Answer:
        """Send a recorded request, its ids replaced by those of ``params``."""
        known = {"zoneid": self.zone, "domainid": self.domain}
        sent = {name: known.get(name, value) for name, value in exchange.params.items()} | dict(params)
        return ask(self.emulator, keys or self.emulator.root, {"command": exchange.command, **sent}, exchange.method)

    def content(self, command: str, *, by: Keys | None = None, **params: Any) -> dict[str, Any]:
        """The content of one answer that has to be good."""
        answer = ask(self.emulator, by or self.emulator.root, {"command": command, **params})
        assert answer.status == 200, answer.body
        return answer.content

    def submit(self, command: str, *, by: Keys | None = None, **params: Any) -> str:
        """Begin a job; its id."""
        job: str = self.content(command, by=by, **params)["jobid"]
        return job

    def end(self, command: str, *, by: Keys | None = None, **params: Any) -> str:
        """Begin a job and let its time pass; its id, whatever became of it."""
        job = self.submit(command, by=by, **params)
        self.emulator.advance(5)
        return job

    def run(self, command: str, *, by: Keys | None = None, **params: Any) -> Any:
        """The result of a job that has to succeed."""
        job = self.end(command, by=by, **params)
        outcome = self.content("queryAsyncJobResult", by=by, jobid=job)
        assert outcome["jobstatus"] == 1, outcome
        return outcome["jobresult"]

    def first(self, command: str, key: str, **params: Any) -> str:
        """The id of the first element of a list."""
        found: str = self.content(command, **params)[key][0]["id"]
        return found

    @property
    def zone(self) -> str:
        return self.first("listZones", "zone")

    @property
    def domain(self) -> str:
        return self.first("listDomains", "domain")

    @property
    def admin(self) -> str:
        return self.first("listAccounts", "account", name="admin")

    def offering(self, name: str = "pin-gold") -> str:
        return self.first("listServiceOfferings", "serviceoffering", name=name)

    def template(self, name: str = "Debian 12 (x86_64)") -> str:
        return self.first("listTemplates", "template", name=name, templatefilter="all")

    def pool(self, name: str = "PS0") -> str:
        return self.first("listStoragePools", "storagepool", name=name)

    def make_offering(self, name: str, tags: str, **params: Any) -> str:
        """A fixed offering; its id."""
        made = self.content(
            "createServiceOffering",
            **{"name": name, "displaytext": name, "cpunumber": "1", "cpuspeed": "100", "memory": "128"}
            | {"tags": tags, "storagetype": "shared"}
            | params,
        )
        return str(made["serviceoffering"]["id"])

    def network(self, name: str = "l2net", *, by: Keys | None = None, **params: Any) -> str:
        """An L2 network of that name, made when it is not there yet; its id."""
        if name not in self._found:
            offering = self.first("listNetworkOfferings", "networkoffering", name="DefaultL2NetworkOffering")
            fixed = {"name": name, "displaytext": name, "networkofferingid": offering, "zoneid": self.zone}
            full: dict[str, Any] = fixed | params
            self._found[name] = self.content("createNetwork", by=by, **full)["network"]["id"]
        return self._found[name]

    def system_network(self) -> str:
        return self.network("pins-l2-system", account="system", domainid=self.domain)

    def account(self, name: str, username: str, kind: str = "1") -> Keys:
        """An account of that name with keys for its user."""
        keys = self.run("registerUserKeys", id=self.make_account(name, username, kind))["userkeys"]
        return Keys(keys["apikey"], keys["secretkey"])

    def make_account(self, name: str, username: str, kind: str = "1") -> str:
        """An account of that name; the id of its user, who has no keys."""
        made = self.content(
            "createAccount",
            username=username,
            firstname="p",
            lastname="p",
            email="p@example.org",
            password="p",
            account=name,
            accounttype=kind,
            domainid=self.domain,
        )["account"]
        return str(made["user"][0]["id"])

    def user(self) -> Keys:
        """An account of the User role."""
        return self.account("template-pins-user", "pinsuser", "0")

    def deploy(self, name: str, *, by: Keys | None = None, offering: str = "pin-gold", **params: Any) -> str:
        """A VM that was never started; its id."""
        params = {"networkids": params.get("networkids") or self.network(), "startvm": "false"} | params
        made = self.content(
            "deployVirtualMachine",
            by=by,
            **{"name": name, "serviceofferingid": self.offering(offering), "templateid": self.template()}
            | {"zoneid": self.zone}
            | params,
        )
        self.emulator.advance(5)
        return str(made["id"])

    def pin(self, name: str, *, by: Keys | None = None, **params: Any) -> str:
        """A VM that was started once and stopped; its id."""
        machine = self.deploy(name, by=by, **params)
        self.run("startVirtualMachine", id=machine, by=by)
        self.run("stopVirtualMachine", id=machine, by=by)
        return machine

    def tag(self, machine: str) -> None:
        """The three tags of the recorded VMs."""
        pairs = [("managed-by", "cloudstack-pins"), ("pin-storage-tag", "silver"), ("pin-template", "deb")]
        numbered: dict[str, Any] = {
            f"tags[{n}].{part}": text
            for n, pair in enumerate(pairs)
            for part, text in zip(("key", "value"), pair, strict=True)
        }
        self.run("createTags", resourceids=machine, resourcetype="UserVm", **numbered)
