"""The bindings that `cdktf get` generates for the provider, for comparison; kept in the user's cache folder."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from benchmarks.measure import measured
from benchmarks.surroundings import environment
from toolchain.caches import cache_folder
from toolchain.terraform_provider import VERSION


def place() -> Path:
    """Return the folder that the bindings are to be imported from, there or not."""
    return cache_folder() / f"bindings-{VERSION}-cdktf-{version('cdktf')}"


def are_there() -> bool:
    """Whether they were generated before."""
    return (place() / "cloudstack").is_dir()


def generate() -> Path:
    """Generate them unless they are there (about half a minute), and return the folder to import from."""
    if are_there():
        return place()
    print(f"benchmarks: generating bindings of provider {VERSION} (once)", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=cache_folder(), prefix=".bindings-") as name:
        project = {
            "language": "python",
            "app": "true",
            "projectId": "benchmarks",
            "sendCrashReports": "false",
            "terraformProviders": [f"cloudstack/cloudstack@{VERSION}"],
            "codeMakerOutput": "imports",
        }
        (Path(name) / "cdktf.json").write_text(json.dumps(project), encoding="utf-8")
        measured(["cdktf", "get"], cwd=Path(name), environment=environment())
        shutil.rmtree(place(), ignore_errors=True)
        (Path(name) / "imports").rename(place())
    return place()
