"""Files are old or new, never half: everything this package writes goes through here."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from cloudstack_pins.errors import OutputError


def replace_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` so that a reader, a crash or a full disk sees the old file or the new one.

    Raises OutputError where the folder is missing, read-only or full; the old file is still there then.
    """
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(_mode_for(path))
        temporary.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path}: could not be written ({error.strerror or error}); "
            "make the folder exist, writable and not full, then run the command again"
        ) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def _mode_for(path: Path) -> int:
    """Return the mode of the file that is replaced, or what a newly created file would get."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
