from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rewheel.indexes import Cache, Client, File, HttpSettings, IndexSource
from support.index_server import IndexServer
from support.tls import make_certificate, server_context
from support.wheel_factory import make_wheel, write_index_file

VARIANT = {"x86_64": {"level": ["v3"]}}


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder with a plain and a variant wheel of foo 1.0, their index file, and a wheel of bar."""
    folder = tmp_path / "wheels"
    make_wheel(folder, "foo")
    make_wheel(folder, "foo", label="v3", properties=VARIANT)
    write_index_file(folder, "foo", "1.0", {"v3": VARIANT})
    make_wheel(folder, "bar", "2.0", requires=["foo"])
    return folder


@pytest.fixture
def server(wheels: Path) -> Iterator[IndexServer]:
    with IndexServer(wheels) as running:
        yield running


@pytest.fixture
def waits() -> list[float]:
    """What the client would have slept, in seconds."""
    return []


@pytest.fixture
def new_client(tmp_path: Path, waits: list[float]) -> Iterator[Callable[..., Client]]:
    """Make clients that share one cache on disk, and never really wait."""
    made = []

    def new(settings: HttpSettings | None = None, **options: object) -> Client:
        options.setdefault("cache", Cache(tmp_path / "cache"))
        client = Client(settings or HttpSettings(timeout=5), sleep=waits.append, **options)  # type: ignore[arg-type]
        made.append(client)
        return client

    yield new
    for client in made:
        client.close()


@pytest.fixture
def client(new_client: Callable[..., Client]) -> Client:
    return new_client()


@pytest.fixture
def find(server: IndexServer) -> Callable[..., File]:
    """Find a file of the server by the start of its name."""

    def find(client: Client, start: str) -> File:
        page = IndexSource(server.simple_url, client).page(start.partition("-")[0])
        assert page is not None
        return next(file for file in page.files if file.filename.startswith(start))

    return find


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PEM file with key and certificate for 127.0.0.1, and its authority."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls_server(wheels: Path, certificate: Path) -> Iterator[IndexServer]:
    with IndexServer(wheels, tls=server_context(certificate)) as running:
        yield running
