"""Every error that this package raises.

PinsError                       anything that a person can repair; the command line exits with 1
├── DeclarationError            pins.toml says something that cannot be
├── LockError                   pins.lock.json is missing, unreadable or does not fit its pins.toml
├── ResolutionError             CloudStack does not have what the declaration names (all reasons at once)
├── ExpansionError              pins that cannot become Terraform JSON (colliding keys, NaN)
├── StackError                  a cdk.tf.json that is unreadable or holds no pins
├── PlanError                   a plan JSON that is unreadable, foreign, truncated or incomplete
├── PolicyError                 pins-policy.toml says something that cannot be
├── SettingsError               the environment or a settings file lacks or contradicts something
├── ActivationError             at least one pin is not active
├── OutputError                 a file that could not be written
├── RunTaskError                a run task's request, or an answer of HCP Terraform, that cannot be used
└── CloudStackError             a call to the CloudStack API failed
    ├── SignatureRefused        401: key, signature, clock, or a command that this server does not know
    ├── RightsMissing           432, 530, 531: the key's account may not do this
    ├── CapacityMissing         533: no host or pool fits
    ├── LimitReached            532, 535: a limit of the account, domain or project
    ├── RateLimited             429: more calls than the server takes
    ├── NotFound                431 with "entity does not exist"
    ├── ParameterRefused        any other 43x
    ├── JobFailed               an asynchronous job ended in failure for another reason
    ├── JobLost                 the server no longer knows the job
    ├── Unreachable             no connection, or it broke
    ├── TimedOut                no answer, or no end of a job, in time
    ├── TlsRefused              the server's certificate was not accepted
    └── ServerBroken            an answer that is not CloudStack's (HTML, half a JSON, 5xx)
"""

from __future__ import annotations

from pathlib import Path


class PinsError(Exception):
    """Anything that a person can repair; its text names the object, the bad value and the repair."""


class DeclarationError(PinsError):
    """``pins.toml`` says something that cannot be; ``key`` is the dotted key it is about."""

    def __init__(self, message: str, *, path: Path | None = None, key: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.key = key


class LockError(PinsError):
    """``pins.lock.json`` is missing, unreadable or does not fit its ``pins.toml``."""


class ResolutionError(PinsError):
    """CloudStack does not have what the declaration names; ``reasons`` holds every reason found."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


class ExpansionError(PinsError):
    """Pins that cannot become Terraform JSON."""


class StackError(PinsError):
    """A ``cdk.tf.json`` that is unreadable or holds no pins."""


class PlanError(PinsError):
    """A plan JSON that is unreadable, foreign, truncated or incomplete."""


class PolicyError(PinsError):
    """``pins-policy.toml`` says something that cannot be."""


class SettingsError(PinsError):
    """The environment or a settings file lacks or contradicts something."""


class ActivationError(PinsError):
    """At least one pin is not active; the report has said which and why."""


class OutputError(PinsError):
    """A file that could not be written; the old one, if any, is still there."""


class RunTaskError(PinsError):
    """A run task's request, or an answer of HCP Terraform, that cannot be used."""


class CloudStackError(PinsError):
    """A call to the CloudStack API failed.

    ``command`` is the API command, ``code`` CloudStack's error code (None where no answer came), ``text``
    CloudStack's own words without keys or signatures, ``repair`` what a person can do.
    """

    repair = "look the command up in the management server's log"

    def __init__(self, command: str, text: str, *, code: int | None = None) -> None:
        shown = f"{command}: {code} {text}" if code is not None else f"{command}: {text}"
        super().__init__(f"{shown}; {self.repair}")
        self.command = command
        self.code = code
        self.text = text


class SignatureRefused(CloudStackError):
    """401: key, signature, clock, or a command that this server does not know."""

    repair = "check the API key, the secret key and this machine's clock"


class RightsMissing(CloudStackError):
    """432, 530 or 531: the key's account may not do this."""

    repair = "use the key of an account whose role allows this command"


class CapacityMissing(CloudStackError):
    """533: no host or pool fits; CloudStack never says which limit it was."""

    repair = "check the pools' state, tags and thresholds and that hosts are up"


class LimitReached(CloudStackError):
    """532 or 535: a limit of the account, domain or project."""

    repair = "raise the account's limits or use a root-admin account, which has none"


class RateLimited(CloudStackError):
    """429, still after waiting: more calls than the server takes."""

    repair = "wait a minute, or raise api.throttling.max for this account"


class NotFound(CloudStackError):
    """431 with "entity does not exist"."""

    repair = "run `cloudstack-pins lock` to look the ids up again"


class ParameterRefused(CloudStackError):
    """Any other 43x: CloudStack refused a parameter."""

    repair = "check the value that CloudStack names"


class JobFailed(CloudStackError):
    """An asynchronous job ended in failure."""


class JobLost(CloudStackError):
    """The server no longer knows the job, as after a restart."""

    repair = "run the command again; it continues from what CloudStack holds"


class Unreachable(CloudStackError):
    """No connection, or it broke."""

    repair = "check CLOUDSTACK_API_URL and the network"


class TimedOut(CloudStackError):
    """No answer, or no end of a job, in time."""

    repair = "run the command again; it continues from what CloudStack holds"


class TlsRefused(CloudStackError):
    """The server's certificate was not accepted."""

    repair = "point CLOUDSTACK_CA or REQUESTS_CA_BUNDLE at the CA file that signed it; verification stays on"


class ServerBroken(CloudStackError):
    """An answer that is not CloudStack's: an HTML page, half a JSON, a 5xx."""

    repair = "check the proxy and the management server behind CLOUDSTACK_API_URL, then run the command again"
