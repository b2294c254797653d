from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.run_task.hcp_stand_in import Hcp
from tests.run_task.service import Service, serving


@pytest.fixture(scope="module")
def standing() -> Iterator[Hcp]:
    with Hcp() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def shared(standing: Hcp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(standing, tmp_path_factory.mktemp("service")) as started:
        yield started


@pytest.fixture
def hcp(standing: Hcp) -> Hcp:
    """The stand-in, with nothing left of the test before."""
    standing.forget()
    return standing


@pytest.fixture
def service(hcp: Hcp, shared: Service) -> Service:
    """A service that no test stops."""
    return shared


@pytest.fixture
def own_service(hcp: Hcp, tmp_path: Path) -> Iterator[Service]:
    """A service of the test's own, to be stopped or counted."""
    with serving(hcp, tmp_path) as started:
        yield started
