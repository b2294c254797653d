"""The real service, as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.run_task.hcp_stand_in import KEY, Hcp
from tests.secret_search import know

ENDPOINT_OF_NOBODY = {
    "CLOUDSTACK_API_URL": "http://127.0.0.1:9/client/api",
    "CLOUDSTACK_API_KEY": "api-Jm6QwE1rTz8YuI3oPa5SdF0gHk9Lx2Cv",
    "CLOUDSTACK_SECRET_KEY": "secret-Bn7MlK4jHg2FdS9aPo0IuY6tRe3Wq8Zx",
}
know(*(ENDPOINT_OF_NOBODY[name] for name in ("CLOUDSTACK_API_KEY", "CLOUDSTACK_SECRET_KEY")))


@dataclass
class Service:
    url: str
    process: subprocess.Popen[str]
    log: Path

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait for the end and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(60)

    def logged(self) -> str:
        return self.log.read_text(encoding="utf-8")


def settings_text(hcp: Hcp, *, extra: str = "") -> str:
    return f"""
hcp_hosts = ["{hcp.api}"]
archive_hosts = ["{hcp.archive}"]
retry_seconds = 0.01
{extra}
[organizations]
acme = ["pins"]
"""


@contextmanager
def serving(
    hcp: Hcp,
    folder: Path,
    *,
    extra: str = "",
    environ: Mapping[str, str] = ENDPOINT_OF_NOBODY,
    key: str | None = KEY,
    options: Sequence[str] = (),
) -> Iterator[Service]:
    """Start the service on a free port and stop it afterwards."""
    settings = folder / "run-task.toml"
    settings.write_text(settings_text(hcp, extra=extra), encoding="utf-8")
    log = folder / "service.log"
    variables = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDSTACK")}
    variables |= {**environ, **({"CLOUDSTACK_PINS_HMAC_KEY": key} if key is not None else {})}
    command = [sys.executable, "-m", "cloudstack_pins", "run-task", "serve", "--settings", str(settings), "--port", "0"]
    with log.open("w", encoding="utf-8") as stderr:
        process = subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, stderr=stderr, text=True, env=variables
        )
    with process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            assert line.startswith("listening on http://"), log.read_text(encoding="utf-8")
            yield Service(line.split()[-1], process, log)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(60)
