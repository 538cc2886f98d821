"""Pages for people of projects that only an upstream index has: made once, as fresh as installers' pages."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from starlette.requests import Request
from starlette.types import Message

from rewheel.server.catalog import upstreams
from rewheel.server.catalog.moments import now
from rewheel.server.pages.views import PublicPages
from rewheel.server.running import prepare
from rewheel.server.services import Services
from rewheel.server.settings import ServerSettings, Upstream
from support.index_server import Fault, IndexServer
from support.wheel_factory import make_wheel, write_index_file

VARIANT = {"x86_64": {"level": ["v3"]}}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    with IndexServer(tmp_path / "outside", etag=True) as running:
        yield running


@pytest.fixture
def services(tmp_path: Path, index: IndexServer) -> Iterator[Services]:
    settings = ServerSettings(
        data=tmp_path / "index", upstreams=(Upstream("outside", index.simple_url),), upstream_lifetime=0
    )
    prepare(settings)
    services = Services.open(settings)
    yield services
    services.close()


@pytest.fixture
def pages(services: Services) -> Iterator[PublicPages]:
    pages = PublicPages(services)
    yield pages
    pages.close()


def shown(pages: PublicPages, version: str = "", *, releases: bool = False) -> str:
    """Return the text of a page, as the application would send it."""
    names = {"name": "foo"} | ({"version": version} if version else {})
    scope = {
        "type": "http", "method": "GET", "scheme": "http", "server": ("127.0.0.1", 80),
        "path": "/project/foo/", "headers": [(b"host", b"here")], "query_string": b"", "client": None,
        "path_params": names,
    }  # fmt: skip
    sent: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))

    async def answer() -> None:
        made = await (pages.releases if releases else pages.project)(Request(scope))
        await made(scope, receive, send)

    anyio.run(answer)
    return b"".join(sent).decode()


def hits(pages: PublicPages) -> int:
    return pages._cache.hits


def test_a_page_is_made_once_until_the_upstream_index_says_something_else(
    pages: PublicPages, index: IndexServer
) -> None:
    shelf = index.directories[0]
    make_wheel(shelf, "foo")
    first = shown(pages)
    assert "This project comes from outside" in first
    assert (shown(pages), hits(pages)) == (first, 1)
    listed = shown(pages, releases=True)
    assert (shown(pages, releases=True), hits(pages)) == (listed, 2)
    make_wheel(shelf, "foo", "2.0")
    assert "2.0" in shown(pages)
    assert "2.0" in shown(pages, releases=True)
    assert hits(pages) == 2
    index.faults["/simple/foo/"] = Fault(status=500, times=100)
    stale = shown(pages)
    assert "That index does not answer at the moment" in stale
    assert (shown(pages), hits(pages)) == (stale, 3)


def test_it_is_made_anew_when_metadata_has_come(
    pages: PublicPages, services: Services, index: IndexServer
) -> None:
    wheel = make_wheel(index.directories[0], "foo", headers=["Summary: What it is for"])
    assert "What it is for" not in shown(pages)
    metadata = b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\nSummary: What it is for\n"
    digest = hashlib.sha256(metadata).hexdigest()
    services.blobs.put_bytes(digest, metadata)
    with services.database.write() as connection:
        sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
        kept = upstreams.KeptFile("foo", sha256, None, None, digest, now())
        upstreams.keep_file(connection, "outside", wheel.name, kept)
    assert "What it is for" in shown(pages)
    assert hits(pages) == 0


def test_a_page_that_lacks_its_index_file_is_not_kept(pages: PublicPages, index: IndexServer) -> None:
    shelf = index.directories[0]
    make_wheel(shelf, "foo", label="v3", properties=VARIANT)
    described = write_index_file(shelf, "foo", "1.0", {"v3": VARIANT})
    index.faults[f"/files/{described.name}"] = Fault(status=500, times=2)
    assert "cannot be had at the moment" in shown(pages)
    index.faults.clear()
    assert '<span class="value">v3</span>' in shown(pages)
    assert hits(pages) == 0


def test_a_page_that_was_let_go_of_and_fetched_again_has_another_serial(services: Services) -> None:
    with services.database.write() as connection:
        first = upstreams.keep_page(connection, "outside", "foo", etag="", text="one")
        assert upstreams.keep_page(connection, "outside", "foo", etag="", text="two") == first + 1
        assert upstreams.shrink_pages(connection, 1) == 1
        assert not upstreams.touch_page(connection, "outside", "foo")
        assert upstreams.find_page(connection, "outside", "foo") is None
        assert upstreams.keep_page(connection, "outside", "foo", etag="", text="three") >= first
