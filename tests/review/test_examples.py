"""The pipelines in examples/: their scripts are run with bash on real plans, with stand-ins for what is not ours."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudstack_emulator import Emulator

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
PLANS = Path(__file__).parent / "plans"
GITHUB = EXAMPLES / "github-actions"
GITLAB = EXAMPLES / "gitlab-ci" / "pins.gitlab-ci.yml"
HCP = EXAMPLES / "hcp-terraform" / "review-run.sh"


def document(path: Path) -> dict[str, Any]:
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def github_steps(name: str) -> dict[str, str]:
    """The scripts of a workflow's steps by their names."""
    (job,) = document(GITHUB / name)["jobs"].values()
    return {step["name"]: step["run"] for step in job["steps"] if "run" in step}


def scripts() -> list[tuple[str, str]]:
    """Every script in every example."""
    found = [
        (f"{path.name}: {name}", script)
        for path in sorted(GITHUB.glob("*.yml"))
        for name, script in github_steps(path.name).items()
    ]
    for name, job in document(GITLAB).items():
        if isinstance(job, dict) and "script" in job:
            found.append((f"{GITLAB.name}: {name}", "\n".join(job["script"])))
    repos = document(EXAMPLES / "atlantis" / "repos.yaml")
    for step in repos["workflows"]["pins"]["plan"]["steps"]:
        if isinstance(step, dict) and "run" in step:
            found.append(("atlantis", step["run"]))
    return [*found, ("hcp-terraform", HCP.read_text(encoding="utf-8"))]


SCRIPTS = [pytest.param(script, id=name) for name, script in scripts()]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with `cloudstack-pins` on its own PATH and what a checkout has."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "cloudstack-pins"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m cloudstack_pins "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    (tmp_path / "plans").mkdir()
    shutil.copy(EXAMPLES / "pins-policy.toml", tmp_path)
    return tmp_path


def run(script: str, place: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join((str(place / "bin"), os.environ["PATH"]))
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=place,
        env={"PATH": paths, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_is_a_script(script: str) -> None:
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def commands() -> dict[str, set[str]]:
    """Our commands in all scripts, each with every option that it is given somewhere."""
    found: dict[str, set[str]] = {}
    for _, script in scripts():
        for line in script.splitlines():
            for match in re.finditer(r"(?:^|&&)\s*cloudstack-pins ([a-z-]+)([^|&>]*)", line.split("#")[0]):
                options = {word for word in shlex.split(match[2]) if word.startswith("--")}
                found.setdefault(match[1], set()).update(options)
    return found


@pytest.mark.parametrize(("command", "options"), sorted(commands().items()))
def test_every_command_of_ours_exists_with_its_options(command: str, options: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cloudstack_pins", command, "--help"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0
    assert {option for option in options if option not in done.stdout} == set()


@pytest.mark.parametrize(
    ("plan", "status"),
    [
        pytest.param("made/first-apply", 0, id="acceptable"),
        pytest.param("made/gap", 4, id="refused"),
    ],
)
def test_github_reviews_comments_and_refuses(plan: str, status: int, place: Path, emulator: Emulator) -> None:
    shutil.copy(PLANS / f"{plan}.json", place / "plans" / "sandbox.json")
    files = {"GITHUB_OUTPUT": str(place / "output"), "GITHUB_STEP_SUMMARY": str(place / "summary")}

    done = run(github_steps("pins-review.yml")["Review"], place, **files, **emulator.environment())

    assert done.returncode == 0, done.stderr
    assert (place / "output").read_text() == f"status={status}\n"
    assert (place / "summary").read_text() == (place / "comment.md").read_text()
    assert "<!-- cloudstack-pins review: sandbox -->" in (place / "comment.md").read_text()


def test_github_ends_at_an_error_of_the_review(place: Path, emulator: Emulator) -> None:
    (place / "plans" / "sandbox.json").write_text("{", encoding="utf-8")
    files = {"GITHUB_OUTPUT": str(place / "output"), "GITHUB_STEP_SUMMARY": str(place / "summary")}

    done = run(github_steps("pins-review.yml")["Review"], place, **files, **emulator.environment())

    assert done.returncode == 1
    assert not (place / "summary").exists()


def test_github_fails_the_check_only_where_the_review_refuses() -> None:
    (job,) = document(GITHUB / "pins-review.yml")["jobs"].values()

    last = job["steps"][-1]

    assert last["if"] == "steps.review.outputs.status == '4'"
    assert [step.get("uses", "").split("@")[0] for step in job["steps"]].index("marocchino/sticky-pull-request-comment")
    assert document(GITHUB / "pins-review.yml")["permissions"] == {"contents": "read", "pull-requests": "write"}


def sets(place: Path) -> Path:
    """Put the example set into the place, with its lock."""
    folder = place / "stacks" / "sandbox"
    shutil.copytree(ROOT / "stacks" / "sandbox", folder)
    shutil.copy(Path(__file__).parent / "data" / "pins.lock.json", folder)
    return folder


@pytest.fixture
def networked(emulator: Emulator, place: Path) -> Emulator:
    """The emulator after `bootstrap`: with the network that the example set names."""
    sets(place)
    done = run("cloudstack-pins bootstrap --yes stacks/sandbox", place, **emulator.environment())
    assert done.returncode == 0, done.stderr
    return emulator


def test_github_looks_for_stale_locks(networked: Emulator, place: Path) -> None:
    files = {"GITHUB_OUTPUT": str(place / "output"), "GITHUB_STEP_SUMMARY": str(place / "summary")}
    steps = github_steps("pins-lock.yml")
    assert run(steps["Lock"], place, **networked.environment()).returncode == 0
    fresh = run(steps["Check"], place, **files, **networked.environment())
    networked.advance(60)
    networked.register_template("Debian 12 (x86_64)")

    stale = run(steps["Check"], place, **files, **networked.environment())

    assert (fresh.returncode, stale.returncode) == (0, 0), stale.stderr
    assert (place / "output").read_text() == "status=0\nstatus=3\n"
    assert "- `debian-12: new template registered" in (place / "changes.md").read_text()
    assert (place / "summary").read_text().endswith((place / "changes.md").read_text())


class Recorder:
    """A GitLab or HCP Terraform of a few lines: answers by path, keeps what it was sent."""

    def __init__(self, answers: dict[str, tuple[int, bytes]]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str, bytes, str]] = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                token = self.headers.get("PRIVATE-TOKEN") or self.headers.get("Authorization") or ""
                recorder.asked.append((self.command, self.path, body, token))
                status, content = recorder.answers.get(self.path.split("?")[0], (200, b"{}"))
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", content.decode())
                    content = b""
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = _answer  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> Recorder:
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


NOTES = "/projects/1/merge_requests/2/notes"
OURS = {"id": 7, "system": False, "body": "old\n\n<!-- cloudstack-pins review: sandbox -->\n"}
OTHER = {"id": 6, "system": False, "body": "looks good"}


@pytest.mark.skipif(shutil.which("jq") is None or shutil.which("curl") is None, reason="the example needs jq and curl")
@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        pytest.param([OTHER], ("POST", NOTES), id="the first note"),
        pytest.param([OTHER, OURS], ("PUT", f"{NOTES}/7"), id="a note to replace"),
    ],
)
@pytest.mark.parametrize(("plan", "status"), [("made/first-apply", 0), ("made/gap", 4)], ids=["acceptable", "refused"])
def test_gitlab_keeps_one_note_and_fails_where_the_review_refuses(
    plan: str, status: int, notes: list[object], expected: tuple[str, str], place: Path, emulator: Emulator
) -> None:
    shutil.copy(PLANS / f"{plan}.json", place / "plans" / "sandbox.json")
    lines = document(GITLAB)["pins-review"]["script"]
    script = "\n".join(line for line in lines if "terraform" not in line and "main.py" not in line)

    with Recorder({NOTES: (200, json.dumps(notes).encode())}) as gitlab:
        done = run(
            script,
            place,
            CI_API_V4_URL=f"http://{gitlab.address}",
            CI_PROJECT_ID="1",
            CI_MERGE_REQUEST_IID="2",
            PINS_TOKEN="token",
            **emulator.environment(),
        )

    assert done.returncode == status, done.stderr
    method, path, body, token = gitlab.asked[-1]
    assert ((method, path), token) == (expected, "token")
    assert json.loads(body)["body"] == (place / "comment.md").read_text()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the example needs curl")
