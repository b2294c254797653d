"""Get the Terraform provider cloudstack/cloudstack and print the path of the Terraform configuration that finds it.

    TF_CLI_CONFIG_FILE=$(python -m toolchain.terraform_provider) terraform init

The provider comes from the Terraform registry where it can be reached, else it is built from its Go module, pinned by
toolchain/provider/go.mod and go.sum (about a minute, once). It stays in the user's cache folder, where OpenTofu finds
it too.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from toolchain.caches import cache_folder, locked
from toolchain.go_build import GoProgram, ToolchainError, build

SOURCE = "registry.terraform.io/cloudstack/cloudstack"
OPENTOFU_SOURCE = "registry.opentofu.org/cloudstack/cloudstack"
VERSION = "0.6.0"
BINARY = f"terraform-provider-cloudstack_v{VERSION}"
PROGRAM = GoProgram(
    title=f"provider cloudstack/cloudstack {VERSION}",
    package="github.com/terraform-providers/terraform-provider-cloudstack",
    module=Path(__file__).parent / "provider",
    oldest_go="1.23",
    duration="about a minute",
)
REGISTRY = "https://registry.terraform.io/.well-known/terraform.json"
REGISTRY_SECONDS = 3.0

_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64", "i686": "386"}


def main() -> int:
    """Print the configuration's path; what takes time is told on stderr."""
    try:
        print(provide(cache_folder()))
    except ToolchainError as error:
        print(f"toolchain: {error}", file=sys.stderr)
        return 1
    return 0


def provide(
    cache: Path, environ: Mapping[str, str] = os.environ, *, registry: Callable[[], bool] | None = None
) -> Path:
    """Put the provider into ``cache`` unless it is there, and return the Terraform configuration that names it.

    ``registry`` says whether the Terraform registry can be reached; default: ask it.

    Raises ToolchainError.
    """
    binary = binary_in(cache)
    if not binary.is_file():
        with locked(cache / "provider.lock"):
            if not binary.is_file():
                binary.parent.mkdir(parents=True, exist_ok=True)
                _get(binary, environ, registry or registry_answers)
    _show_to_opentofu(binary, binary_in(cache, OPENTOFU_SOURCE))
    return _configuration(cache)


def binary_in(cache: Path, source: str = SOURCE) -> Path:
    """Return where the provider is in the mirror, there or not."""
    return cache / "mirror" / source / VERSION / platform_name() / BINARY


def platform_name() -> str:
    """Return this machine as Terraform names it, such as ``linux_amd64``."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}_{_MACHINES.get(machine, machine)}"


def registry_answers(url: str = REGISTRY, seconds: float = REGISTRY_SECONDS) -> bool:
    """Return whether the Terraform registry can be reached from here."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as response:
            return isinstance(json.load(response), dict)
    except (OSError, ValueError):
        return False


def _get(binary: Path, environ: Mapping[str, str], registry: Callable[[], bool]) -> None:
    with tempfile.TemporaryDirectory(prefix=".new-", dir=binary.parent) as folder:
        new = Path(folder) / BINARY
        if not (registry() and _download(new, environ)):
            _build(new, environ)
        new.chmod(0o755)
        new.replace(binary)


def _download(new: Path, environ: Mapping[str, str]) -> bool:
    """Let Terraform fetch and verify the provider; unpacked, since Terraform links to an unpacked mirror."""
    folder = new.parent / "download"
    folder.mkdir()
    wanted = {"cloudstack": {"source": "cloudstack/cloudstack", "version": VERSION}}
    (folder / "main.tf.json").write_text(json.dumps({"terraform": {"required_providers": wanted}}), encoding="utf-8")
    print(f"toolchain: downloading provider cloudstack/cloudstack {VERSION}", file=sys.stderr)
    command = ["terraform", "providers", "mirror", f"-platform={platform_name()}", "mirror"]
    quiet = {**environ, "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull}
    try:
        subprocess.run(command, cwd=folder, env=quiet, check=True, capture_output=True, timeout=600)
        archive = next((folder / "mirror").rglob("*.zip"))
        with zipfile.ZipFile(archive) as packed:
            name = next(name for name in packed.namelist() if Path(name).name.startswith("terraform-provider-"))
            with packed.open(name) as source, new.open("wb") as target:
                shutil.copyfileobj(source, target)
    except (OSError, subprocess.SubprocessError, StopIteration, zipfile.BadZipFile) as error:
        print(f"toolchain: the registry did not deliver it ({error}); building it instead", file=sys.stderr)
        new.unlink(missing_ok=True)
        return False
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return True


def _build(new: Path, environ: Mapping[str, str]) -> None:
    build(
        PROGRAM,
        new,
        environ,
        missing="the Terraform registry cannot be reached and there is no Go to build the provider with",
        instead=", or allow access to registry.terraform.io",
    )


def _show_to_opentofu(binary: Path, beside: Path) -> None:
    """Put the same file where OpenTofu looks in the mirror, under the host of its own registry."""
    if beside.is_file():
        return
    beside.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=beside.parent) as folder:
        new = Path(folder) / BINARY
        try:
            new.hardlink_to(binary)
        except OSError:  # a file system without hard links
            shutil.copy2(binary, new)
        new.replace(beside)


def _configuration(cache: Path) -> Path:
    """Write the Terraform CLI configuration unless it is there already, whole or not at all."""
    path = cache / "terraform.rc"
    mirror = json.dumps(str(cache / "mirror"))
    text = (
        "# Made by toolchain/terraform_provider.py of cloudstack-pins.\n"
        "disable_checkpoint = true\n\n"
        "provider_installation {\n"
        f'  filesystem_mirror {{\n    path    = {mirror}\n    include = ["cloudstack/cloudstack"]\n  }}\n'
        '  direct {\n    exclude = ["cloudstack/cloudstack"]\n  }\n'
        "}\n"
    )
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        handle, name = tempfile.mkstemp(dir=cache, prefix=".terraform.rc.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    return path


if __name__ == "__main__":
    sys.exit(main())
