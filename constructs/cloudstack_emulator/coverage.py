"""The table of what is modelled, in a README: ``python -m cloudstack_emulator.coverage README.md [--check]``."""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from pathlib import Path

from .registry import COMMANDS, Command, load_commands

BEGIN, END = "<!-- emulator coverage: begin -->", "<!-- emulator coverage: end -->"

NOT_MODELLED = (
    "projects, VPCs, security groups, affinity groups, SSH keys, user data, snapshots, ISOs, data disks",
    "more than one zone, one pod or one domain; domain admins see what users see; roles made by hand",
    "resource limits: they are shown, and never refuse anything",
    "addresses, virtual routers and the implementing of isolated networks",
    "live and offline migration, host maintenance, high availability, DRS, VMs that power themselves off",
    "VM schedules act on nothing; leases are shown, and end nothing",
    "managed storage, direct download, several image stores; sizes of volumes other than the template's",
    "usage of other types than 1, 2, 6, 7 and 13",
    "login and sessions, single sign-on, two-factor authentication, XML answers, rate limits",
)


def coverage() -> str:
    """The section between the markers, as Markdown."""
    load_commands()
    rows = [_row(one) for one in sorted(COMMANDS.values(), key=lambda one: one.name.lower())]
    lines = [
        f"{len(rows)} commands are modelled; any other is answered as CloudStack answers one it does not know (401).",
        "",
        "| command | what it does here | rights | asynchronous |",
        "|---|---|---|---|",
        *rows,
        "",
        "Not modelled:",
        "",
        *(f"- {one}" for one in NOT_MODELLED),
    ]
    return "\n".join(lines)


def _row(command: Command) -> str:
    summary = (inspect.getdoc(command.function) or "").partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")
    rights = "root admin" if command.rights == "root" else "all"
    return f"| `{command.name}` | {summary} | {rights} | {'yes' if command.asynchronous else ''} |"


def with_coverage(text: str) -> str:
    """The text with the present table between its markers; ValueError where there are none."""
    section = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not section.search(text):
        raise ValueError(f"no markers; add the lines {BEGIN} and {END} where the table is to stand")
    return section.sub(lambda _: f"{BEGIN}\n\n{coverage()}\n\n{END}", text)


def main(arguments: list[str] | None = None) -> int:
    """Write the table, or with ``--check`` only say (exit 1) that it is stale."""
    parser = argparse.ArgumentParser(prog="python -m cloudstack_emulator.coverage", description=__doc__)
    parser.add_argument("file", type=Path, help="the Markdown file with the markers")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the table is stale")
    options = parser.parse_args(arguments)
    try:
        text = options.file.read_text(encoding="utf-8")
        fresh = with_coverage(text)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{options.file}: {error}\n")
        return 1
    if fresh == text:
        return 0
    if options.check:
        sys.stderr.write(
            f"{options.file}: the emulator's coverage table is stale; run python -m cloudstack_emulator.coverage "
            f"{options.file}\n"
        )
        return 1
    options.file.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
