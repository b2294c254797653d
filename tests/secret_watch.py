"""Looks for keys and signatures in all that the suite's processes print and its tests leave in files.

Searched are what pytest captures and what ``capsys`` reads, what is read from a process by whatever means and from a
terminal, the errors that tests expect, and the files below ``tmp_path`` and the folders of ``tmp_path_factory``. What
is looked for is in ``secret_search``; every key that an emulator makes, in this process or in one of its own, is known.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cloudstack_emulator import Keys
from tests.secret_search import forget, know, know_for_now, known_for_now, secrets_below, secrets_in

_TERRAFORM = frozenset({"terraform", "tofu", "cdktf"})
_EMULATOR = frozenset({"cloudstack_emulator", "cloudstack-emulator"})
_HANDED_OUT = re.compile(r"^export \w+_KEY=(\S+)$", re.MULTILINE)
_ACCESS = ("API_KEY", "SECRET_KEY", "KEY", "SECRET", "PINS_HMAC_KEY")


@dataclass
class _Pile:
    """What was read of one output since the last look; ``program`` is the last part of each word of the command."""

    program: frozenset[str] = frozenset()
    said: bytearray = field(default_factory=bytearray)

    def secrets(self) -> list[str]:
        """Return what of it is secret; what an emulator hands out is so from here on, but not there."""
        text = self.said.decode("utf-8", "replace").replace("\r\n", "\n")
        self.said.clear()
        if self.program & _EMULATOR:
            know(*_HANDED_OUT.findall(text))
            text = _HANDED_OUT.sub("", text)
        return secrets_in(text, by_terraform=bool(self.program & _TERRAFORM))


class _Ear(io.FileIO):
    """The reading end of a pipe, which keeps what is read."""

    def __init__(self, descriptor: int, pile: _Pile) -> None:
        super().__init__(descriptor, "rb")
        self._pile = pile
        _heard[descriptor] = pile

    def readinto(self, buffer: Any, /) -> Any:
        count = super().readinto(buffer)
        self._pile.said += memoryview(buffer)[: count or 0]
        return count

    def read(self, size: int | None = -1, /) -> Any:
        return self._kept(super().read(-1 if size is None else size))

    def readall(self) -> Any:
        return self._kept(super().readall())

    def close(self) -> None:
        if not self.closed:
            _heard.pop(self.fileno(), None)
        super().close()

    def _kept(self, data: bytes | None) -> bytes | None:
        self._pile.said += data or b""
        return data


_heard: dict[int, _Pile] = {}
"""Whose output a descriptor is, of a pipe or of a terminal, for ``os.read``."""
_terminals: list[int] = []
_piles: list[_Pile] = []
_other = _Pile()
"""What was not read from a process."""
_folders: list[Path] = []
_seen: dict[Path, tuple[int, int]] = {}


def hear(text: str | bytes) -> None:
    """Have a text searched that left the product on a way of its own."""
    _other.said += b"\n" + (text.encode("utf-8", "replace") if isinstance(text, str) else text)


def _pile(program: frozenset[str] = frozenset()) -> _Pile:
    _piles.append(_Pile(program))
    return _piles[-1]


def _listened_to(stream: Any, pile: _Pile) -> Any:
    """Build the stream of a pipe once more, upon an ear."""
    if isinstance(stream, io.TextIOWrapper):
        encoding, errors = stream.encoding, stream.errors
        return io.TextIOWrapper(_listened_to(stream.detach(), pile), encoding=encoding, errors=errors)
    if isinstance(stream, io.BufferedReader):
        return io.BufferedReader(_listened_to(stream.detach(), pile))
    ear = _Ear(os.dup(stream.fileno()), pile)
    stream.close()
    return ear


def pytest_configure(config: pytest.Config) -> None:
    """Listen wherever something is read, and note every key and every folder that is made."""
    know(*(os.environ.get(f"CLOUDSTACK_{name}", "") for name in _ACCESS))
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    start, read, terminal = subprocess.Popen.__init__, os.read, os.openpty
    printed, raised = pytest.CaptureFixture.readouterr, pytest.ExceptionInfo.fill_unfilled
    keys_made, folder_made = Keys.__init__, pytest.TempPathFactory.mktemp

    def started(process: Any, args: Any, *more: Any, **settings: Any) -> None:
        start(process, args, *more, **settings)
        words = [args] if isinstance(args, str | bytes | os.PathLike) else args
        program = frozenset(Path(os.fsdecode(word)).name for word in words)
        for name in ("stdout", "stderr"):
            if (stream := getattr(process, name)) is not None:
                setattr(process, name, _listened_to(stream, _pile(program)))

    def reading(descriptor: int, size: int, /) -> bytes:
        data = read(descriptor, size)
        if (pile := _heard.get(descriptor)) is not None:
            pile.said += data
        return data

    def opened() -> tuple[int, int]:
        ours, theirs = terminal()
        _heard[ours] = _pile()
        _terminals.append(ours)
        return ours, theirs

    def captured(fixture: Any) -> Any:
        result = printed(fixture)
        for text in result:
            hear(text)
        return result

    def expected(info: Any, triple: Any) -> None:
        raised(info, triple)
        error: BaseException | None = triple[1]
        while error is not None:
            hear(str(error))
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)

    def noted(keys: Any, api_key: str, secret_key: str) -> None:
        keys_made(keys, api_key, secret_key)
        know_for_now(api_key, secret_key)

    def made(factory: Any, *args: Any, **settings: Any) -> Path:
        _folders.append(folder_made(factory, *args, **settings))
        return _folders[-1]

    patch.setattr(subprocess.Popen, "__init__", started)
    patch.setattr(os, "read", reading)
    patch.setattr(os, "openpty", opened)
    patch.setattr(pytest.CaptureFixture, "readouterr", captured)
    patch.setattr(pytest.ExceptionInfo, "fill_unfilled", expected)
    patch.setattr(Keys, "__init__", noted)
    patch.setattr(pytest.TempPathFactory, "mktemp", made)


_of_the_module: list[int] = [0, 0]
"""How many secrets and folders there are that outlive the test."""


@pytest.fixture(autouse=True)
def _of_this_test() -> None:
    """Tell what the fixtures of a module have made from what this test makes: the former come first."""
    _of_the_module[:] = [known_for_now(), len(_folders)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, Any, Any]:
    """Fail a test whose processes print a key or a signature, or which leaves one in a file."""
    result = yield
    # The emulators first: what they hand out is looked for in the others.
    piles = sorted(_piles, key=lambda pile: not pile.program & _EMULATOR)
    shown = [where for pile in (*piles, _other) for where in pile.secrets()]
    shown += [where for folder in _folders for where in secrets_below(folder, _seen)]
    assert shown == [], "a key or a signature is shown"
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """Fail a test during which a key or a signature was printed or logged in this process."""
    report: Any = yield
    said = [text for name, text in report.sections if name.startswith("Captured") and name.endswith(report.when)]
    shown = [where for text in said for where in secrets_in(text)]
    if report.passed and shown:
        report.outcome = "failed"
        report.longrepr = f"a key or a signature was printed: {shown}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, Any, Any]:
    """Forget a test's keys and folders when all of its reports are made, and its module's with the last of them."""
    result = yield
    if nextitem is None or nextitem.path != item.path:
        _of_the_module[:] = [0, 0]
        _seen.clear()
    forget(_of_the_module[0])
    del _folders[_of_the_module[1] :]
    while _terminals:
        _heard.pop(_terminals.pop(), None)
    _piles[:] = _heard.values()
    return result
