"""A wheel that lies outside of its index: fetched like any other, and its owner named when it cannot be."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rewheel.indexes import Client, ExternalHostFailed, File, HashMismatch, IndexSource
from rewheel.wheels import dismount
from support.index_server import JSON, Fault, IndexServer, Response

WHEEL = "foo-1.0-py3-none-any.whl"
RIM = "/rims/foo-1.0-py3-none-any.rim"


@pytest.fixture
def host(wheels: Path) -> Iterator[IndexServer]:
    with IndexServer(wheels) as running:
        yield running


@pytest.fixture
def list_wheel(server: IndexServer, host: IndexServer, wheels: Path) -> Callable[..., None]:
    """Let the index list the wheel of the host, and have its rim."""
    rim = dismount(wheels / WHEEL, uri="https://example.com/", owner="acme", output=wheels.parent)
    server.responses[RIM] = Response(rim.read_bytes(), "application/zip")

    def list_wheel(**changes: Any) -> None:
        place = {
            "url": RIM,
            "hashes": {"sha256": hashlib.sha256(rim.read_bytes()).hexdigest()},
            "owner": "somebody",
            "support": "mailto:wheels@acme.example",
            **changes,
        }
        entry = {
            "filename": WHEEL,
            "url": host.file_url(WHEEL),
            "hashes": {"sha256": hashlib.sha256((wheels / WHEEL).read_bytes()).hexdigest()},
            "_rim": place,
        }
        page = {"meta": {"api-version": "1.4"}, "name": "foo", "versions": ["1.0"], "files": [entry]}
        server.responses["/simple/foo/"] = Response(json.dumps(page).encode(), JSON)

    list_wheel()
    return list_wheel


def listed(server: IndexServer, client: Client) -> File:
    page = IndexSource(server.simple_url, client, name="our index").page("foo")
    assert page is not None
    return page.files[0]


@pytest.mark.usefixtures("list_wheel")
class TestAnExternalWheel:
    def test_it_is_fetched_and_verified(
        self, server: IndexServer, client: Client, tmp_path: Path, wheels: Path
    ) -> None:
        path = client.download(listed(server, client), tmp_path / "out")
        assert path.read_bytes() == (wheels / WHEEL).read_bytes()
        assert RIM not in server.paths()

    def test_759_c3_a_tampered_wheel_is_refused(
        self, server: IndexServer, host: IndexServer, client: Client, tmp_path: Path
    ) -> None:
        host.faults["/files/*"] = Fault(body=b"something else")
        with pytest.raises(HashMismatch) as caught:
            client.download(listed(server, client), tmp_path / "out")
        assert "ask acme for help: wheels@acme.example" in caught.value.hint

    def test_759_c6_a_host_that_is_down(
        self, server: IndexServer, host: IndexServer, client: Client, tmp_path: Path
    ) -> None:
        file = listed(server, client)
        host.stop()
        with pytest.raises(ExternalHostFailed) as caught:
            client.download(file, tmp_path / "out")
        assert caught.value.owner == "acme"  # as the rim has it, whatever the page says
        assert f"{WHEEL} lies with acme, not with the index" in str(caught.value)
        assert caught.value.hint == (
            "ask acme for help: wheels@acme.example; the people who run our index cannot help"
        )

    @pytest.mark.parametrize("status", [403, 404, 410, 503])
    def test_a_host_that_does_not_have_it(
        self, server: IndexServer, host: IndexServer, client: Client, tmp_path: Path, status: int
    ) -> None:
        host.faults["/files/*"] = Fault(status=status)
        for fetch in (lambda file: client.download(file, tmp_path / "out"), client.open_wheel):
            with pytest.raises(ExternalHostFailed, match="acme"):
                fetch(listed(server, client))


def test_the_page_names_the_owner_where_the_rim_is_lost(
    server: IndexServer, host: IndexServer, client: Client, tmp_path: Path, list_wheel: Callable[..., None]
) -> None:
    list_wheel(hashes={"sha256": "0" * 64}, support="javascript:alert(1)")
    file = listed(server, client)
    host.stop()
    with pytest.raises(ExternalHostFailed) as caught:
        client.download(file, tmp_path / "out")
    assert caught.value.owner == "somebody"
    assert "javascript" not in caught.value.hint


@pytest.mark.parametrize(
    "place", [None, [], {}, {"url": 1}, {"url": "file:///etc/passwd"}, {"url": "ftp://x/y"}, {"owner": "x"}]
)
def test_places_that_make_no_sense(
    server: IndexServer, client: Client, list_wheel: Callable[..., None], place: Any
) -> None:
    list_wheel()
    page = json.loads(server.responses["/simple/foo/"].body)
    page["files"][0]["_rim"] = place
    server.responses["/simple/foo/"] = Response(json.dumps(page).encode(), JSON)
    assert listed(server, client).rim is None


def test_owners_that_make_no_sense_are_not_shown(
    server: IndexServer, host: IndexServer, client: Client, tmp_path: Path, list_wheel: Callable[..., None]
) -> None:
    list_wheel(url="/nowhere.rim", owner="ask \x1b[31m me", support="mailto:a b")
    file = listed(server, client)
    host.stop()
    with pytest.raises(ExternalHostFailed) as caught:
        client.download(file, tmp_path / "out")
    assert caught.value.owner == "its owner"
    assert "mailto" not in caught.value.hint
