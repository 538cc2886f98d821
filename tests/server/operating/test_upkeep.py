"""What a server does for itself: counts are kept, caches shrink, and what nobody needs any more goes."""

import hashlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st
from sqlalchemy import delete, select, update

from rewheel.server.blobs.storage import Entry
from rewheel.server.catalog import downloads, facts, loose, projects, releases, search, upstreams
from rewheel.server.catalog.moments import now
from rewheel.server.catalog.releases import Description
from rewheel.server.catalog.schema import (
    downloads as downloads_table,
    files,
    loose_blobs,
    search_terms,
    upstream_files,
    upstream_pages,
)
from rewheel.server.operating import wording
from rewheel.server.operating.ledger import Ledger
from rewheel.server.operating.referenced import Reference
from rewheel.server.operating.upkeep import Tidied, tidy
from rewheel.server.running import prepare
from rewheel.server.services import Services
from rewheel.server.settings import ServerSettings
from support.server import RunningServer, running_server
from support.upload2 import Uploader
from support.wheel_factory import make_wheel

if TYPE_CHECKING:
    from support.postgresql import PostgreSQL

LONG_AGO = timedelta(days=3)


@pytest.fixture(params=["sqlite", "postgresql"])
def services(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    database = ""
    if request.param == "postgresql":
        found: PostgreSQL = request.getfixturevalue("postgresql")
        database = found.new_database()
    settings = ServerSettings(data=tmp_path / "index", database=database, upstream_cache_limit=1000)
    prepare(settings)
    services = Services.open(settings)
    yield services
    services.close()


def open_services(server: RunningServer) -> Services:
    return Services.open(ServerSettings(data=server.data))


def put(services: Services, content: bytes, *, age: timedelta = LONG_AGO) -> str:
    sha256 = hashlib.sha256(content).hexdigest()
    services.blobs.put_bytes(sha256, content)
    path = services.blobs.path(sha256)
    assert path is not None
    moment = time.time() - age.total_seconds()
    os.utime(path, (moment, moment))
    return sha256


def cache(
    services: Services, name: str, content: bytes, *, used: timedelta, metadata: str | None = None
) -> str:
    sha256 = put(services, content)
    with services.database.write() as connection:
        kept = upstreams.KeptFile("foo", sha256, sha256, len(content), metadata, now())
        upstreams.keep_file(connection, "outside", name, kept)
        connection.execute(
            update(upstream_files).where(upstream_files.c.filename == name).values(used_at=now() - used)
        )
    return sha256


def age_loose(services: Services, by: timedelta = LONG_AGO) -> None:
    """Let what was let go of have been so for long."""
    with services.database.write() as connection:
        connection.execute(update(loose_blobs).values(since=now() - by))


def cached(services: Services) -> set[str]:
    with services.database.read() as connection:
        query = select(upstream_files.c.filename).where(upstream_files.c.cached_sha256.is_not(None))
        return set(connection.execute(query).scalars())


class TestCacheLimit:
    def test_what_nobody_has_wanted_for_longest_goes_first_and_only_hours_later(
        self, services: Services
    ) -> None:
        hashes = {
            name: cache(services, name, name.encode() * 200, used=timedelta(days=days))
            for name, days in (("a1", 1), ("b4", 4), ("c2", 2), ("d3", 3))
        }
        assert tidy(services) == Tidied(evicted=2)  # 1600 bytes, of which at most 900 stay
        assert cached(services) == {"a1", "c2"}
        assert all(services.blobs.size(sha256) for sha256 in hashes.values())
        age_loose(services)
        assert tidy(services) == Tidied(blobs=2)
        assert [name for name, sha256 in hashes.items() if services.blobs.size(sha256)] == ["a1", "c2"]
        assert tidy(services) == Tidied()

    def test_pages_that_nobody_has_wanted_for_longest_go_first(self, services: Services) -> None:
        small = replace(services, settings=replace(services.settings, upstream_pages_limit=5000))
        with services.database.write() as connection:
            for name, days in (("a1", 1), ("b4", 4), ("c2", 2), ("d3", 3), ("absent", 5)):
                text = "" if name == "absent" else "x" * 1000
                upstreams.keep_page(connection, "outside", name, etag="", text=text)
                moment = now() - timedelta(days=days)
                connection.execute(
                    update(upstream_pages).where(upstream_pages.c.project == name).values(used_at=moment)
                )
        assert tidy(small) == Tidied(pages=2)  # of 6500 at most 4500 stay
        with services.database.read() as connection:
            left = set(connection.execute(select(upstream_pages.c.project)).scalars())
            assert left == {"a1", "c2", "d3"}
        assert tidy(small) == Tidied()

    def test_what_fits_stays(self, services: Services) -> None:
        cache(services, "a", b"a" * 1000, used=LONG_AGO)
        assert tidy(services) == Tidied()

    def test_metadata_stays_known(self, services: Services) -> None:
        metadata = put(services, b"Metadata-Version: 2.1")
        cache(services, "a", b"a" * 2000, used=LONG_AGO, metadata=metadata)
        assert tidy(services).evicted == 1
        with services.database.read() as connection:
            kept = upstreams.find_file(connection, "outside", "a")
        assert kept is not None
        assert (kept.cached_sha256, kept.metadata_sha256) == (None, metadata)
        age_loose(services)
        assert tidy(services).blobs == 1
        assert services.blobs.size(metadata)

    def test_a_blob_that_something_else_needs_stays(self, services: Services) -> None:
        for column in ("sha256", "metadata_sha256"):
            content = column.encode() * 200
            sha256 = cache(services, column, content, used=LONG_AGO)
            with services.database.write() as connection:
                upstreams.keep_file(
                    connection,
                    "outside",
                    f"{column}-too",
                    upstreams.KeptFile("foo", "", None, 1, sha256, now()),
                )
        assert tidy(services).evicted == 2
        age_loose(services)
        assert tidy(services).blobs == 0
        with services.database.read() as connection:
            assert not connection.execute(select(loose_blobs)).all()


class TestLooseBlobs:
    def test_what_was_put_again_meanwhile_stays(self, services: Services) -> None:
        sha256 = put(services, b"again")
        with services.database.write() as connection:
            loose.let_go(connection, [sha256, None])
        age_loose(services)
        services.blobs.put_bytes(sha256, b"again")  # an upload that the catalog does not speak of yet
        assert tidy(services) == Tidied()
        assert services.blobs.size(sha256)
        age_loose(services)
        moment = time.time() - LONG_AGO.total_seconds()
        os.utime(services.blobs.path(sha256), (moment, moment))
        assert tidy(services) == Tidied(blobs=1)

    def test_putting_and_deleting_at_the_same_time_never_loses_what_was_put(self, services: Services) -> None:
        content = b"contested"
        for _ in range(60):
            sha256 = put(services, content)
            threads = [
                threading.Thread(target=services.blobs.put_bytes, args=(sha256, content)),
                threading.Thread(target=services.blobs.delete_old, args=(sha256, now() - timedelta(hours=2))),
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert services.blobs.size(sha256) == len(content)

    def test_several_processes_at_once(self, services: Services) -> None:
        hashes = [put(services, f"{n}".encode()) for n in range(300)]
        with services.database.write() as connection:
            loose.let_go(connection, hashes)
        age_loose(services)
        others = [Services.open(services.settings) for _ in range(3)]
        done: list[Tidied] = []
        threads = [threading.Thread(target=lambda each=each: done.append(tidy(each))) for each in others]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for each in others:
            each.close()
        assert sum(tidied.blobs for tidied in done) == 300
        assert not any(services.blobs.size(sha256) for sha256 in hashes)

    def test_one_process_of_all_has_its_turn(self, services: Services) -> None:
        def claim() -> bool:
            with services.database.write() as connection:
                return facts.claim(connection, "turn", timedelta(minutes=5))

        assert [claim() for _ in range(3)] == [True, False, False]
        with services.database.write() as connection:
            facts.keep_fact(connection, "turn", (now() - timedelta(minutes=6)).isoformat())
        assert [claim() for _ in range(3)] == [True, False, False]

    def test_what_killed_uploads_have_left(self, services: Services) -> None:
        old, young = services.spool / "old", services.spool / "young"
        for folder in (old, young):
            folder.mkdir()
            (folder / "x.whl").write_bytes(b"x")
        moment = time.time() - LONG_AGO.total_seconds()
        os.utime(old, (moment, moment))
        assert tidy(services) == Tidied(spooled=1)
        assert [path.name for path in services.spool.iterdir()] == ["young"]


class TestSessionsAndDeletions:
    def test_blobs_of_canceled_sessions_go_unless_they_are_published(
        self, server: RunningServer, tmp_path: Path
    ) -> None:
        admin = Uploader(server, server.token)
        kept, gone, replaced = (make_wheel(tmp_path / n, "leaving", n) for n in ("1.0", "2.0", "3.0"))
        assert server.upload(kept).status == 200
        session = admin.session("leaving", "2.0")
        admin.add(session, gone)
        other = admin.session("leaving", "3.0")
        file = admin.add(other, replaced)
        assert admin.send("DELETE", file["links"]["file-upload-session"]).status == 204
        assert admin.send("DELETE", session["links"]["session"]).status == 204
        services = open_services(server)
        age_loose(services)
        digests = [hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in (kept, gone, replaced)]
        for path in (server.data / "blobs").rglob("*"):
            os.utime(path, (1, 1))
        assert tidy(services).blobs == 4  # with their metadata
        assert [bool(services.blobs.size(sha256)) for sha256 in digests] == [True, False, False]
        services.close()

    def test_blobs_of_sessions_go_whose_time_is_over(self, server: RunningServer, tmp_path: Path) -> None:
        admin = Uploader(server, server.token)
        wheel = make_wheel(tmp_path, "overdue", "1.0")
        session = admin.session("overdue", "1.0")
        admin.add(session, wheel)
        services = open_services(server)
        database = server.open_database()
        from rewheel.server.catalog.schema import stages

        with database.write() as connection:
            connection.execute(
                update(stages).where(stages.c.project == "overdue").values(expires_at=now() - LONG_AGO)
            )
        database.close()
        tidy(services)
        age_loose(services)
        for path in (server.data / "blobs").rglob("*"):
            os.utime(path, (1, 1))
        assert tidy(services).blobs == 2
        services.close()

    def test_a_deleted_file_goes_and_its_twin_stays(self, server: RunningServer, tmp_path: Path) -> None:
        wheel = make_wheel(tmp_path, "deleted", "1.0")
        assert server.upload(wheel).status == 200
        admin = Uploader(server, server.token)
        assert admin.manage("DELETE", f"projects/deleted/files/{wheel.name}").status == 200
        services = open_services(server)
        age_loose(services)
        for path in (server.data / "blobs").rglob("*"):
            os.utime(path, (1, 1))
        assert tidy(services).blobs == 2
        services.close()


class TestSearchWords:
    def test_what_has_drifted_is_put_right_a_few_projects_a_turn(
        self, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(wording, "_AT_ONCE", 2)
        description = Description("about apples", "", {}, "", "")
        with services.database.write() as connection:
            for number in range(3):  # as an import that knows nothing of the search would
                project = projects.create(connection, f"foo{number}")
                releases.create(connection, project.id, version="1", sort_key="1", description=description)
                projects.publish(connection, project)

        def found() -> int:
            with services.database.read() as connection:
                return len(search.search(connection, "apples").ids)

        assert (tidy(services), found()) == (Tidied(reworded=2), 2)
        assert (tidy(services), found()) == (Tidied(reworded=1), 3)
        assert tidy(services) == Tidied()
        with services.database.write() as connection:
            connection.execute(delete(search_terms))
        assert (wording.renew_all(services), found()) == (3, 3)
        assert wording.renew_all(services) == 0


class TestDownloads:
    def test_counts_of_processes_add_up(self, tmp_path: Path) -> None:
        with running_server(tmp_path / "other") as server:
            wheel = make_wheel(tmp_path, "counted", "1.0")
            server.upload(wheel)
            url = server.page("counted")["files"][0]["url"].removeprefix("../..")
            for _ in range(3):
                assert server.get(url).status == 200
            server.stop(signal.SIGTERM)
            database = server.open_database()
            with database.read() as connection:  # written when it stopped
                assert downloads.total(connection) == 3
                assert connection.execute(select(downloads_table.c.count)).scalars().all() == [3]
                name = connection.execute(select(files.c.filename)).scalar_one()

            def add() -> None:
                for _ in range(10):
                    with database.write() as connection:
                        downloads.add(connection, {name: 2, "gone.whl": 1})

            threads = [threading.Thread(target=add) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            with database.read() as connection:
                assert downloads.total(connection) == 3 + 90
                assert connection.execute(select(downloads_table.c.count)).scalars().all() == [63]
            database.close()

    def test_facts_that_are_numbers_add_up(self, services: Services) -> None:
        def add() -> None:
            for _ in range(20):
                with services.database.write() as connection:
                    facts.add_to_fact(connection, "number", 3)

        threads = [threading.Thread(target=add) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with services.database.read() as connection:
            assert facts.fact(connection, "number") == "240"


DIGESTS = st.integers(0, 12).map(lambda n: hashlib.sha256(str(n).encode()).hexdigest())
SIZES = st.none() | st.integers(0, 99)


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    st.lists(st.builds(Reference, DIGESTS, SIZES, st.text(max_size=3)), max_size=20),
    st.dictionaries(DIGESTS, st.tuples(st.integers(0, 99), st.integers(0, 1000))),
)
def test_a_ledger_says_what_dictionaries_would(
    references: list[Reference], kept: dict[str, tuple[int, int]]
) -> None:
    zone = now().tzinfo
    with Ledger() as ledger:
        ledger.want(references)
        ledger.keep(Entry(key, size, datetime.fromtimestamp(at, zone)) for key, (size, at) in kept.items())
        orphans = {orphan.sha256 for orphan in ledger.orphans(datetime.fromtimestamp(500, zone))}
        wanted = {each.reference.sha256: each for each in ledger.wanted()}
    named = {reference.sha256 for reference in references}
    assert orphans == {key for key, (_, at) in kept.items() if at < 500 and key not in named}
    assert wanted.keys() == named
    for key, each in wanted.items():
        sizes = [r.size for r in references if r.sha256 == key and r.size is not None]
        assert each.reference.size == (max(sizes) if sizes else None)
        assert each.kept_size == (kept[key][0] if key in kept else None)
