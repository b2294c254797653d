"""The whole of ``suggest``: looks, judges and returns the report; nothing is printed or written."""

from __future__ import annotations

from pathlib import Path

from cloudstack_pins import declaration as declarations
from cloudstack_pins import lock as locks
from cloudstack_pins.cloudstack import Session
from cloudstack_pins.declaration import Declaration
from cloudstack_pins.errors import LockError
from cloudstack_pins.lock import Lock
from cloudstack_pins.model import PinSet
from cloudstack_pins.pin_set import combine
from cloudstack_pins.suggest import facts, sources
from cloudstack_pins.suggest.judge import MIB, Terms, judge, unassigned
from cloudstack_pins.suggest.render import Report


def advise(
    session: Session,
    folder: Path,
    *,
    since: float,
    copy_rate: float | None = None,
    min_deploys: float = 5.0,
    min_accounts: int = 2,
) -> Report:
    """Return what to pin in the set of ``folder``, by its past from ``since`` (seconds since 1970) to the present.

    ``copy_rate`` in MiB a second; None measures it. Raises DeclarationError, ResolutionError, CloudStackError.
    """
    declaration = declarations.load(folder / declarations.FILE_NAME)
    pin_set = _pin_set(session, declaration)
    machines = session.virtual_machines(listall=True)
    found = facts.gather(session, declaration, pin_set, machines)
    history = sources.gather(session, pin_set, machines, since=since, until=session.clock.now())
    rate = copy_rate * MIB if copy_rate is not None else found.copy_rate or Terms().copy_rate
    terms = Terms(min_deploys=min_deploys, min_accounts=min_accounts, copy_rate=rate, grace=found.grace)
    return Report(
        set_name=pin_set.name,
        history=history,
        suggestions=judge(history, found.templates, found.tags, found.offerings, terms),
        terms=terms,
        measured=copy_rate is None and found.copy_rate is not None,
        unassigned=unassigned(history, found.offerings),
        notes=found.notes,
    )


def read_lock(declaration: Declaration) -> Lock | None:
    """Return the set's lock, None where there is none. Raises LockError for one that cannot be read."""
    path = declaration.path.parent / locks.FILE_NAME
    return locks.read(path) if path.exists() else None


def _pin_set(session: Session, declaration: Declaration) -> PinSet:
    """Return the set by its lock, or looked up now where there is none or it is older than pins.toml."""
    from cloudstack_pins.resolution import resolve

    before = read_lock(declaration)
    if before is not None:
        try:
            return combine(declaration, before)
        except LockError:
            pass
    return combine(declaration, resolve(session, declaration, before).lock)
