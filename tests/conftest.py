"""What holds for all tests."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from support.object_store import ObjectStore
from support.postgresql import PostgreSQL

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
