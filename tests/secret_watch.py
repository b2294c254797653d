"""Looks for keys and signatures in all that the suite's processes print and its tests leave in files.

The emulator's keys have the shape of CloudStack's, 86 characters of URL-safe base64, so any text of that shape is taken
for a key. What pytest captures, what ``subprocess`` returns, and the files below ``tmp_path`` are searched.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

# A checksum of a lock file of npm may have that length; it says what it is.
_SHAPE = re.compile(r"(?<![\w-])(?!sha512-)(?=[^\s]*[a-z])(?=[^\s]*[A-Z])(?=[^\s]*[0-9])[\w-]{86}(?![\w-])", re.ASCII)
_SIGNATURE = re.compile(r"signature=(?!REDACTED)[^\s\"'&]+", re.IGNORECASE)
_SIGNED_ADDRESS = re.compile(r"https?://\S*[?&]signature=\S*", re.IGNORECASE)
_TERRAFORM = ("terraform", "tofu", "cdktf")
_LARGEST = 4 * 2**20
_PUBLISHERS = ("emulator",)
"""Parts whose tests are about keys: the emulator hands them out."""


def secrets_in(text: str, *, by_terraform: bool = False) -> list[str]:
    """Return where a text shows a key or a signature.

    Terraform's provider prints the signed address of a call that fails, which SECURITY.md says and nobody here can
    change; ``by_terraform`` leaves those addresses out.
    """
    if by_terraform:
        text = _SIGNED_ADDRESS.sub("", text)
    found = [*_SHAPE.finditer(text), *_SIGNATURE.finditer(text)]
    return [f"...{text[max(0, match.start() - 60) : match.start() + 12]}..." for match in found]


def secrets_below(folder: Path) -> list[str]:
    """Return which files below a folder show a key or a signature."""
    found = []
    for parent, folders, names in os.walk(folder):
        # Terraform's copies and links of providers are nothing that is written here.
        folders[:] = [name for name in folders if name not in (".terraform", "node_modules")]
        for path in (Path(parent, name) for name in names):
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= _LARGEST:
                found += [f"{path}: {where}" for where in secrets_in(path.read_text("utf-8", errors="replace"))]
    return found


@pytest.fixture(autouse=True)
def no_secret_shown(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test whose processes print a key or a signature, or which leaves one in a file."""
    if set(_PUBLISHERS) & set(request.path.parts):
        yield
        return
    printed: list[tuple[str, bool]] = []
    communicate = subprocess.Popen.communicate

    def watched(process: subprocess.Popen[Any], *args: Any, **kwargs: Any) -> Any:
        outputs = communicate(process, *args, **kwargs)
        program = process.args if isinstance(process.args, str | bytes | os.PathLike) else process.args[0]
        by_terraform = Path(os.fsdecode(program)).name in _TERRAFORM
        for output in outputs:
            text = output.decode("utf-8", "replace") if isinstance(output, bytes) else output
            printed.append((text or "", by_terraform))
        return outputs

    monkeypatch.setattr(subprocess.Popen, "communicate", watched)
    folder = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    yield
    shown = [where for text, by_terraform in printed for where in secrets_in(text, by_terraform=by_terraform)]
    if folder is not None:
        shown += secrets_below(folder)
    assert shown == [], "a key or a signature is shown"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a test during which a key or a signature was printed or logged in this process."""
    report: Any = yield
    shown = [where for name, text in report.sections for where in secrets_in(text) if "Captured" in name]
    if report.when == "call" and report.passed and shown and not set(_PUBLISHERS) & set(item.path.parts):
        report.outcome = "failed"
        report.longrepr = f"a key or a signature was printed: {shown}"
    return report
