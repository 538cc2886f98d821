"""Deleting what nobody needs while somebody puts the same content: it is never lost, whatever comes first.

The catalog decides, on every storage; each test lets the two meet at one certain moment.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import func, select, update

from rewheel.server import keeping
from rewheel.server.blobs import objects
from rewheel.server.catalog import files, loose, projects, upstreams
from rewheel.server.catalog.moments import now
from rewheel.server.catalog.schema import loose_blobs
from rewheel.server.errors import Refused
from rewheel.server.intake.accepting import accept_file
from rewheel.server.operating import verification
from rewheel.server.operating.upkeep import tidy
from rewheel.server.running import prepare
from rewheel.server.services import Services
from rewheel.server.settings import ServerSettings
from support.wheel_factory import make_wheel

AT_ONCE = timedelta(0)
WAIT = 30


@pytest.fixture(params=["folder", "postgresql-s3"])
def services(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Services]:
    database = storage = ""
    if request.param == "postgresql-s3":
        database = request.getfixturevalue("postgresql").new_database()
        store = request.getfixturevalue("object_store")
        storage = store.new_storage()
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
    settings = ServerSettings(data=tmp_path / "index", database=database, storage=storage)
    prepare(settings)
    services = Services.open(settings)
    yield services
    services.close()


class Meeting:
    """The storage as one side sees it, with what the other side does at a certain moment."""

    def __init__(self, blobs: Any) -> None:
        self._blobs = blobs
        self.before_put = self.after_put = self.before_delete = self.after_delete = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._blobs, name)

    def put(self, sha256: str, path: Path, **along: Any) -> None:
        self.before_put()
        self._blobs.put(sha256, path, **along)
        self.after_put()

    def delete_old(self, sha256: str, before: Any) -> bool:
        self.before_delete()
        # As the object store does it, whose look and deletion are two requests: here the look is long over.
        self._blobs.delete(sha256)
        self.after_delete()
        return True


def once(action: Callable[[], object]) -> Callable[[], None]:
    """Act the first time only."""
    left = [action]

    def act() -> None:
        if left:
            left.pop()()

    return act


def with_meeting(services: Services) -> tuple[Services, Meeting]:
    meeting = Meeting(services.blobs)
    return replace(services, blobs=cast("Any", meeting)), meeting


def orphan(services: Services, wheel: Path) -> str:
    """Put a wheel whose catalog entry is gone, as one that was deleted long ago."""
    content = wheel.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    services.blobs.put_bytes(sha256, content)
    with services.database.write() as connection:
        loose.let_go(connection, [sha256])
    return sha256


def spooled(services: Services, wheel: Path, name: str = "one") -> Path:
    folder = services.spool / name
    folder.mkdir(parents=True)
    path = folder / wheel.name
    path.write_bytes(wheel.read_bytes())
    return path


def rows(services: Services) -> int:
    with services.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(loose_blobs)).scalar_one())


def check_kept(services: Services, sha256: str, wheel: Path) -> None:
    """What the catalog speaks of is there, and stays."""
    with services.database.read() as connection:
        assert files.digest_of(connection, wheel.name) == sha256
    assert b"".join(services.blobs.read(sha256)) == wheel.read_bytes()
    assert verification.verify(services).is_sound
    assert tidy(services, settled=AT_ONCE).blobs == 0
    assert services.blobs.size(sha256) is not None


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path / "made", "contested")


@pytest.fixture(params=[True, False], ids=["object-is-young", "object-is-old"])
def age(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether an upload writes an object anew that is there already."""
    if not request.param:
        monkeypatch.setattr(objects, "RENEWAL", AT_ONCE)


