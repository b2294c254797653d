from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from toolchain.lock_files import problems

ROOT = Path(__file__).parents[2]
FILES = ("package.json", "package-lock.json", *(path.name for path in ROOT.glob("requirements*")))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path)
    for folder in ("provider", "opentofu"):
        (tmp_path / "toolchain" / folder).mkdir(parents=True)
        shutil.copy(ROOT / "toolchain" / folder / "go.mod", tmp_path / "toolchain" / folder)
    return tmp_path


def test_the_lock_files_hold_what_is_asked_for() -> None:
    assert list(problems(ROOT)) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        pytest.param("requirements.in", "cs>=5.2", "cs>=99", "asks for >=99", id="newer asked"),
        pytest.param("requirements-dev.in", "hypothesis", "hypothesis\nmissing-one", "lacks missing-one", id="missing"),
        pytest.param("requirements-cdktn.txt", "cdktn==", "cdktn>=", "is no exact version", id="not exact"),
        pytest.param("package.json", '"cdktf-cli": "0.21.0"', '"cdktf-cli": "0.20.0"', "package.json", id="npm"),
        pytest.param("toolchain/provider/go.mod", "provider v0.6.0\n", "provider v0.7.0\n", "go.mod", id="provider"),
        pytest.param("toolchain/opentofu/go.mod", "opentofu v1.10.6\n", "opentofu v1.9.0\n", "go.mod", id="opentofu"),
    ],
)
def test_a_lock_file_that_is_behind_is_found(project: Path, file: str, old: str, new: str, said: str) -> None:
    text = (project / file).read_text(encoding="utf-8")
    assert old in text
    (project / file).write_text(text.replace(old, new), encoding="utf-8")
    assert any(said in problem for problem in problems(project))
