"""`rewheel index verify` finds what has happened to an index at rest, and what nobody needs."""

import hashlib
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from rewheel.cli.entry import main
from support.server import running_server
from support.wheel_factory import make_wheel

VARIANT = {"x86_64": {"level": ["v3"]}}
Verify = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original")
    with running_server(folder / "index") as server:
        for wheel in (make_wheel(folder, "foo"), make_wheel(folder, "foo", label="v3", properties=VARIANT)):
            assert server.upload(wheel).status == 200
    return folder / "index"


@pytest.fixture
def index(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "index"))


@pytest.fixture
def verify(index: Path, capsys: pytest.CaptureFixture[str]) -> Verify:
    def verify(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = main(["index", "verify", "--data", str(index), *arguments])
        return code, capsys.readouterr().out

    return verify


def largest(index: Path) -> Path:
    return max((index / "blobs" / "sha256").glob("*/*"), key=lambda path: path.stat().st_size)


def test_an_index_that_is_whole(verify: Verify) -> None:
    code, said = verify()
    assert code == 0
    assert "nothing damaged" in said
    assert "1 releases with variants" in said


def test_words_of_the_search_that_have_drifted(index: Path, verify: Verify) -> None:
    with closing(sqlite3.connect(index / "catalog.sqlite3")) as catalog, catalog:
        catalog.execute("DELETE FROM search_terms")
    code, said = verify("--quick")
    assert (code, "1 projects were found by outdated words" in said) == (0, True)
    assert "outdated" not in verify("--quick")[1]


def test_a_byte_that_changed(index: Path, verify: Verify) -> None:
    path = largest(index)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    code, said = verify()
    assert code == 1
    assert "damaged: foo-1.0-py3-none-any" in said
    assert "its SHA-256 is" in said
    assert verify("--quick")[0] == 0


def test_a_file_that_was_cut_off(index: Path, verify: Verify) -> None:
    os.truncate(largest(index), 10)
    code, said = verify("--quick")
    assert (code, "has 10 bytes" in said) == (1, True)


def test_a_file_that_is_gone(index: Path, verify: Verify) -> None:
    largest(index).unlink()
    code, said = verify("--quick")
    assert (code, "is not in the storage" in said) == (1, True)


def test_an_index_file_that_is_not_what_the_wheels_say(index: Path, verify: Verify) -> None:
    with sqlite3.connect(index / "catalog.sqlite3") as connection:
        connection.execute("UPDATE releases SET variants_json = '{}'")
    connection.close()
    code, said = verify()
    assert (code, "foo 1.0: its index file is not" in said) == (1, True)


def test_what_nothing_speaks_of_is_pruned_but_not_what_has_just_come(index: Path, verify: Verify) -> None:
    shelf = index / "blobs" / "sha256" / "ab"
    shelf.mkdir(exist_ok=True)
    old, young = shelf / ("0" * 62), shelf / ("1" * 62)
    for path in (old, young):
        path.write_bytes(b"left behind")
    yesterday = time.time() - 2 * 86400
    os.utime(old, (yesterday, yesterday))
    code, said = verify()
    assert code == 0
    assert "1 without a use, 11 bytes; --prune deletes them" in said
    code, said = verify("--prune")
    assert (code, "deleted 1" in said) == (0, True)
    assert (old.exists(), young.exists()) == (False, True)


def test_what_is_uploaded_again_is_young_again(index: Path, tmp_path: Path, verify: Verify) -> None:
    """An old orphan that somebody uploads must not be pruned between its blob and its row."""
    with running_server(index) as server:
        wheel = make_wheel(tmp_path, "later")
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        blob = index / "blobs" / "sha256" / digest[:2] / digest[2:]
        blob.parent.mkdir(exist_ok=True)
        blob.write_bytes(wheel.read_bytes())
        os.utime(blob, (1, 1))
        assert server.upload(wheel).status == 200
        assert blob.stat().st_mtime > time.time() - 3600
    assert verify("--prune")[0] == 0
    assert blob.exists()
