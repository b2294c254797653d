"""Who calls and who owns: keys, users, accounts, domains."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Keys:
    """An API key and its secret, which no representation shows."""

    api_key: str
    secret_key: str = field(repr=False)


@dataclass(eq=False, kw_only=True)
class Domain:
    """A domain; only ROOT is modelled with behaviour."""

    id: str
    name: str
    path: str
    created: float


@dataclass(eq=False, kw_only=True)
class Account:
    """An account; ``type`` is 0 for User, 1 for root Admin, 2 for DomainAdmin.

    ``commands`` are those that a role of its own allows, in lower case; None: all that the type may call.
    """

    id: str
    name: str
    type: int
    domain: Domain = field(repr=False)
    created: float
    role_id: str
    role_type: str
    role_name: str
    is_default: bool = False
    state: str = "enabled"
    commands: frozenset[str] | None = None

    def may_call(self, command: str) -> bool:
        """Whether the account's role allows a command, as far as that is the role's to say."""
        return self.commands is None or command.lower() in self.commands

    @property
    def is_root_admin(self) -> bool:
        """Whether the account's role may do everything."""
        return self.type == 1


@dataclass(eq=False, kw_only=True)
class User:
    """A user of an account, with at most one key pair."""

    id: str
    name: str
    account: Account
    created: float
    first_name: str = "p"
    last_name: str = "p"
    email: str = "nobody@example.org"
    keys: Keys | None = None
    is_default: bool = False
    state: str = "enabled"
