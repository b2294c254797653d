from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from toolchain.caches import cache_folder
from toolchain.go_build import ToolchainError
from toolchain.terraform_provider import OPENTOFU_SOURCE, binary_in, platform_name, provide, registry_answers

ROOT = Path(__file__).parents[2]


def a_go(folder: Path, body: str) -> dict[str, str]:
    """An environment with a compiler that notes each build and does ``body``; ``$out`` is the file to make."""
    folder.mkdir()
    go = folder / "go"
    go.write_text(
        f'#!/bin/sh\necho build >> "{folder}/builds"\nwhile [ "$1" != -o ]; do shift; done\nout=$2\n{body}\n',
        encoding="utf-8",
    )
    go.chmod(0o755)
    return {"PATH": os.pathsep.join((str(folder), "/usr/bin", "/bin"))}


def test_without_a_registry_the_provider_is_built_once_and_found_after(tmp_path: Path) -> None:
    environ = a_go(tmp_path / "bin", 'echo provider > "$out"')
    cache = tmp_path / "cache"
    for _ in range(2):
        configuration = provide(cache, environ, registry=lambda: False)
    assert binary_in(cache).read_text(encoding="utf-8") == "provider\n"
    assert os.access(binary_in(cache), os.X_OK)
    assert (tmp_path / "bin" / "builds").read_text(encoding="utf-8") == "build\n"
    assert str(cache / "mirror") in configuration.read_text(encoding="utf-8")
    assert sorted(path.name for path in binary_in(cache).parent.iterdir()) == [binary_in(cache).name]


def test_opentofu_finds_the_same_provider_under_its_own_registry(tmp_path: Path) -> None:
    environ = a_go(tmp_path / "bin", 'echo provider > "$out"')
    for _ in range(2):
        provide(tmp_path, environ, registry=lambda: False)
    beside = binary_in(tmp_path, OPENTOFU_SOURCE)
    assert beside.samefile(binary_in(tmp_path))
    assert [path.name for path in beside.parent.iterdir()] == [beside.name]


def test_several_at_once_build_it_once(tmp_path: Path) -> None:
    environ = a_go(tmp_path / "bin", 'sleep 0.1; echo provider > "$out"')
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: provide(tmp_path / "cache", environ, registry=lambda: False), range(4)))
    assert len(set(paths)) == 1
    assert (tmp_path / "bin" / "builds").read_text(encoding="utf-8") == "build\n"


def test_a_failed_build_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    environ = a_go(tmp_path / "bin", 'echo half > "$out"; echo "no such module" >&2; exit 1')
    with pytest.raises(ToolchainError, match=r"(?s)no such module.*go env GOPROXY"):
        provide(tmp_path / "cache", environ, registry=lambda: False)
    assert list(binary_in(tmp_path / "cache").parent.iterdir()) == []


def test_without_registry_and_go_the_repair_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match=r"install Go 1\.23 or newer"):
        provide(tmp_path / "cache", {"PATH": str(tmp_path)}, registry=lambda: False)


def test_a_registry_that_does_not_deliver_is_no_end(tmp_path: Path) -> None:
    environ = a_go(tmp_path / "bin", 'echo built > "$out"')
    terraform = tmp_path / "bin" / "terraform"
    terraform.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    terraform.chmod(0o755)
    provide(tmp_path / "cache", environ, registry=lambda: True)
    assert binary_in(tmp_path / "cache").read_text(encoding="utf-8") == "built\n"


def test_what_the_registry_delivers_is_unpacked(tmp_path: Path) -> None:
    environ = a_go(tmp_path / "bin", "exit 1")
    terraform = tmp_path / "bin" / "terraform"
    name = (
        f"mirror/registry.terraform.io/cloudstack/cloudstack/terraform-provider-cloudstack_0.6.0_{platform_name()}.zip"
    )
    pack = (
        "import sys, zipfile; zipfile.ZipFile(sys.argv[1], 'w').writestr('terraform-provider-cloudstack_v0.6.0', 'p')"
    )
    terraform.write_text(
        f'#!/bin/sh\nmkdir -p "$(dirname {name})"\n{sys.executable} -c "{pack}" {name}\n', encoding="utf-8"
    )
    terraform.chmod(0o755)
    provide(tmp_path / "cache", environ, registry=lambda: True)
    assert binary_in(tmp_path / "cache").read_text(encoding="utf-8") == "p"


def test_a_registry_that_is_not_there_is_found_out_soon() -> None:
    assert not registry_answers("http://127.0.0.1:9/", seconds=1)


def test_the_cache_is_the_users() -> None:
    assert cache_folder({}) == Path.home() / ".cache" / "cloudstack-pins"
    assert cache_folder({"XDG_CACHE_HOME": "/var/cache/me"}) == Path("/var/cache/me/cloudstack-pins")
    assert cache_folder({"XDG_CACHE_HOME": "relative"}) == Path.home() / ".cache" / "cloudstack-pins"


def test_the_command_prints_one_path(terraform_settings: dict[str, str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "toolchain.terraform_provider"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert Path(ran.stdout.strip()).is_file()
    assert ran.stdout.strip() == terraform_settings["TF_CLI_CONFIG_FILE"]
