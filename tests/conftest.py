"""Fixtures that every part's tests share: the emulator, sessions with its keys, Terraform."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from cloudstack_emulator import Emulator
from cloudstack_pins.cloudstack import Access, Session

# The same examples in every run, however slow the machine: a red test means a change, not a bad day.
# `HYPOTHESIS_PROFILE=wide` looks further, `brief` is for the matrix, where what changes is what is installed.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("brief", deadline=None, derandomize=True, max_examples=10)
settings.register_profile("wide", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

# Under nohup and in the background of a script hang-ups and interrupts are ignored, which children inherit: an
# activation then outlives its parent on purpose, and nobody hears Ctrl-C. The tests are about how it is without.
for number, handler in ((signal.SIGHUP, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)

pytest_plugins = ["tests.secret_watch", "tests.terraform_cli"]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A CloudStack on loopback with the default zone."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def session(emulator: Emulator) -> Iterator[Session]:
    """A session with the key of account "pins", a root admin of its own."""
    with Session(Access.from_environment(emulator.environment())) as session:
        yield session


@pytest.fixture
def root_session(emulator: Emulator) -> Iterator[Session]:
    """A session with the key of account "admin"."""
    with Session(Access.from_environment(emulator.environment(emulator.root))) as session:
        yield session
