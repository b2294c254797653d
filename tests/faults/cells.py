"""The fault matrix as data: which fault, at which moment, and why some pairs do not exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Program = Literal["lock", "bootstrap", "activate", "status", "review", "apply", "destroy"]
Needs = Literal["call", "job", "file", "activation", "orphan", "signal"]


@dataclass(frozen=True, kw_only=True)
class Point:
    """One call of the API; a value in braces is filled in by the scene."""

    command: str
    match: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A step of a program: its last point is the call that is hit, after those before it have been answered.

    ``replaces``: it is hit between the writing of a temporary file and the replacing of the old one. ``prefers``: the
    account prefers a pool of its own before.
    """

    key: str
    title: str
    program: Program
    points: tuple[Point, ...] = ()
    job: bool = False
    file: bool = False
    replaces: bool = False
    prefers: bool = True


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong.

    ``words`` say what happened and ``repair`` what to do: what the program has to say where it does not ride it out.
    """

    key: str
    title: str
    needs: Needs = "call"
    words: str = ""
    repair: str = ""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One fault at one moment."""

    fault: Fault
    moment: Moment

    @property
    def key(self) -> str:
        """How tests and the page call it."""
        return f"{self.fault.key}:{self.moment.key}"


START = Point(command="startVirtualMachine")
RELEASE = Point(command="deleteTags", match={"resourcetype": "Network"})
LOOK = Point(command="listVirtualMachines")

MOMENTS = (
    Moment(key="lock", title="lock", program="lock", points=(Point(command="listTemplates"),), file=True),
    Moment(key="lock-file", title="lock: file put in place", program="lock", replaces=True),
    Moment(key="network", title="bootstrap: network", program="bootstrap", points=(Point(command="createNetwork"),)),
    Moment(
        key="permission",
        title="bootstrap: permission",
        program="bootstrap",
        points=(Point(command="createNetworkPermissions"),),
    ),
    Moment(
        key="deploy",
        title="apply: a VM is made",
        program="apply",
        points=(Point(command="deployVirtualMachine"),),
        job=True,
    ),
    Moment(
        key="tag",
        title="apply: a VM is tagged",
        program="apply",
        points=(Point(command="createTags", match={"resourcetype": "userVm"}),),
        job=True,
    ),
    Moment(key="apply", title="apply: it activates", program="apply", points=(START,), job=True),
    Moment(key="look", title="activate: look", program="activate", points=(LOOK,)),
    Moment(
        key="lease",
        title="activate: lease",
        program="activate",
        points=(Point(command="createTags", match={"resourcetype": "Network"}),),
        job=True,
    ),
    Moment(
        key="prefer",
        title="activate: preference",
        program="activate",
        points=(Point(command="updateConfiguration"),),
    ),
    Moment(key="start", title="activate: start", program="activate", points=(START,), job=True),
    Moment(key="copy", title="activate: copy", program="activate", points=(START, LOOK), job=True),
    Moment(
        key="stop", title="activate: stop", program="activate", points=(Point(command="stopVirtualMachine"),), job=True
    ),
    Moment(
        key="hand-over",
        title="activate: hand-over",
        program="activate",
        points=(Point(command="assignVirtualMachine"),),
    ),
    Moment(
        key="put-back",
        title="activate: preference put back",
        program="activate",
        points=(Point(command="updateConfiguration", match={"value": "{preferred}"}),),
    ),
    Moment(
        key="take-back",
        title="activate: preference taken back",
        program="activate",
        points=(Point(command="resetConfiguration"),),
        prefers=False,
    ),
    Moment(key="release", title="activate: lease given back", program="activate", points=(RELEASE,), job=True),
    Moment(key="verify", title="activate: second look", program="activate", points=(RELEASE, LOOK)),
    Moment(key="report", title="activate: report", program="activate", file=True),
    Moment(key="report-file", title="activate: report put in place", program="activate", file=True, replaces=True),
    Moment(key="status", title="status", program="status", points=(Point(command="listStoragePools"),), file=True),
    Moment(
        key="review", title="review --live", program="review", points=(Point(command="listStoragePools"),), file=True
    ),
    Moment(
        key="destroy",
        title="destroy",
        program="destroy",
        points=(Point(command="destroyVirtualMachine"),),
        job=True,
    ),
)

SIGNALLED = r"run `terraform apply` again, it continues|run the same command again, it goes on"
BROKEN = r"no connection to|the connection to \S+ broke"
KEY = r"unable to verify user credentials"
FILE = r"could not be written \("
OTHER = "another activation"

