import pytest

from demo.shelf import CP311, Shelf
from rewheel.demo import IndexMarket
from rewheel.demo.pantry import open_pantry
from rewheel.indexes import Client, HashMismatch, HttpSettings, Sources
from support.index_server import Fault, IndexServer


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "shelf").put()


@pytest.fixture
def server(shelf):
    with IndexServer(shelf.folder) as running:
        yield running


@pytest.fixture
def client():
    with Client(HttpSettings(retries=0, timeout=10)) as opened:
        yield opened


def test_the_real_wheels_come_from_the_configured_index(tmp_path, server, client):
    market = IndexMarket(Sources.build(client, index_url=server.simple_url), client)
    pantry = open_pantry(tmp_path / "cache", CP311, lambda: market, print)
    assert pantry.numpy_version == "2.2.5"
    assert server.count("/files/*.whl") == 3
    open_pantry(tmp_path / "cache", CP311, lambda: market, print)
    assert server.count("/files/*.whl") == 3


def test_a_folder_of_wheels_will_do_as_well(tmp_path, shelf, client):
    market = IndexMarket(Sources.build(client, find_links=[str(shelf.folder)], no_index=True), client)
    assert open_pantry(tmp_path / "cache", CP311, lambda: market, print).numpy_version == "2.2.5"


def test_a_wheel_that_is_not_what_the_index_announced_is_refused(tmp_path, server, client):
    server.faults["/files/*aarch64.whl"] = Fault(body=b"something else")
    market = IndexMarket(Sources.build(client, index_url=server.simple_url), client)
    with pytest.raises(HashMismatch):
        open_pantry(tmp_path / "cache", CP311, lambda: market, print)
    assert list((tmp_path / "cache/demo").iterdir()) == []
