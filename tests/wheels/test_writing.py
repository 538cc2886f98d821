"""Archives are the same bytes every time, readable by zipfile, and never half written."""

import io
import os
import stat
import zipfile

import pytest
from hypothesis import given, settings, strategies as st

from rewheel.wheels import Archive, ArchiveWriter, UnreadableFile, WheelsError, replacing
from wheels.hostile_zip import Entry, zip_of
from wheels.sources import CountingSource

MEMBERS = st.dictionaries(
    st.from_regex(r"[a-z]{1,3}(/[a-zäß]{1,3}){0,2}\.t", fullmatch=True),
    st.tuples(st.binary(max_size=200), st.sampled_from([0, 0o100644, 0o100755])),
    max_size=6,
)


def written(members: dict[str, tuple[bytes, int]], epoch: int | None = None) -> bytes:
    stream = io.BytesIO()
    writer = ArchiveWriter(stream, epoch=epoch)
    for name, (content, mode) in members.items():
        writer.add(name, content, mode=mode)
    writer.finish()
    return stream.getvalue()


@given(MEMBERS)
@settings(max_examples=80)
def test_zipfile_and_we_read_what_was_written(members: dict[str, tuple[bytes, int]]) -> None:
    data = written(members)
    with zipfile.ZipFile(io.BytesIO(data)) as oracle:
        assert oracle.testzip() is None
        assert {name: oracle.read(name) for name in oracle.namelist()} == {
            n: c for n, (c, _) in members.items()
        }
        modes = [info.external_attr >> 16 for info in oracle.infolist()]
    archive = Archive.over(CountingSource(data), "a")
    assert {name: archive.read(name) for name in archive.members} == {n: c for n, (c, _) in members.items()}
    assert modes == [mode or 0o100644 for _, mode in members.values()]
    assert data == written(members)


@given(MEMBERS)
@settings(max_examples=40)
def test_copies_are_equal_in_content_order_and_mode(members: dict[str, tuple[bytes, int]]) -> None:
    archive = Archive.over(CountingSource(written(members, epoch=10**9)), "a")
    stream = io.BytesIO()
    writer = ArchiveWriter(stream)
    for member in archive.members.values():
        writer.copy(archive, member)
    writer.finish()
    assert stream.getvalue() == written(members)


def test_copies_of_foreign_members_are_not_compressed_again() -> None:
    packed = zip_of(
        Entry(b"a", b"x" * 100, external=0o100755 << 16, comment=b"c", extra=b"\x09\x00\x01\x00z"),
        Entry(b"\x84", b"y", method=0, external=0),
        Entry(b"s", b"z" * 9, flags=8, local={"crc": 0, "size": 0, "packed": 0}, descriptor=bytes(16)),
    )
    archive = Archive.over(CountingSource(packed), "a")
    stream = io.BytesIO()
    writer = ArchiveWriter(stream)
    for member in archive.members.values():
        writer.copy(archive, member)
    writer.finish()
    copy = Archive.over(CountingSource(stream.getvalue()), "b")
    assert [copy.read(name) for name in ("a", "ä", "s")] == [b"x" * 100, b"y", b"z" * 9]
    assert [b"".join(copy.raw(member)) for member in copy.members.values()] == [
        b"".join(archive.raw(member)) for member in archive.members.values()
    ]
    assert copy.members["a"].is_executable
    assert b"".join(stream.getvalue().split(b"PK")).find(b"\x09\x00\x01\x00z") < 0
    with zipfile.ZipFile(stream) as oracle:
        assert oracle.testzip() is None


@pytest.mark.parametrize(
    ("epoch", "moment"),
    [
        (None, (1980, 1, 1, 0, 0, 0)),
        (0, (1980, 1, 1, 0, 0, 0)),
        (-5, (1980, 1, 1, 0, 0, 0)),
        (1_700_000_000, (2023, 11, 14, 22, 13, 20)),
        (10**15, (2107, 12, 31, 23, 59, 58)),
    ],
)
def test_all_members_have_one_time(epoch: int | None, moment: tuple[int, ...]) -> None:
    data = written({"a": (b"", 0), "b": (b"", 0)}, epoch)
    assert {info.date_time for info in zipfile.ZipFile(io.BytesIO(data)).infolist()} == {moment}


def test_more_members_than_16_bits_count() -> None:
    data = written({f"f{number}": (b"", 0) for number in range(0x10000)})
    assert len(zipfile.ZipFile(io.BytesIO(data)).namelist()) == 0x10000
    assert len(Archive.over(CountingSource(data), "a").members) == 0x10000


class _Sparse(io.RawIOBase):
    """A file that pretends to have had gigabytes written before."""

    def __init__(self) -> None:
        self.pieces: dict[int, bytes] = {}
        self.position = 0

    def write(self, data) -> int:
        self.pieces[self.position] = bytes(data)
        self.position += len(data)
        return len(data)


def test_sizes_and_offsets_beyond_32_bits_are_written() -> None:
    size = 5 << 30

    class Huge:
        name = "a"

        def raw(self, member):
            file.position += size  # as if so much had been copied
            writer._position += size
            return iter(())

    small = zip_of(Entry(b"big", b"", method=0), Entry(b"next", b"end", method=0))
    members = Archive.over(CountingSource(small), "a").members
    file = _Sparse()
    writer = ArchiveWriter(file)
    writer.copy(Huge(), members["big"]._replace(size=size, compressed_size=size))
    writer.add("next", b"end")
    writer.finish()

    class Source:
        size = file.position

        def read_at(self, offset: int, length: int) -> bytes:
            data = bytearray(length)
            for start, piece in file.pieces.items():
                if start < offset + length and start + len(piece) > offset:
                    low = max(start, offset)
                    high = min(start + len(piece), offset + length)
                    data[low - offset : high - offset] = piece[low - start : high - start]
            return bytes(data)

        def close(self) -> None: ...

    archive = Archive.over(Source(), "a")
    assert archive.members["big"].size == archive.members["big"].compressed_size == size
    assert archive.members["next"].offset > size
    assert archive.read("next") == b"end"
    assert len(next(archive.raw(archive.members["big"]))) == 1 << 20


class TestReplacing:
    def test_a_finished_file_takes_the_place(self, tmp_path) -> None:
        path = tmp_path / "new" / "file"
        for content in (b"one", b"two"):
            with replacing(path) as file:
                file.write(content)
            assert path.read_bytes() == content
        assert [item.name for item in path.parent.iterdir()] == ["file"]
        mask = os.umask(0o022)
        os.umask(mask)
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask

    def test_a_failure_leaves_everything_as_it_was(self, tmp_path) -> None:
        path = tmp_path / "file"
        path.write_bytes(b"old")
        with pytest.raises(WheelsError, match="no"), replacing(path) as file:
            file.write(b"half")
            raise WheelsError("no")
        assert path.read_bytes() == b"old"
        assert [item.name for item in tmp_path.iterdir()] == ["file"]

    def test_what_cannot_be_written_is_an_error_of_ours(self, tmp_path) -> None:
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(UnreadableFile, match="cannot write"), replacing(tmp_path / "file" / "below"):
            pass
        (tmp_path / "folder" / "x").mkdir(parents=True)
        with pytest.raises(UnreadableFile, match="cannot write"), replacing(tmp_path / "folder") as file:
            file.write(b"x")
        assert sorted(item.name for item in tmp_path.iterdir()) == ["file", "folder"]
