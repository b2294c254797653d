"""Terraform with the real provider, in a folder that holds one stack's cdk.tf.json."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from benchmarks.measure import Run, measured

PLAN = "plan.bin"


def initialise(folder: Path, environment: Mapping[str, str]) -> None:
    """Run ``terraform init``, which finds the provider in its mirror."""
    terraform(folder, environment, "init", "-input=false")


def plan(folder: Path, environment: Mapping[str, str], *arguments: str) -> Run:
    """Plan into the file ``PLAN``; whether there are changes makes no difference."""
    return terraform(folder, environment, "plan", "-input=false", f"-out={PLAN}", *arguments)


def terraform(folder: Path, environment: Mapping[str, str], *command: str, accepted: Collection[int] = (0,)) -> Run:
    """Run one command of Terraform without colours."""
    return measured(
        ["terraform", command[0], "-no-color", *command[1:]], cwd=folder, environment=environment, accepted=accepted
    )
