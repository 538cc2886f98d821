"""Backups are taken while the server goes on, and restored into another kind of index, then the same."""

import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from rewheel.cli.entry import main
from rewheel.server.catalog.database import Database
from rewheel.server.operating.dump import dump
from rewheel.server.settings import ServerSettings
from support.object_store import ObjectStore
from support.postgresql import PostgreSQL
from support.server import RunningServer, running_server
from support.wheel_factory import make_wheel

VARIANT = {"x86_64": {"level": ["v3"]}}
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> tuple[int, str]:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out + err

    return run


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of an index with a release, its variant, and another project; nobody serves it."""
    folder = tmp_path_factory.mktemp("original")
    with running_server(folder / "index") as server:
        for wheel in (
            make_wheel(folder, "foo"),
            make_wheel(folder, "foo", label="v3", properties=VARIANT),
            make_wheel(folder, "bar", "2.0"),
        ):
            assert server.upload(wheel).status == 200
        (file,) = server.page("bar")["files"]
        assert server.get(file["url"].removeprefix("../..")).status == 200  # downloads are counted
    assert any(row.startswith('["downloads"') for row in rows_of(folder / "index"))
    return folder / "index"


def rows_of(data: Path) -> list[str]:
    """Return what the catalog of a folder has, as a backup writes it."""
    database = Database(ServerSettings(data=data).database_url, connections=1)
    target = io.BytesIO()
    try:
        with database.read() as connection:
            dump(connection, target)
    finally:
        database.close()
    return target.getvalue().decode().splitlines()


@pytest.fixture
def filled(original: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return Path(shutil.copytree(original, tmp_path / "index"))


def pages(server: RunningServer) -> list[object]:
    found = [server.page("foo"), server.page("bar")]
    for page in found:
        for file in page["files"]:
            path = file["url"].removeprefix("../..") if ".." in file["url"] else f"/simple/foo/{file['url']}"
            assert server.get(path).status == 200
    return found


@pytest.mark.parametrize("kind", ["tar", "folder"])
def test_from_a_laptop_to_a_company_and_back(
    tmp_path: Path,
    filled: Path,
    run: Run,
    postgresql: PostgreSQL,
    object_store: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    for name, value in object_store.environment.items():
        monkeypatch.setenv(name, value)
    company = ["--database", postgresql.new_database(), "--storage", object_store.new_storage()]
    first, second = (tmp_path / f"{name}{'.tar' if kind == 'tar' else ''}" for name in ("first", "second"))
    assert run("index", "backup", first, "--data", filled)[0] == 0
    code, said = run("index", "restore", first, "--data", tmp_path / "a", *company)
    assert code == 0, said
    assert "2 projects" in said
    with running_server(tmp_path / "a", *company, environ=object_store.environment) as server:
        there = pages(server)
        assert (
            server.upload(make_wheel(tmp_path, "bar", "3.0")).status == 200
        )  # numbers go on where they were
        code, said = run("index", "backup", second, "--data", tmp_path / "a", *company)
        assert code == 0, said
    code, said = run("index", "restore", second, "--data", tmp_path / "b")
    assert code == 0, said
    with running_server(tmp_path / "b") as after:
        assert after.page("bar")["versions"] == ["2.0", "3.0"]
        assert after.page("foo") == there[0]
    code, said = run("index", "verify", "--data", tmp_path / "b")
    assert (code, "nothing damaged" in said) == (0, True), said
    assert run("index", "verify", "--data", tmp_path / "a", *company)[0] == 0


def test_a_folder_is_added_to_and_only_to_its_like(tmp_path: Path, filled: Path, run: Run) -> None:
    place = tmp_path / "backup"
    assert run("index", "backup", place, "--data", filled)[0] == 0
    before = {path: path.stat().st_mtime_ns for path in place.glob("blobs/*/*")}
    with running_server(filled) as server:
        assert server.upload(make_wheel(tmp_path, "baz")).status == 200
        assert run("index", "backup", place, "--data", filled)[0] == 0
    after = {path: path.stat().st_mtime_ns for path in place.glob("blobs/*/*")}
    assert before.items() < after.items()
    assert len(list(place.glob("catalog-*"))) == 1
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    code, said = run("index", "backup", tmp_path / "other", "--data", filled)
    assert code == 1
    assert "neither empty nor a backup" in said


def test_nothing_is_ever_overwritten(tmp_path: Path, filled: Path, run: Run) -> None:
    place = tmp_path / "backup.tar"
    assert run("index", "backup", place, "--data", filled)[0] == 0
    code, said = run("index", "backup", place, "--data", filled)
    assert (code, "exists already" in said) == (1, True)
    code, said = run("index", "restore", place, "--data", filled)
    assert (code, "is not empty" in said) == (1, True)


def damaged_blob(place: Path) -> None:
    path = max(place.glob("blobs/*/*"), key=lambda path: path.stat().st_size)
    path.write_bytes(path.read_bytes()[:-1] + b"?")


def missing_blob(place: Path) -> None:
    next(place.glob("blobs/*/*")).unlink()


def damaged_catalog(place: Path) -> None:
    path = next(place.glob("catalog-*"))
    path.write_bytes(path.read_bytes() + b"?")


def other_format(place: Path) -> None:
    path = place / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))


def no_manifest(place: Path) -> None:
    (place / "manifest.json").write_text("[")


@pytest.mark.parametrize("damage", [damaged_blob, missing_blob, damaged_catalog, other_format, no_manifest])
def test_a_damaged_backup_is_restored_not_at_all(
    tmp_path: Path, filled: Path, run: Run, damage: Callable[[Path], None]
) -> None:
    place = tmp_path / "backup"
    assert run("index", "backup", place, "--data", filled)[0] == 0
    whole = tmp_path / "whole"
    shutil.copytree(place, whole)
    damage(place)
    code, said = run("index", "restore", place, "--data", tmp_path / "new")
    assert code == 1, said
    code, said = run("index", "restore", whole, "--data", tmp_path / "new")  # nothing stands in the way
    assert code == 0, said


def test_a_backup_without_files_needs_the_storage(tmp_path: Path, filled: Path, run: Run) -> None:
    place = tmp_path / "backup.tar"
    assert run("index", "backup", place, "--no-blobs", "--data", filled)[0] == 0
    code, said = run("index", "restore", place, "--data", tmp_path / "new")
    assert (code, "neither in the backup nor in the storage" in said) == (1, True)
    code, said = run("index", "restore", place, "--data", tmp_path / "new", "--storage", filled / "blobs")
    assert code == 0, said


def test_a_hostile_archive_writes_nothing_outside(tmp_path: Path, run: Run) -> None:
    place = tmp_path / "evil.tar"
    with tarfile.open(place, "w") as archive:
        for name in ("../escaped", "/tmp/escaped", "blobs/aa/../../escaped", "manifest.json"):
            archive.addfile(tarfile.TarInfo(name))
    assert run("index", "restore", place, "--data", tmp_path / "new")[0] == 1
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize("place", ["absent.tar", "file.tar", "folder"])
def test_what_is_no_backup_is_refused_in_words(tmp_path: Path, run: Run, place: str) -> None:
    (tmp_path / "file.tar").write_bytes(b"not a tar file")
    (tmp_path / "folder").mkdir()
    code, said = run("index", "restore", tmp_path / place, "--data", tmp_path / "new")
    assert code == 1, said


def test_there_has_to_be_an_index(tmp_path: Path, run: Run) -> None:
    for command in (["backup", tmp_path / "x.tar"], ["verify"]):
        code, said = run("index", *command, "--data", tmp_path / "nothing")
        assert (code, "there is no index" in said) == (1, True)
    assert not (tmp_path / "nothing").exists()
