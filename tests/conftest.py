"""What holds for all tests."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from support.object_store import ObjectStore
from support.postgresql import PostgreSQL
from support.server import Company, RunningServer, running_company, running_server

# Modules would otherwise be compiled by processes that outlive the test; those of bytecode ask for it.
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

# A slow or busy machine is no failure.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A real PostgreSQL, started by the first test of a process that needs it."""
    with PostgreSQL() as running:
        yield running


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    """A real S3 store, started by the first test of a process that needs it."""
    with ObjectStore() as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Everything in one folder, as on a laptop."""
    with running_server(tmp_path_factory.mktemp("server") / "index") as running:
        yield running


@pytest.fixture(scope="module")
def company(
    tmp_path_factory: pytest.TempPathFactory, postgresql: PostgreSQL, object_store: ObjectStore
) -> Iterator[Company]:
    """PostgreSQL, S3, and two servers of their own, which take turns behind one address."""
    place = ["--database", postgresql.new_database(), "--storage", object_store.new_storage()]
    folder = tmp_path_factory.mktemp("company")
    with running_company(folder, *place, environ=object_store.environment) as running:
        yield running


@pytest.fixture(scope="module", params=["folder", "postgresql-s3"])
def any_server(request: pytest.FixtureRequest) -> RunningServer:
    """The server of a laptop, and then those of a company: what holds for one holds for the others.

    Tests of one module share them; each brings projects of its own name.
    """
    found: RunningServer = request.getfixturevalue("server" if request.param == "folder" else "company")
    return found
