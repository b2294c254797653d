"""``cloudstack-emulator``: serve an emulated CloudStack until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import ipaddress
import logging
import os
import shlex
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from .emulator import Emulator
from .zone_file import ZoneFileError, load


def main(argv: Sequence[str] | None = None) -> int:
    """Print how to reach the emulator as export lines, and serve; 1 where it cannot."""
    options = build_parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="cloudstack-emulator: %(message)s")
    try:
        host = loopback(options.host)
        zone = load(options.zone) if options.zone else None
        emulator = Emulator(
            zone,
            copy_seconds=options.copy_seconds,
            job_seconds=options.job_seconds,
            seed=options.seed,
            host=host,
            port=options.port,
        )
    except (ZoneFileError, ValueError) as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(
            f"port {options.port} on {options.host}: {error.strerror}; choose another by --port, or 0 for any"
        )
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    with emulator:
        _say(exports(emulator))
        stopped.wait()
    return 0


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="cloudstack-emulator", description="A CloudStack API on loopback, for trials and tests; nothing is stored."
    )
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free one (default)")
    parser.add_argument(
        "--zone", type=Path, metavar="FILE.toml", help="the zone's shape; default: a sandbox of 5 pools"
    )
    parser.add_argument("--copy-seconds", type=float, default=1.0, help="time of one template copy (default: 1)")
    parser.add_argument("--job-seconds", type=float, default=0.0, help="time of a job beside its copies (default: 0)")
    parser.add_argument("--seed", type=int, default=0, help="decides between equally suitable pools (default: 0)")
    return parser


def loopback(host: str) -> str:
    """The host, if it is a loopback address; the emulator has no business on a network."""
    name = "127.0.0.1" if host == "localhost" else host.strip("[]")
    try:
        if ipaddress.ip_address(name).is_loopback:
            return name
    except ValueError:
        pass
    raise ValueError(f"--host {host!r} is no loopback address; allowed are localhost, 127.0.0.1 and ::1")


def exports(emulator: Emulator) -> str:
    """Lines for a shell: the environment of account pins, the control endpoint, and the keys of the other accounts."""
    values = emulator.environment() | {
        "CLOUDSTACK_EMULATOR_CONTROL": emulator.control,
        "CLOUDSTACK_EMULATOR_ROOT_API_KEY": emulator.root.api_key,
        "CLOUDSTACK_EMULATOR_ROOT_SECRET_KEY": emulator.root.secret_key,
        "CLOUDSTACK_EMULATOR_USER_API_KEY": emulator.user.api_key,
        "CLOUDSTACK_EMULATOR_USER_SECRET_KEY": emulator.user.secret_key,
    }
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())


def _say(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever started us has gone; serve on, but let the interpreter's last flush go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse(text: str) -> int:
    sys.stderr.write(f"cloudstack-emulator: {text}\n")
    return 1
