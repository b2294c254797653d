"""Fixtures of the lock's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudstack_emulator import Emulator
from cloudstack_pins.cloudstack import Access, Session
from tests.lock.pinned_set import PinnedSet


@pytest.fixture
def pinned(tmp_path: Path, emulator: Emulator, session: Session) -> PinnedSet:
    """A set named sandbox: debian-12 on the two pools of gold, owned by the caller."""
    folder = tmp_path / "sandbox"
    folder.mkdir()
    return PinnedSet(folder, emulator, session)


@pytest.fixture
def user_session(emulator: Emulator) -> Iterator[Session]:
    """A session with a key of role User."""
    with Session(Access.from_environment(emulator.environment(emulator.user))) as session:
        yield session
