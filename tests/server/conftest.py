"""Running servers for the tests of a module; each test brings projects of its own name."""

from collections.abc import Iterator

import pytest

from support.object_store import ObjectStore
from support.postgresql import PostgreSQL
from support.server import TOKEN, RunningServer, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Everything in one folder, as on a laptop."""
    with running_server(tmp_path_factory.mktemp("server") / "index") as running:
        yield running


@pytest.fixture(scope="module", params=["folder", "postgresql-s3"])
def any_server(request: pytest.FixtureRequest) -> RunningServer:
    """The server of a laptop, and then that of a company: what holds for one holds for the other."""
    found: RunningServer = request.getfixturevalue("server" if request.param == "folder" else "company")
    return found


@pytest.fixture(scope="module")
def company(
    tmp_path_factory: pytest.TempPathFactory, postgresql: PostgreSQL, object_store: ObjectStore
) -> Iterator[RunningServer]:
    """PostgreSQL, S3, and two worker processes."""
    arguments = ["--workers", "2", "--database", postgresql.new_database()]
    arguments += ["--storage", object_store.new_storage()]
    folder = tmp_path_factory.mktemp("company") / "index"
    with running_server(folder, *arguments, token=TOKEN, environ=object_store.environment) as running:
        yield running
