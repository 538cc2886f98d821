"""The database and the store that other tests use are real, and are told apart from test to test."""

import hashlib
import http.client
from datetime import timedelta
from pathlib import Path

import pytest

from rewheel.server.blobs import open_blobs
from rewheel.server.catalog.moments import now
from rewheel.server.settings import ServerSettings
from support.gate import Gate
from support.object_store import ObjectStore
from support.postgresql import PostgreSQL

obstore = pytest.importorskip("obstore")
psycopg = pytest.importorskip("psycopg")


def test_every_test_has_a_database_of_its_own(postgresql: PostgreSQL) -> None:
    one, other = postgresql.new_database(), postgresql.new_database()
    with psycopg.connect(one, autocommit=True) as connection:
        connection.execute("CREATE TABLE here (id integer)")
    with psycopg.connect(other) as connection:
        found = connection.execute("SELECT to_regclass('here')").fetchone()
    assert found == (None,)


def test_a_database_server_can_go_and_come_back(postgresql: PostgreSQL) -> None:
    url = postgresql.new_database()
    postgresql.stop()
    try:
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url).close()
    finally:
        postgresql.start()
    psycopg.connect(url).close()


def test_the_store_wants_its_keys_and_refuses_to_overwrite_when_asked(object_store: ObjectStore) -> None:
    from obstore.exceptions import AlreadyExistsError
    from obstore.store import S3Store

    store = S3Store(
        "proof",
        endpoint=object_store.endpoint,
        access_key_id=object_store.access_key,
        secret_access_key=object_store.secret_key,
        region="us-east-1",
        client_options={"allow_http": True},
    )
    obstore.put(store, "key", b"first")
    with pytest.raises(AlreadyExistsError):
        obstore.put(store, "key", b"second", mode="create")
    assert bytes(obstore.get_range(store, "key", start=1, end=3)) == b"ir"
    connection = http.client.HTTPConnection("127.0.0.1", object_store.port, timeout=10)
    connection.request("GET", "/proof/key")
    assert connection.getresponse().status == 403
    connection.close()


def test_a_closed_gate_is_a_server_that_is_gone(object_store: ObjectStore) -> None:
    def status() -> int:
        connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=10)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status
        finally:
            connection.close()

    with Gate(object_store.port) as gate:
        assert status() == 403
        gate.close()
        with pytest.raises(ConnectionError):
            status()
        gate.open()
        assert status() == 403


def test_an_object_goes_only_if_it_is_old(
    tmp_path: Path, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in object_store.environment.items():
        monkeypatch.setenv(name, value)
    blobs = open_blobs(ServerSettings(data=tmp_path, storage=object_store.new_storage()))
    sha256 = hashlib.sha256(b"object").hexdigest()
    blobs.put_bytes(sha256, b"object")
    assert not blobs.delete_old(sha256, now() - timedelta(hours=2))
    assert blobs.size(sha256) == 6
    assert blobs.delete_old(sha256, now() + timedelta(hours=2))
    assert blobs.size(sha256) is None
    assert not blobs.delete_old(sha256, now() + timedelta(hours=2))
