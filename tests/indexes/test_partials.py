"""Downloads that a later command goes on with, whatever became of the earlier one."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rewheel.indexes import Client, File, HashMismatch, IndexSource, Interrupted
from rewheel.indexes.partials import open_partial
from rewheel.values import replace
from support.index_server import Fault, IndexServer
from support.wheel_factory import make_wheel

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs files that can be locked")

SIZE = 3_000_000
CUT = 2_000_000


@pytest.fixture
def large(wheels: Path) -> Path:
    return make_wheel(wheels, "large", files={"large/data": os.urandom(SIZE)})


@pytest.fixture
def file(server: IndexServer, client: Client, large: Path) -> File:
    server.etag = True
    page = IndexSource(server.simple_url, client).page("large")
    assert page is not None
    return page.files[0]


def interrupt(server: IndexServer, new_client: Callable[..., Client], file: File, into: Path) -> None:
    """Let a command get some of the file, and then nothing more."""
    server.faults["/files/large*"] = Fault(truncate=CUT, times=1)
    server.faults["/files/larg*"] = Fault(drop=True)
    with pytest.raises(Interrupted):
        new_client().retrieve(file, into)
    server.faults.clear()
    server.forget()


def kept(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / "indexes-1" / "partial").iterdir())


def ranges(server: IndexServer) -> list[tuple[str | None, bool]]:
    return [(r.headers.get("range"), "if-range" in r.headers) for r in server.requests]


@pytest.mark.parametrize("has_hash", [True, False])
def test_the_next_command_goes_on(
    server: IndexServer,
    new_client: Callable[..., Client],
    file: File,
    large: Path,
    tmp_path: Path,
    has_hash: bool,
) -> None:
    file = file if has_hash else replace(file, hashes={}, size=None)
    interrupt(server, new_client, file, tmp_path / "one")
    assert list((tmp_path / "one").iterdir()) == []
    retrieved = new_client().retrieve(file, tmp_path / "two")
    assert retrieved.path.read_bytes() == large.read_bytes()
    assert retrieved.sha256 == hashlib.sha256(large.read_bytes()).hexdigest()
    assert ranges(server) == [(f"bytes={CUT}-", not has_hash)]
    assert kept(tmp_path) == []
    assert retrieved.path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def test_without_a_hash_only_a_promise_of_the_server_will_do(
    server: IndexServer, new_client: Callable[..., Client], file: File, large: Path, tmp_path: Path
) -> None:
    file = replace(file, hashes={})
    server.etag = server.last_modified = False
    interrupt(server, new_client, file, tmp_path / "one")
    assert kept(tmp_path) == []
    new_client().retrieve(file, tmp_path / "two")
    assert ranges(server) == [(None, False)]


def test_without_a_hash_a_file_that_changed_meanwhile_is_fetched_anew(
    server: IndexServer, new_client: Callable[..., Client], file: File, large: Path, tmp_path: Path
) -> None:
    file = replace(file, hashes={})
    interrupt(server, new_client, file, tmp_path / "one")
    make_wheel(large.parent, "large", files={"large/data": os.urandom(SIZE)})
    retrieved = new_client().retrieve(file, tmp_path / "two")
    assert retrieved.path.read_bytes() == large.read_bytes()


@pytest.mark.parametrize("has_hash", [True, False])
@pytest.mark.parametrize("damage", [b"", b"x" * 1000, b"x" * CUT, b"x" * SIZE * 2])
def test_a_damaged_beginning_costs_a_download_and_nothing_else(
    server: IndexServer,
    new_client: Callable[..., Client],
    file: File,
    large: Path,
    tmp_path: Path,
    damage: bytes,
    has_hash: bool,
) -> None:
    file = file if has_hash else replace(file, hashes={})
    interrupt(server, new_client, file, tmp_path / "one")
    path = next(path for path in kept(tmp_path) if path.suffix == ".partial")
    path.write_bytes(damage)
    assert new_client().retrieve(file, tmp_path / "two").path.read_bytes() == large.read_bytes()
    assert kept(tmp_path) == []


@pytest.mark.parametrize("note", [None, b"", b"[]", b"{}", b'{"validator": 1, "sha256": ""}', b"[" * 9999])
def test_without_a_hash_a_beginning_that_nobody_vouches_for_is_none(
    server: IndexServer,
    new_client: Callable[..., Client],
    file: File,
    large: Path,
    tmp_path: Path,
    note: bytes | None,
) -> None:
    file = replace(file, hashes={})
    interrupt(server, new_client, file, tmp_path / "one")
    path = next(path for path in kept(tmp_path) if path.suffix == ".json")
    path.unlink() if note is None else path.write_bytes(note)
    assert new_client().retrieve(file, tmp_path / "two").path.read_bytes() == large.read_bytes()
    assert ranges(server) == [(None, False)]


def test_what_is_complete_need_not_be_asked_for(
    server: IndexServer, new_client: Callable[..., Client], file: File, large: Path, tmp_path: Path
) -> None:
    interrupt(server, new_client, file, tmp_path / "one")
    kept(tmp_path)[0].write_bytes(large.read_bytes())
    assert new_client().retrieve(file, tmp_path / "two").path.read_bytes() == large.read_bytes()
    assert server.requests == []


def test_what_is_wrong_in_the_end_is_not_kept(
    server: IndexServer, new_client: Callable[..., Client], file: File, tmp_path: Path
) -> None:
    with pytest.raises(HashMismatch):
        new_client().retrieve(replace(file, hashes={"sha256": "0" * 64}), tmp_path)
    assert kept(tmp_path) == []


def test_a_small_file_leaves_no_beginning(
    server: IndexServer, new_client: Callable[..., Client], file: File, tmp_path: Path
) -> None:
    with pytest.raises(Interrupted):
        interrupt(server, new_client, replace(file, size=1000), tmp_path / "one")
        raise Interrupted("", "")
    assert not (tmp_path / "cache" / "indexes-1" / "partial").exists()


def test_two_at_once_do_not_write_into_one_file(
    server: IndexServer, new_client: Callable[..., Client], file: File, large: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "cache" / "indexes-1" / "partial"
    identity = f"sha256:{file.hashes['sha256']}"
    held = open_partial(folder, file.url, identity=identity, size=None)
    assert held is not None
    with held:
        assert open_partial(folder, file.url, identity=identity, size=None) is None
        assert new_client().retrieve(file, tmp_path / "two").path.read_bytes() == large.read_bytes()
        assert list(held.chunks()) == []


def test_a_cache_that_is_emptied_meanwhile_takes_nothing_away(tmp_path: Path) -> None:
    folder, target = tmp_path / "partial", tmp_path / "target"
    first = open_partial(folder, "there", identity="sha256:0", size=None)
    assert first is not None
    with first:
        first.file.write(b"the whole of it")
        shutil.rmtree(folder)
        second = open_partial(folder, "there", identity="sha256:0", size=None)
        assert second is not None
        second.file.write(b"somebody else's")
        first.move(tmp_path / "scratch", target)
        assert target.read_bytes() == b"the whole of it"
        first.drop()
        second.file.write(b" beginning")
        second.move(tmp_path / "scratch", tmp_path / "other")
        second.file.close()
        assert (tmp_path / "other").read_bytes() == b"somebody else's beginning"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "partial", "target"]
    assert list(folder.iterdir()) == []


def test_a_killed_command_is_gone_on_with(
    server: IndexServer, new_client: Callable[..., Client], file: File, large: Path, tmp_path: Path
) -> None:
    script = """
