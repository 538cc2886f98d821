"""One running server for the tests of a module; each test brings projects of its own name."""

from collections.abc import Iterator

import pytest

from support.server import RunningServer, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("server") / "index") as running:
        yield running
