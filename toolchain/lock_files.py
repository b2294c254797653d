"""Check, offline, that the lock files hold what the files beside them ask for; `make freeze` makes them so."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from toolchain import terraform_provider, tofu

ROOT = Path(__file__).parent.parent


def problems(root: Path) -> Iterator[str]:
    """Yield, in words, where a lock file in ``root`` is behind."""
    for stem in ("requirements", "requirements-dev", "requirements-cdktn"):
        yield from _python_problems(root, stem)
    yield from _npm_problems(root)
    yield from _go_problems(root, "provider", f"apache/cloudstack-terraform-provider v{terraform_provider.VERSION}")
    yield from _go_problems(root, "opentofu", f"github.com/opentofu/opentofu v{tofu.VERSION}")


def _python_problems(root: Path, stem: str) -> Iterator[str]:
    locked: dict[str, str] = {}
    for line in (root / f"{stem}.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith((" ", "#")):
            pinned = Requirement(line)
            versions = [part.version for part in pinned.specifier if part.operator == "=="]
            if len(versions) != 1:
                yield f"{stem}.txt: {line} is no exact version"
            else:
                locked[canonicalize_name(pinned.name)] = versions[0]
    for requirement in _asked(root, stem):
        version = locked.get(canonicalize_name(requirement.name))
        if version is None:
            yield f"{stem}.txt lacks {requirement.name}"
        elif not requirement.specifier.contains(version, prereleases=True):
            yield f"{stem}.txt has {requirement.name} {version}, {stem}.in asks for {requirement.specifier}"


def _asked(root: Path, stem: str) -> Iterator[Requirement]:
    for line in (root / f"{stem}.in").read_text(encoding="utf-8").splitlines():
        if included := re.fullmatch(r"-r (\S+)\.in", line):
            yield from _asked(root, included.group(1))
        elif line and not line.startswith("#"):
            yield Requirement(line)


def _npm_problems(root: Path) -> Iterator[str]:
    package = json.loads((root / "package.json").read_text(encoding="utf-8"))
    packages = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    if packages[""].get("devDependencies") != package["devDependencies"]:
        yield "package-lock.json does not ask for what package.json asks for"
    yield from (
        f"package-lock.json: {name} has no checksum"
        for name, entry in packages.items()
        if name and not entry.get("link") and "integrity" not in entry and not entry.get("inBundle")
    )


def _go_problems(root: Path, folder: str, wanted: str) -> Iterator[str]:
    go_mod = (root / "toolchain" / folder / "go.mod").read_text(encoding="utf-8")
    if f"{wanted}\n" not in go_mod:
        yield f"toolchain/{folder}/go.mod does not name {wanted}"


def main() -> int:
    """Print what is behind; exit status 1 then."""
    found = list(problems(ROOT))
    for problem in found:
        print(f"lock files: {problem}; run `make freeze`", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