import sys
from pathlib import Path
from rewheel.indexes import Cache, Client, File, IndexSource
client = Client(cache=Cache(Path(sys.argv[2])))
page = IndexSource(sys.argv[1], client).page("large")
client.retrieve(page.files[0], Path(sys.argv[3]))
"""
    server.faults["/files/large*"] = Fault(truncate=CUT, times=1)
    server.faults["/files/larg*"] = Fault(delay=30, drop=True)
    process = subprocess.Popen(
        [sys.executable, "-c", script, server.simple_url, str(tmp_path / "cache"), str(tmp_path / "one")]
    )
    deadline = time.monotonic() + 60
    while len([path for path in server.paths() if "/files/" in path]) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.wait()
    server.faults.clear()
    server.forget()
    assert new_client().retrieve(file, tmp_path / "two").path.read_bytes() == large.read_bytes()
    ((start, _),) = ranges(server)
    assert start is not None
    assert int(start.removeprefix("bytes=").removesuffix("-")) > 0
    assert kept(tmp_path) == []


def test_a_link_in_the_place_of_a_beginning_is_not_followed(tmp_path: Path) -> None:
    first = open_partial(tmp_path / "partial", "there", identity="", size=None)
    assert first is not None
    first.file.close()
    first.path.unlink()
    (tmp_path / "precious").write_bytes(b"precious")
    first.path.symlink_to(tmp_path / "precious")
    assert open_partial(tmp_path / "partial", "there", identity="", size=None) is None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
