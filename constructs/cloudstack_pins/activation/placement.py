"""How a start is led to its pool: the account's preferred pool, and the cluster or host of the start itself."""

from __future__ import annotations

from typing import Any

from cloudstack_pins.cloudstack import Session
from cloudstack_pins.errors import CloudStackError
from cloudstack_pins.model import Pool

PREFERENCE = "preferred.storage.pool"
_TRIES = 3


class Preference:
    """``preferred.storage.pool`` of one account: put to a pool for a while, then back to what it was.

    It steers every deploy of that account, which is why the key should belong to a dedicated one.
    """

    def __init__(self, session: Session, account_id: str) -> None:
        self._session = session
        self._account_id = account_id
        self._before: str | None = None
        self._moved = False

    @property
    def is_moved(self) -> bool:
        """Whether it has to be put back."""
        return self._moved

    def read(self) -> str | None:
        """Return the pool that the account prefers by a setting of its own, None for none."""
        own = self._session.setting(PREFERENCE, accountid=self._account_id)
        # An account without a value of its own shows the global one; writing that would detach it from the global.
        return None if not own or own == self._session.setting(PREFERENCE) else own

    def note(self) -> str | None:
        """Read the preference and remember it as the one to put back."""
        self._before = self.read()
        return self._before

    def move(self, pool: Pool) -> None:
        """Prefer ``pool`` from now on."""
        self._moved = True
        self._session.write("updateConfiguration", name=PREFERENCE, accountid=self._account_id, value=pool.id)

    def put_back(self) -> None:
        """Restore what ``note`` found, if ``move`` was called since."""
        if self._moved:
            self.restore(self._account_id, self._before)
            self._moved = False

    def forget(self) -> None:
        """Leave the preference as it is: another activation has it in hand now."""
        self._moved = False

    def restore(self, account_id: str, pool_id: str | None) -> None:
        """Give ``account_id`` the preference ``pool_id``, None for none; repeats until it holds."""
        for attempt in range(_TRIES):
            try:
                self._restore(account_id, pool_id)
            except CloudStackError:
                if attempt == _TRIES - 1:
                    raise
            else:
                return

    def _restore(self, account_id: str, pool_id: str | None) -> None:
        if pool_id is None:
            self._session.write("resetConfiguration", name=PREFERENCE, accountid=account_id)
        else:
            self._session.write("updateConfiguration", name=PREFERENCE, accountid=account_id, value=pool_id)


def start_parameters(pool: Pool | None) -> dict[str, Any]:
    """Return what startVirtualMachine needs besides the preference to land on ``pool``.

    The planner chooses a cluster before it looks at the preference, so a cluster's pool needs ``clusterid``; local
    storage follows the host; a zone-wide pool is reached from any cluster.
    """
    if pool is None or pool.scope == "ZONE":
        return {}
    if pool.scope == "HOST":
        return {"hostid": pool.host_id}
    return {"clusterid": pool.cluster_id}
