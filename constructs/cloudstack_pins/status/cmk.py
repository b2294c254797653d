"""Commands of CloudMonkey (cmk), CloudStack's own command line, for people to paste into a shell."""

from __future__ import annotations

import shlex


def cmk(command: str, **values: str) -> str:
    """Return ``cmk <command> name=value ...``, each value quoted, for a name or tag of CloudStack may be anything."""
    return " ".join(("cmk", command, *(f"{name}={shlex.quote(value)}" for name, value in values.items())))
