"""The site of each end-to-end test: an emulator of its own, or the CloudStack that ``make live`` was given."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.emulator_site import EmulatorSite
from tests.e2e.emulator_site import emulator_site as started
from tests.e2e.live_site import VARIABLE, live_site
from tests.e2e.site import Site

HANG_SECONDS = 900
"""Many Terraform commands fit into this on a busy machine; a real server takes the time it takes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give whole lives of sets more time than other tests have."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(0 if VARIABLE in os.environ else HANG_SECONDS))


@pytest.fixture
def site(tmp_path: Path, terraform_settings: dict[str, str]) -> Iterator[Site]:
    """Where the body runs."""
    with (
        live_site(tmp_path, terraform_settings)
        if VARIABLE in os.environ
        else started(tmp_path, terraform_settings) as site
    ):
        yield site


@pytest.fixture
def emulator_site(
    request: pytest.FixtureRequest, tmp_path: Path, terraform_settings: dict[str, str]
) -> Iterator[EmulatorSite]:
    """Where the body runs if it needs what only the emulator can do, as its mark ``emulator_only`` says."""
    if VARIABLE in os.environ:
        mark = request.node.get_closest_marker("emulator_only")
        pytest.skip(f"only the emulator can do this: {mark.args[0]}")
    with started(tmp_path, terraform_settings) as site:
        yield site
