"""Archives from strangers: what comes out, and what never does."""

import io
import os
import stat
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from rewheel.builds import Limits, UnsafeSources, unpack_sources

Members = list[tuple[str, bytes | str | None]]
"""Names with content, the target of a link as text, or `None` for a folder."""


def tar(path: Path, members: Members, change: Callable[[tarfile.TarInfo], None] = lambda _: None) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if content is None:
                info.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
            else:
                info.size = len(content)
            change(info)
            archive.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return path


def zipped(path: Path, members: Members) -> Path:
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that names are there twice
        for name, content in members:
            info = zipfile.ZipInfo(name + "/" if content is None else name)
            if isinstance(content, str):
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, content or b"")
    return path


def test_files_folders_and_links(tmp_path: Path) -> None:
    members: Members = [
        ("foo-1.0", None),
        ("foo-1.0/pyproject.toml", b"text"),
        ("./foo-1.0/src/foo/__init__.py", b""),
        ("foo-1.0/empty", None),
        ("foo-1.0/link", "src/foo/__init__.py"),
        ("foo-1.0/src/up", "../pyproject.toml"),
        ("foo-1.0/folder", "src"),
        ("foo-1.0/dangling", "nowhere"),
    ]
    for number, path in enumerate((tar(tmp_path / "a.tar.gz", members), zipped(tmp_path / "a.zip", members))):
        root = unpack_sources(path, tmp_path / f"out{number}")
        assert root == tmp_path / f"out{number}/foo-1.0"
        assert (root / "src/up").read_bytes() == b"text"
        assert (root / "folder/foo").is_dir()
        assert (root / "empty").is_dir()
        assert (root / "dangling").readlink() == Path("nowhere")


def test_permissions_owners_and_times_are_tamed(tmp_path: Path) -> None:
    def wild(info: tarfile.TarInfo) -> None:
        info.mode, info.uid, info.gid = 0o7777 if "run" in info.name else 0o000, 12345, 12345
        info.mtime = 1_000_000_000 if "run" in info.name else 10**15

    root = unpack_sources(
        tar(tmp_path / "a.tar.gz", [("a/run", b"x"), ("a/file", b"y")], wild), tmp_path / "out"
    )
    assert stat.S_IMODE((root / "run").stat().st_mode) == 0o755
    assert stat.S_IMODE((root / "file").stat().st_mode) == 0o644
    assert (root / "run").stat().st_mtime == 1_000_000_000
    assert (root / "file").stat().st_uid == os.getuid()


def test_archives_without_a_folder_of_their_own(tmp_path: Path) -> None:
    members: Members = [("setup.py", b""), ("src/foo.py", b"")]
    assert unpack_sources(tar(tmp_path / "a.tar.gz", members), tmp_path / "out") == tmp_path / "out"


def test_hard_links_become_copies(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("a/one")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"abc"))
        link = tarfile.TarInfo("a/two")
        link.type, link.linkname = tarfile.LNKTYPE, "a/one"
        archive.addfile(link)
    root = unpack_sources(path, tmp_path / "out")
    assert (root / "two").read_bytes() == b"abc"
    assert (root / "two").stat().st_nlink == 1


@pytest.mark.parametrize(
    "members",
    [
        [("../evil", b"x")],
        [("a/../../evil", b"x")],
        [("/tmp/evil", b"x")],
        [("a\\..\\evil", b"x")],
        [("C:/evil", b"x")],
        [("a/\x01", b"x")],
        [("a/" + "b" * 2000, b"x")],
        [("a/link", "../../etc/passwd")],
        [("a/link", "/etc/passwd")],
        [("a/link", "..\\x")],
        [("a/link", "..\\x"), ("a/link/x", b"x")],
        [("a/link", "/etc"), ("a/link/evil", b"x")],
        [("a/link", "sub"), ("a/link/evil", b"x")],
        [("a/link/evil", b"x"), ("a/link", "sub")],
        [("a/file", b"x"), ("a/file", "other")],
        [("a/link", "other"), ("a/link", b"x")],
        [("a/sub/up", ".."), ("a/out", "sub/up/../../x")],
        [("a/sub/up", "../.."), ("a/out", "sub/up/..")],
        [("a/one", "two"), ("a/two", "../../x")],
        [("a/folder", "real"), ("a/real", None), ("a/folder/inner", "x")],
        [("a/file", b"x"), ("a/file/below", b"x")],
        [],
    ],
)
@pytest.mark.parametrize("form", ["tar", "zip"])
def test_hostile_archives_leave_nothing_behind(tmp_path: Path, members: Members, form: str) -> None:
    inside = tmp_path / "deep/inside"
    inside.mkdir(parents=True)
    path = tar(inside / "a.tar.gz", members) if form == "tar" else zipped(inside / "a.zip", members)
    with pytest.raises(UnsafeSources) as caught:
        unpack_sources(path, inside / "out/tree")
    assert path.name in str(caught.value)
    assert not (inside / "out/tree").exists()
    assert [each for each in tmp_path.rglob("*") if "evil" in each.name] == []


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.LNKTYPE])
def test_devices_and_links_to_elsewhere(tmp_path: Path, kind: bytes) -> None:
    def change(info: tarfile.TarInfo) -> None:
        info.type, info.linkname, info.size = kind, "../../etc/passwd", 0

    with pytest.raises(UnsafeSources):
        unpack_sources(tar(tmp_path / "a.tar.gz", [("a/x", b"")], change), tmp_path / "out")


@pytest.mark.parametrize("limits", [Limits(bytes=99), Limits(files=2), Limits(path=4)])
@pytest.mark.parametrize("form", ["tar", "zip"])
def test_limits(tmp_path: Path, limits: Limits, form: str) -> None:
    members: Members = [("a/one", b"x" * 50), ("a/two", b"x" * 50), ("a/three", b"")]
    path = tar(tmp_path / "a.tar.gz", members) if form == "tar" else zipped(tmp_path / "a.zip", members)
    with pytest.raises(UnsafeSources):
        unpack_sources(path, tmp_path / "out", limits=limits)
    assert not (tmp_path / "out").exists()
    assert unpack_sources(path, tmp_path / "fine")


@pytest.mark.parametrize(
    "data", [b"", b"nonsense", b"\x1f\x8b\x08\x00", b"PK\x03\x04" + b"\0" * 40, b"\0" * 2048]
)
def test_what_is_no_archive(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(data)
    with pytest.raises(UnsafeSources):
        unpack_sources(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_every_truncation_is_noticed(tmp_path: Path) -> None:
    whole = tar(tmp_path / "a.tar.gz", [("a/one", os.urandom(3000))]).read_bytes()
    for length in range(0, len(whole) - 20, 97):
        path = tmp_path / "cut.tar.gz"
        path.write_bytes(whole[:length])
        with pytest.raises(UnsafeSources):
            unpack_sources(path, tmp_path / "out")