REACH = "check CLOUDSTACK_API_URL and the network"
PROXY = "check the proxy and the management server"
AGAIN = "run the command again; it continues"
CHECK_KEY = "check the API key, the secret key and this machine's clock"
LOG = "look the command up in the management server's log"
WAIT = "wait for it, or delete the network's tag"
FOLDER = "make the folder exist, writable and not full, then run the command again"

FAULTS = (
    Fault(key="refused", title="server goes away, connections refused", words=BROKEN, repair=REACH),
    Fault(key="reset", title="connection reset amid the reply", words=BROKEN, repair=REACH),
    Fault(key="dropped", title="reply lost after the server acted", words=BROKEN, repair=REACH),
    Fault(key="429", title="429, once", words="429 too many requests", repair="wait a minute, or raise api.throttling"),
    Fault(key="503", title="503 page, once", words="HTTP 503", repair=PROXY),
    Fault(key="502", title="502 page (HTML), six times", words="HTTP 502", repair=PROXY),
    Fault(key="slow", title="reply slower than the timeout", words="no answer from", repair=AGAIN),
    Fault(key="malformed", title="half a JSON", words="half a JSON", repair=PROXY),
    Fault(key="clock", title="clocks apart, signature expired", words=KEY, repair=CHECK_KEY),
    Fault(key="key", title="key revoked", words=KEY, repair=CHECK_KEY),
    Fault(key="job-fails", title="job fails", needs="job", words="the hypervisor said no", repair=LOG),
    Fault(key="job-vanishes", title="job vanishes", needs="job", words="no longer knows", repair=AGAIN),
    Fault(
        key="job-hangs",
        title="job never ends",
        needs="job",
        words="did not end|not active after",
        repair=f"{AGAIN}|the next run takes it from there",
    ),
    Fault(
        key="restart",
        title="management server restarted, jobs lost",
        words=f"{BROKEN}|no longer knows",
        repair=f"{REACH}|{AGAIN}",
    ),
    Fault(
        key="maintenance",
        title="pool put into maintenance",
        words="is Maintenance|is PrepareForMaintenance",
        repair="bring it up, or name it in exclude_pools",
    ),
    Fault(key="two", title="another activation, same host", needs="activation", words=OTHER, repair=WAIT),
    Fault(key="two-hosts", title="another activation, other host", needs="activation", words=OTHER, repair=WAIT),
    Fault(
        key="sigint",
        title="SIGINT (Ctrl-C: the process group)",
        needs="signal",
        words="interrupted",
        repair=SIGNALLED,
    ),
    Fault(
        key="sigterm",
        title="SIGTERM (to the program alone)",
        needs="signal",
        words="interrupted|terminated",
        repair=SIGNALLED,
    ),
    Fault(key="sigkill", title="SIGKILL (of the program alone)", needs="signal"),
    Fault(key="orphan", title="SIGKILL, and the same again at once", needs="orphan"),
    Fault(key="full", title="disk full", needs="file", words=FILE, repair=FOLDER),
    Fault(key="read-only", title="folder read-only", needs="file", words=FILE, repair=FOLDER),
)


def gap(fault: Fault, moment: Moment) -> str | None:
    """Return why this pair does not exist, None where it does."""
    if moment.replaces:
        return None if fault.needs == "signal" else "only a signal comes between writing a file and putting it in place"
    if fault.needs == "orphan":
        return None if moment.key == "apply" else "nothing of ours outlives the program"
    if fault.needs == "file":
        return None if moment.file else "no file is written then"
    if not moment.points:
        return "no call is made then"
    if fault.needs == "job" and not moment.job:
        return "the call is no job"
    if fault.needs == "activation" and moment.program not in ("activate", "apply", "destroy"):
        return "nothing that an activation touches"
    return None


LOST = frozenset(
    f"{fault}:deploy"
    for fault in (
        "reset",
        "dropped",
        "slow",
        "malformed",
        "job-fails",
        "job-vanishes",
        "job-hangs",
        "restart",
        "sigkill",
    )
)
"""Where Terraform's provider loses the VM whose deploy is hit, and makes another in the second run."""
MAY_LOSE = LOST | {"refused:deploy", "clock:deploy", "key:deploy"}
MAY_LOSE |= {f"{fault}:tag" for fault in ("refused", "clock", "key", "restart", "sigkill")}
"""Where it may lose the other VM, whose deploy is under way at the same time."""

CELLS = tuple(Cell(fault=fault, moment=moment) for moment in MOMENTS for fault in FAULTS if gap(fault, moment) is None)
