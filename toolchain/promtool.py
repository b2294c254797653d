"""Get promtool for the test of the example alert rules: from Debian's package, unpacked, nothing of it installed.

The package would start a Prometheus server. Where it can't be had, say so in one line and end well: the test is
skipped.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PLACE = Path(sys.prefix) / "bin" / "promtool"


def promtool() -> str | None:
    """Return the path of a promtool, None where there is none."""
    return shutil.which("promtool") or (str(PLACE) if PLACE.exists() else None)


def main() -> int:
    """Put promtool into this virtual environment unless there is one."""
    if promtool() is not None:
        return 0
    tools = [shutil.which(name) for name in ("apt-get", "dpkg-deb")]
    if None in tools:
        print("promtool: no Debian here; install Prometheus by hand, or the rules go unchecked", file=sys.stderr)
        return 0
    apt_get, dpkg_deb = map(str, tools)
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [apt_get, "-qq", "-o", "APT::Sandbox::User=root", "download", "prometheus"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        packages = list(Path(folder).glob("prometheus_*.deb"))
        if done.returncode != 0 or not packages:
            print("promtool: apt-get download prometheus failed; the rules go unchecked", file=sys.stderr)
            return 0
        subprocess.run([dpkg_deb, "-x", packages[0], folder], check=True)
        shutil.copy2(Path(folder) / "usr" / "bin" / "promtool", PLACE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