@pytest.mark.parametrize(("plan", "status"), [("made/first-apply", 0), ("made/gap", 4)], ids=["acceptable", "refused"])
def test_a_run_of_hcp_terraform_is_reviewed_by_its_plan(plan: str, status: int, place: Path) -> None:
    content = (PLANS / f"{plan}.json").read_bytes()
    with Recorder({"/archive": (200, content)}) as archive, Recorder({}) as hcp:
        away = f"http://{archive.address.replace('127.0.0.1', 'localhost')}/archive".encode()
        hcp.answers["/api/v2/runs/run-1/plan/json-output"] = (307, away)

        done = run(
            f"{HCP} run-1 --markdown comment.md", place, TFE_TOKEN="secret", TFE_ADDRESS=hcp.address, TFE_SCHEME="http"
        )

    assert done.returncode == status, done.stderr
    assert hcp.asked[0][3] == "Bearer secret"
    assert "run-1.json" in (place / "comment.md").read_text()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the example needs curl")
def test_a_run_that_may_not_be_read_is_an_error(place: Path) -> None:
    with Recorder({"/api/v2/runs/run-1/plan/json-output": (404, b"{}")}) as hcp:
        done = run(f"{HCP} run-1", place, TFE_TOKEN="secret", TFE_ADDRESS=hcp.address, TFE_SCHEME="http")

    assert done.returncode == 1
    assert "answers 404" in done.stderr


@pytest.mark.parametrize(("plan", "status"), [("made/first-apply", 0), ("made/gap", 4)], ids=["acceptable", "refused"])
def test_atlantis_fails_a_refused_plan(plan: str, status: int, place: Path, emulator: Emulator) -> None:
    terraform = place / "bin" / "terraform"
    terraform.write_text(f"#!/bin/sh\ncat {PLANS / plan}.json\n", encoding="utf-8")
    terraform.chmod(0o755)
    repos = document(EXAMPLES / "atlantis" / "repos.yaml")
    script = next(step["run"] for step in repos["workflows"]["pins"]["plan"]["steps"] if "run" in step)
    folder = place / "cdktf.out" / "stacks" / "sandbox"
    folder.mkdir(parents=True)

    done = run(f"cd {folder}\n{script}", place, PLANFILE="default.tfplan", **emulator.environment())

    assert done.returncode == status, done.stderr
    assert "replaces" in done.stdout


def test_the_policy_of_the_examples_is_one() -> None:
    from cloudstack_pins.review import load_policy

    policy = load_policy(EXAMPLES / "pins-policy.toml")

    assert policy.protected_templates == {"debian-12"}


def test_each_example_says_what_was_not_run() -> None:
    assert "Not run" in (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for folder in ("github-actions", "gitlab-ci", "atlantis", "hcp-terraform"):
        assert f"`{folder}/" in (EXAMPLES / "README.md").read_text(encoding="utf-8")
