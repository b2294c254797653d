"""Get Chromium for the tests of pages, where that needs no decision of a person: as root, by apt-get.

Elsewhere say in one line that those tests will be skipped, and end well.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def browser() -> str | None:
    """Return the path of a Chromium on PATH, None where there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def main() -> int:
    """Install Chromium unless it is there or may not be installed; exit status 1 only where apt-get failed."""
    if browser() is not None:
        return 0
    apt_get = shutil.which("apt-get")
    if apt_get is None or os.geteuid() != 0:
        print("browser: no Chromium here, and no rights to install it; tests of pages are skipped", file=sys.stderr)
        return 0
    print("browser: installing Chromium for the tests of pages", file=sys.stderr)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        done = subprocess.run([apt_get, "-qq", *arguments], env=quiet, stdout=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            print(f"browser: apt-get {arguments[0]} failed; install chromium by hand and run it again", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