@pytest.mark.usefixtures("age")
class TestUploadsDuringDeletion:
    def test_put_before_it_and_spoken_of_after_it(self, services: Services, wheel: Path) -> None:
        sha256 = orphan(services, wheel)
        tidier, _ = with_meeting(services)
        uploader, upload = with_meeting(services)
        is_put, is_over = threading.Event(), threading.Event()
        upload.after_put = once(lambda: (is_put.set(), is_over.wait(WAIT)))
        with ThreadPoolExecutor(1) as pool:
            job = pool.submit(accept_file, uploader, spooled(services, wheel))
            assert is_put.wait(WAIT)
            assert tidy(tidier, settled=AT_ONCE).blobs == 1
            assert services.blobs.size(sha256) is None
            is_over.set()
            assert job.result(WAIT).is_new
        check_kept(services, sha256, wheel)

    def test_put_and_spoken_of_between_the_look_and_the_deletion(
        self, services: Services, wheel: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sha256 = orphan(services, wheel)
        tidier, deletion = with_meeting(services)
        waits = threading.Event()
        monkeypatch.setattr(keeping.time, "sleep", lambda seconds: (waits.set(), waits.wait(seconds)))
        with ThreadPoolExecutor(1) as pool:
            jobs = []
            deletion.before_delete = once(
                lambda: (
                    jobs.append(pool.submit(accept_file, services, spooled(services, wheel))),
                    waits.wait(WAIT),
                )
            )
            assert tidy(tidier, settled=AT_ONCE).blobs == 1
            assert waits.is_set()
            assert jobs[0].result(WAIT).is_new
        check_kept(services, sha256, wheel)

    def test_two_uploads_of_which_one_puts_it_again(self, services: Services, tmp_path: Path) -> None:
        wheel = make_wheel(tmp_path / "made", "contested")
        sha256 = orphan(services, wheel)
        tidier, _ = with_meeting(services)
        uploader, upload = with_meeting(services)
        first_is_put, all_over = threading.Event(), threading.Event()
        upload.after_put = once(lambda: (first_is_put.set(), all_over.wait(WAIT)))
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(accept_file, uploader, spooled(services, wheel, "slow"))
            assert first_is_put.wait(WAIT)
            tidy(tidier, settled=AT_ONCE)
            assert accept_file(services, spooled(services, wheel, "fast")).is_new
            all_over.set()
            assert not slow.result(WAIT).is_new
        check_kept(services, sha256, wheel)

    def test_pruning_does_not_take_it_either(
        self, services: Services, wheel: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(verification, "GRACE", AT_ONCE)
        content = wheel.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        services.blobs.put_bytes(sha256, content)
        tidier, _ = with_meeting(services)
        uploader, upload = with_meeting(services)
        found = verification.Verified(orphans=[sha256])
        upload.after_put = once(lambda: verification.prune(tidier, found))
        assert accept_file(uploader, spooled(services, wheel)).is_new
        check_kept(services, sha256, wheel)


def test_an_upload_that_is_about_to_be_done_is_waited_for(services: Services, wheel: Path) -> None:
    if services.database.is_sqlite:
        pytest.skip("one writes at a time")
    content = wheel.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    services.blobs.put_bytes(sha256, content)
    tidier, deletion = with_meeting(services)
    deletion.before_delete = lambda: pytest.fail("it is needed")
    with ThreadPoolExecutor(1) as pool:
        with services.database.write() as connection:
            loose.hold(connection, [sha256], {})
            job = pool.submit(verification.prune, tidier, verification.Verified(orphans=[sha256]))
            time.sleep(0.3)  # long enough for it to come as far as it can; too short makes nothing fail
            assert not job.done()
            kept = upstreams.KeptFile("foo", sha256, sha256, len(content), None, now())
            upstreams.keep_file(connection, "outside", wheel.name, kept)
        assert job.result(WAIT) == 0
    assert services.blobs.size(sha256)


class TestServersThatDied:
    def doomed(self, services: Services, wheel: Path, *, ago: timedelta) -> str:
        sha256 = orphan(services, wheel)
        with services.database.write() as connection:
            assert loose.doom(connection, loose.note(connection, [sha256]), now() - ago) == [sha256]
        return sha256

    def test_while_one_may_live_its_deletion_is_waited_for(
        self, services: Services, wheel: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keeping, "_PATIENCE", 0.1)
        self.doomed(services, wheel, ago=timedelta(minutes=2))
        path = spooled(services, wheel)
        with pytest.raises(Refused, match="is just being deleted") as refused:
            accept_file(services, path)
        assert refused.value.status == 503
        assert tidy(services, settled=timedelta(minutes=1)).blobs == 0
        with services.database.read() as connection:
            assert projects.find(connection, "contested") is None

    def test_then_uploads_go_on(self, services: Services, wheel: Path) -> None:
        sha256 = self.doomed(services, wheel, ago=timedelta(minutes=20))
        services.blobs.delete(sha256)  # it had come as far as that
        assert accept_file(services, spooled(services, wheel)).is_new
        check_kept(services, sha256, wheel)

    def test_then_another_one_takes_over(self, services: Services, wheel: Path) -> None:
        sha256 = self.doomed(services, wheel, ago=timedelta(minutes=20))
        tidier, _ = with_meeting(services)
        assert tidy(tidier).blobs == 1
        assert services.blobs.size(sha256) is None
        assert rows(services) == 1  # remembered for uploads that are under way
        with services.database.write() as connection:
            connection.execute(update(loose_blobs).values(since=now() - timedelta(days=2)))
        tidy(services)
        assert rows(services) == 0

    def test_what_became_of_a_deletion_that_was_not_answered_is_open(
        self, services: Services, wheel: Path
    ) -> None:
        sha256 = orphan(services, wheel)
        other = orphan(services, make_wheel(wheel.parent, "other"))
        tidier, deletion = with_meeting(services)

        def fail() -> None:
            raise Refused(503, "the storage cannot be reached at the moment")

        deletion.before_delete = fail
        with pytest.raises(Refused):
            tidy(tidier, settled=AT_ONCE)
        first, second = sorted([sha256, other])
        with services.database.read() as connection:
            assert loose.vanished(connection, [first]) is None
            assert loose.vanished(connection, [second]) == {}
