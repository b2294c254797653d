"""SET on the command line -> what it declares: a set's folder, or a synthesised stack."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cloudstack_pins import declaration as declarations
from cloudstack_pins import lock as locks
from cloudstack_pins import pin_set, roster
from cloudstack_pins.cloudstack import Session
from cloudstack_pins.errors import ResolutionError
from cloudstack_pins.status.declared import Declared, from_pin_set, from_roster
from cloudstack_pins.status.gather import LockCheck, observe
from cloudstack_pins.status.judge import judge
from cloudstack_pins.status.report import SetReport


@dataclass(frozen=True, kw_only=True)
class Source:
    """One SET: what it declares, and how its lock is compared with CloudStack (None for a stack)."""

    declared: Declared
    lock_check: LockCheck | None = None

    def report(self, session: Session, *, schedules: bool = False) -> SetReport:
        """Look at CloudStack and judge."""
        seen = observe(session, self.declared, lock_check=self.lock_check, schedules=schedules)
        return judge(self.declared, seen)


def read(path: Path) -> Source:
    """Return what a set's folder or a ``cdk.tf.json`` declares, offline.

    Raises DeclarationError or LockError for a folder, StackError for a stack.
    """
    if path.is_file() and path.suffix == ".json":
        return Source(declared=from_roster(roster.from_stack(path), path))
    folder = path.parent if path.is_file() else path
    declaration = declarations.load(folder / declarations.FILE_NAME)
    lock = locks.read(folder / locks.FILE_NAME)
    excluded = {name: frozenset(tag.exclude_pools) for name, tag in declaration.storage_tags.items()}
    return Source(
        declared=from_pin_set(pin_set.combine(declaration, lock), folder, excluded),
        lock_check=_lock_check(declaration, lock),
    )


def _lock_check(declaration: declarations.Declaration, lock: locks.Lock) -> LockCheck:
    def check(session: Session) -> tuple[tuple[str, ...], tuple[str, ...]]:
        from cloudstack_pins.resolution import resolve

        try:
            return tuple(str(change) for change in resolve(session, declaration, lock).changes), ()
        except ResolutionError as error:
            return (), error.reasons

    return check
