from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolchain.audit import CannotAudit, accepted, main, of_npm, of_pip_audit

VULNERABLE = {
    "name": "jinja2",
    "version": "3.1.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1.3"], "aliases": ["CVE-1"], "description": "..."}],
}
SOUND = {"name": "attrs", "version": "26.1.0", "vulns": []}
SKIPPED = {"name": "cs", "skip_reason": "Dependency not found on PyPI and could not be audited: cs (5.2.0)"}


def pip(*dependencies: object) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


def test_what_pip_audit_finds_is_told_with_its_ids_and_its_cure() -> None:
    assert [str(each) for each in of_pip_audit(pip(SOUND, VULNERABLE))] == [
        "jinja2 3.1.0: PYSEC-1, CVE-1; mended in 3.1.3"
    ]
    assert of_pip_audit(pip(SOUND)) == []


@pytest.mark.parametrize(
    ("output", "complaint", "reason"),
    [
        pytest.param(
            pip(SOUND, SKIPPED), "", "no advisories for 1 packages, such as cs", id="index without advisories"
        ),
        pytest.param("", "Traceback\nConnectionError: nobody there\n", "nobody there", id="no connection"),
        pytest.param("[]", "", "no answer", id="another answer"),
    ],
)
def test_no_answer_is_not_taken_for_a_good_one(output: str, complaint: str, reason: str) -> None:
    with pytest.raises(CannotAudit, match=reason):
        of_pip_audit(output, complaint)


def test_npms_advisories_are_told_once_by_the_package_that_has_them() -> None:
    via = {"source": 1, "url": "https://github.com/advisories/GHSA-1", "title": "..."}
    found = {
        "tar": {"range": "<6.2.1", "via": [via]},
        "cacache": {"range": "*", "via": ["tar"]},
    }

    assert [str(each) for each in of_npm(json.dumps({"vulnerabilities": found}))] == [
        "tar <6.2.1: https://github.com/advisories/GHSA-1"
    ]


@pytest.mark.parametrize("output", ['{"message": "405 Method Not Allowed", "method": "POST"}', "", '{"error": {}}'])
def test_a_registry_without_advisories_is_none_that_has_no_complaint(output: str) -> None:
    with pytest.raises(CannotAudit):
        of_npm(output)


def test_accepted_advisories_have_an_id_and_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "accepted.txt"
    path.write_text("# words\n\nCVE-1 we never parse that\n", encoding="utf-8")

    assert accepted(path) == {"CVE-1": "we never parse that"}
    assert all(accepted().values())


def test_where_nothing_can_be_asked_a_check_says_so_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert main(["--where-possible"], pip_audit=tmp_path / "none") == 0
    assert "audit: requirements.txt: skipped: pip-audit is not installed; `make audit` installs it" in (
        capsys.readouterr().err
    )
    assert main([], pip_audit=tmp_path / "none") == 1
