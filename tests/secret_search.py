"""Finds keys and signatures in texts and files, however they were folded, cut, escaped or packed."""

from __future__ import annotations

import html
import io
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

# What nobody registered is known by the shape of CloudStack's keys, 86 characters of URL-safe base64. A checksum of a
# lock file of npm may have that length; it says what it is.
_LONG = re.compile(r"[^\w-](?!sha512-)([\w-]{86})(?![\w-])", re.ASCII)
_MIXED = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])")
_VARIETY = 30
"""Random keys have 35 different characters or more; a long name has fewer."""
_NAMES = ("apikey", "secretkey", "signature")
_NAMED = re.compile(
    rf"(?:{'|'.join(_NAMES)})(?:=(?!REDACTED)[^\s\"'&]+|\\?[\"']\s*:\s*\\?[\"'](?!REDACTED)[^\s\"']+)",
    re.IGNORECASE,
)
_BY_THE_PROVIDER = re.compile(r"^(?!.*\(local-exec\))(.*\b(?:Get|Post) \")https?://[^\s\"]*\?[^\s\"]*\"", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;:?]*[A-Za-z]")
_IN_JSON = re.compile(r"\\u00([0-9a-fA-F]{2})")
_MARGIN = " \t\r│┃|╷╵"
_LARGEST = 4 * 2**20
_BLOCK = 12

_always: dict[str, None] = {}
_for_now: list[str] = []


def know(*secrets: str) -> None:
    """Look for these secrets from now on."""
    for secret in secrets:
        _always.update(dict.fromkeys(_blocks(secret)))


def know_for_now(*secrets: str) -> None:
    """Look for these secrets until they are forgotten."""
    for secret in secrets:
        _for_now.extend(_blocks(secret))


def known_for_now() -> int:
    """Return a mark of what is known now, for ``forget``."""
    return len(_for_now)


def forget(mark: int) -> None:
    """Forget what became known for now since the mark."""
    del _for_now[mark:]


def secrets_in(text: str, *, by_terraform: bool = False) -> list[str]:
    """Return where a text shows a key or a signature.

    Terraform's provider prints the signed address of a call that fails, which SECURITY.md says and nobody here can
    change; ``by_terraform`` leaves those addresses out, in its own words (Go's ``Get "address": cause``) and not in
    what a local-exec printed.
    """
    if by_terraform:
        text = _BY_THE_PROVIDER.sub(r"\1", text)
    text = _unescaped(text)
    joined = "".join(line.strip(_MARGIN) for line in text.split("\n"))
    found = [_around(text, match.start()) for match in _LONG.finditer(f" {text}") if _random(match[1])]
    # Searched as it is and unfolded, for what follows a name may be on the next line.
    found += [_around(each, at) for each in (text, joined) for at in _named(each)]
    known = [at for block in (*_always, *_for_now) if (at := joined.find(block)) >= 0]
    return [*found, _around(joined, min(known))] if known else found


def secrets_below(folder: Path, seen: dict[Path, tuple[int, int]] | None = None) -> list[str]:
    """Return which files below a folder show a key or a signature; ``seen`` spares those of before their search."""
    found = []
    for path in _files(folder):
        status = path.stat()
        stamp = (status.st_mtime_ns, status.st_size)
        if status.st_size > _LARGEST or (seen is not None and seen.get(path) == stamp):
            continue
        if seen is not None:
            seen[path] = stamp
        for name, content in _contents(path):
            found += [f"{name}: {where}" for where in secrets_in(content.decode("utf-8", "replace"))]
    return found


def _blocks(secret: str) -> list[str]:
    """Cut a secret so that each piece of it of 24 characters holds a whole block; too plain ones would be anywhere."""
    blocks = (secret[at : at + _BLOCK] for at in range(0, len(secret) - _BLOCK + 1, _BLOCK))
    return [block for block in blocks if len(set(block)) > 5]


def _random(word: str) -> bool:
    return len(set(word)) >= _VARIETY and _MIXED.match(word) is not None


def _named(text: str) -> list[int]:
    lower = text.lower()
    return [match.start() for match in _NAMED.finditer(text)] if any(name in lower for name in _NAMES) else []


def _unescaped(text: str) -> str:
    """Undo what programs do to a text on its way: colours, escapes of JSON and HTML, percent-encoding (twice)."""
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    if "\\u00" in text:
        text = _IN_JSON.sub(lambda match: chr(int(match[1], 16)), text)
    if "&" in text:
        text = html.unescape(text)
    for _ in range(2):
        if "%" in text:
            text = unquote(text)
    return text


def _around(text: str, start: int) -> str:
    """Quote the place, and no more of the secret than tells which it is."""
    return f"...{text[max(0, start - 60) : start + 6]}..."


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        # Terraform's copies and links of providers are nothing that is written here.
        kept = [name for name in folders if name != "node_modules" and (Path(parent).name, name) != _PROVIDERS]
        folders[:] = kept
        yield from (path for path in (Path(parent, name) for name in names) if path.is_file() and not path.is_symlink())


_PROVIDERS = (".terraform", "providers")


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield a file, and the members of an archive, which a plan of Terraform is."""
    content = path.read_bytes()
    yield str(path), content
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            if member.file_size <= _LARGEST:
                yield f"{path}:{member.filename}", archive.read(member)
