"""`make audit`: known vulnerabilities in what is installed, by pip-audit and npm, where their services can be reached.

What ships (requirements.txt) has to be free of them, but for those that ``toolchain/audit-accepted.txt`` lists with a
reason. What only developers install is reported. With ``--where-possible``, as `make check` calls it, a service that
cannot be asked is named and skipped.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
ACCEPTED = ROOT / "toolchain" / "audit-accepted.txt"
PIP_AUDIT = ROOT / ".venv-audit" / "bin" / "pip-audit"
SECONDS = 300


class CannotAudit(Exception):
    """The tool is not there, or its service could not be asked."""


@dataclass(frozen=True, kw_only=True)
class Advisory:
    """One known vulnerability; ``names`` are its ids, ``what`` the package and version."""

    what: str
    names: tuple[str, ...]
    mended: str = ""

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.what}: {', '.join(self.names)}" + (f"; mended in {self.mended}" if self.mended else "")


def of_pip_audit(output: str, complaint: str = "") -> list[Advisory]:
    """Return what pip-audit's JSON tells. Raises CannotAudit where it tells nothing, whatever it claims."""
    try:
        dependencies = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        raise CannotAudit(_last_line(complaint) or "pip-audit gave no answer") from None
    skipped = [each["name"] for each in dependencies if "skip_reason" in each]
    if skipped:
        # A mirror without the advisories knows no package, and pip-audit calls that "no known vulnerabilities".
        raise CannotAudit(f"the index has no advisories for {len(skipped)} packages, such as {skipped[0]}")
    return [
        Advisory(
            what=f"{each['name']} {each['version']}",
            names=(found["id"], *found.get("aliases", ())),
            mended=", ".join(found.get("fix_versions", ())),
        )
        for each in dependencies
        for found in each["vulns"]
    ]


def of_npm(output: str) -> list[Advisory]:
    """Return what `npm audit --json` tells. Raises CannotAudit where the registry gave no advisories."""
    try:
        document = json.loads(output)
        found = document["vulnerabilities"]
    except (ValueError, TypeError):
        raise CannotAudit("npm gave no answer") from None
    except KeyError:
        raise CannotAudit(str(document.get("message") or document.get("error") or "npm gave no answer")) from None
    return [
        Advisory(what=f"{name} {each['range']}", names=tuple(sorted(_sources(each["via"]))))
        for name, each in sorted(found.items())
        if _sources(each["via"])
    ]


def accepted(path: Path = ACCEPTED) -> dict[str, str]:
    """Return the advisories that are lived with, and why: lines of an id and a reason."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {line.split()[0]: line.partition(" ")[2].strip() for line in lines if line.strip() and line[0] != "#"}


def main(arguments: Sequence[str] | None = None, *, pip_audit: Path = PIP_AUDIT) -> int:
    """Audit; exit status 1 for a vulnerability in what ships, or where nothing could be asked."""
    parser = argparse.ArgumentParser(prog="audit", description="Look for known vulnerabilities in dependencies.")
    parser.add_argument("--where-possible", action="store_true", help="name what cannot be audited, and go on")
    lenient = parser.parse_args(arguments).where_possible
    known = accepted()
    ended = 0
    questions: tuple[tuple[str, bool, Callable[[], list[Advisory]]], ...] = (
        ("requirements.txt", True, lambda: _pip(pip_audit, "requirements.txt")),
        ("requirements-dev.txt", False, lambda: _pip(pip_audit, "requirements-dev.txt")),
        ("package-lock.json", False, _npm),
    )
    for title, ships, ask in questions:
        try:
            found = [each for each in ask() if not known.keys() & set(each.names)]
        except CannotAudit as reason:
            print(f"audit: {title}: {'skipped' if lenient else 'not audited'}: {reason}", file=sys.stderr)
            ended = ended if lenient else 1
            continue
        _tell(title, found)
        ended = 1 if found and ships else ended
    return ended


def _tell(title: str, found: Iterable[Advisory]) -> None:
    for each in found:
        print(f"audit: {title}: {each}", file=sys.stderr)


def _pip(pip_audit: Path, name: str) -> list[Advisory]:
    if not pip_audit.exists():
        raise CannotAudit("pip-audit is not installed; `make audit` installs it")
    ran = _run(str(pip_audit), "--no-deps", "--disable-pip", "--progress-spinner=off", "--format=json", f"-r{name}")
    return of_pip_audit(ran.stdout, ran.stderr)


def _npm() -> list[Advisory]:
    npm = shutil.which("npm")
    if npm is None:
        raise CannotAudit("npm is not there")
    return of_npm(_run(npm, "audit", "--json", "--fetch-retries=0", "--fetch-timeout=30000").stdout)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise CannotAudit(f"no answer within {SECONDS} s") from None


def _sources(via: Iterable[object]) -> set[str]:
    """The advisories themselves; a plain name stands for another package that has them."""
    return {str(each.get("url") or each.get("source")) for each in via if isinstance(each, dict)}


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "")


if __name__ == "__main__":
    sys.exit(main())
