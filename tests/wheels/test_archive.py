"""Archives of honest writers read like zipfile reads them; everything hostile is refused in one sentence."""

import io
import os
import struct
import zipfile
import zlib

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from rewheel.errors import RewheelError
from rewheel.wheels.archive import Archive
from rewheel.wheels.directory import Limits
from rewheel.wheels.errors import InvalidArchive, UnreadableFile
from wheels.hostile_zip import Entry, end_record, end_records64, zip_of
from wheels.sources import CountingSource


def opened(data: bytes) -> Archive:
    return Archive.over(CountingSource(data), "foo.whl")


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.comment = comment
    return stream.getvalue()


class TestHonest:
    def test_reads_what_zipfile_wrote(self) -> None:
        members = {"a.py": b"print()\n" * 100, "empty": b"", "d/": b"", "d/ä.txt": b"\0\1"}
        archive = opened(zipped(members))
        assert list(archive.members) == list(members)
        for name, content in members.items():
            assert archive.read(name) == content
            assert b"".join(archive.stream(name)) == content

    @pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    def test_streams_large_members_in_pieces(self, method: int) -> None:
        content = os.urandom(1 << 20) * 3 + bytes(5 << 20) + b"end"
        archive = opened(zipped({"big": content, "next": b"x"}, method))
        pieces = list(archive.stream("big"))
        assert b"".join(pieces) == content
        assert max(map(len, pieces)) <= 1 << 20
        assert archive.read("big") == content

    def test_a_comment_of_any_length_is_accepted(self) -> None:
        for length in (1, 1000, 0xFFFF):
            data = zipped({"a": b"b"}, comment=b"c" * length)
            assert opened(data).read("a") == b"b"

    def test_data_descriptors_as_written_to_pipes_are_accepted(self) -> None:
        class Pipe(io.BytesIO):
            def seekable(self) -> bool:
                return False

            def seek(self, *_: int) -> int:
                raise io.UnsupportedOperation

            tell = seek

        stream = Pipe()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a", b"first" * 50)
            archive.writestr("b", b"second")
        archive = opened(stream.getvalue())
        assert archive.read("a") == b"first" * 50
        assert archive.read("b") == b"second"

    def test_64_bit_sizes_are_read(self) -> None:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as writer, writer.open("a", "w", force_zip64=True) as member:
            member.write(b"content")
        assert opened(stream.getvalue()).read("a") == b"content"

    def test_64_bit_end_records_are_read(self) -> None:
        plain = zip_of(Entry(b"a"), Entry(b"b"))
        offset = plain.index(b"PK\x01\x02")
        size = len(plain) - 22 - offset
        wide = end_records64(2, size, offset)
        for end in (end_record(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF), end_record(2, size, offset)):
            assert list(opened(zip_of(Entry(b"a"), Entry(b"b"), wide=wide, end=end)).members) == ["a", "b"]

    def test_more_members_than_16_bits_count(self) -> None:
        data = zipped({f"f{number}": b"" for number in range(0x10001)}, zipfile.ZIP_STORED)
        assert len(opened(data).members) == 0x10001

    def test_the_mode_tells_directories_and_programs(self) -> None:
        archive = opened(
            zip_of(
                Entry(b"x", external=0o100755 << 16), Entry(b"d/", b"", external=0o40755 << 16), Entry(b"y")
            )
        )
        members = archive.members
        assert [members[name].is_executable for name in ("x", "d/", "y")] == [True, False, False]
        assert [members[name].is_dir for name in ("x", "d/", "y")] == [False, True, False]
        assert not any(member.is_symlink for member in members.values())

    def test_names_without_the_utf8_flag_are_code_page_437(self) -> None:
        assert list(opened(zip_of(Entry(b"\x84.txt"))).members) == ["ä.txt"]

    def test_an_empty_archive_is_an_archive(self) -> None:
        assert dict(opened(zip_of()).members) == {}

    @given(
        st.dictionaries(
            st.from_regex(r"[a-z]{1,3}(/[a-zé]{1,3}){0,2}\.t", fullmatch=True),
            st.binary(max_size=400),
            max_size=8,
        ),
        st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
        st.binary(max_size=30).filter(lambda comment: b"PK" not in comment),
    )
    @settings(max_examples=60)
    def test_any_honest_archive_reads_back(
        self, members: dict[str, bytes], method: int, comment: bytes
    ) -> None:
        archive = opened(zipped(members, method, comment))
        assert {name: archive.read(name) for name in archive.members} == members


class TestReads:
    def test_one_read_opens_and_the_tail_answers_for_what_lies_there(self) -> None:
        source = CountingSource(zipped({"big": os.urandom(1 << 20), "last": b"x" * 100}))
        archive = Archive.over(source, "foo.whl")
        assert archive.read("last") == b"x" * 100
        assert len(source.reads) == 1
        assert source.reads[0][1] <= 1 << 16

    def test_a_member_costs_one_read(self) -> None:
        source = CountingSource(zipped({"first": b"y" * 5000, "big": os.urandom(1 << 20)}))
        archive = Archive.over(source, "foo.whl")
        source.reads.clear()
        assert archive.read("first") == b"y" * 5000
        assert len(source.reads) == 1
        assert source.reads[0][1] < 200

    def test_a_long_directory_costs_only_its_missing_part(self) -> None:
        data = zipped({f"{'n' * 100}{number}": b"" for number in range(3000)}, zipfile.ZIP_STORED)
        source = CountingSource(data)
        assert len(Archive.over(source, "foo.whl").members) == 3000
        assert len(source.reads) == 2
        assert sum(length for _, length in source.reads) < len(data)

    def test_a_refused_archive_closes_its_source(self) -> None:
        source = CountingSource(b"no")
        with pytest.raises(InvalidArchive):
            Archive.over(source, "foo.whl")
        assert source.closed


class TestFiles:
    def test_a_missing_file_is_an_error_of_ours(self, tmp_path) -> None:
        with pytest.raises(UnreadableFile, match="No such file"):
            Archive.open(tmp_path / "foo.whl")

    def test_a_directory_is_not_an_archive(self, tmp_path) -> None:
        with pytest.raises(UnreadableFile, match="directory"):
            Archive.open(tmp_path)

    def test_an_empty_file_is_not_an_archive(self, tmp_path) -> None:
        path = tmp_path / "foo.whl"
        path.touch()
        with pytest.raises(InvalidArchive, match="truncated"):
            Archive.open(path)

    def test_a_file_is_read_and_closed(self, tmp_path) -> None:
        path = tmp_path / "foo.whl"
        path.write_bytes(zipped({"a": b"b"}))
        with Archive.open(path) as archive:
            assert archive.size == path.stat().st_size
            assert "a" in archive
            assert archive.read("a") == b"b"


NAMES = {
    b"": "is empty",
    b"/etc/passwd": "absolute",
    b"//host/share": "absolute",
    b"../x": "leads out",
    b"a/../x": "leads out",
    b"a/..": "leads out",
    b"..": "leads out",
    b"../": "leads out",
    b"a\\b": "backslash",
    b"..\\x": "backslash",
    b"C:/x": "drive",
    b"c:x": "drive",
    b"a\0b": "control",
    b"a\nb": "control",
    b"\x1b[2J": "control",
    b"./a": "'.' part",
    b"a/./b": "'.' part",
    b"a//b": "empty",
    b"a//": "empty",
    b"/": "absolute",
    b"n" * 5000: "too long",
}


class TestHostile:
    @pytest.mark.parametrize("name", NAMES, ids=ascii)
    def test_unsafe_names(self, name: bytes) -> None:
        with pytest.raises(InvalidArchive, match=NAMES[name]):
            opened(zip_of(Entry(name, b"", flags=0x800)))

    @pytest.mark.parametrize("name", [b"a..b", b"...", b".hidden", b"a/..b/c", b"ab:c/d", b"ab:c", b"..a/"])
    def test_odd_but_safe_names(self, name: bytes) -> None:
        assert len(opened(zip_of(Entry(name, b"", external=0))).members) == 1

    @pytest.mark.parametrize(
        ("entries", "reason"),
        [
            ([Entry(), Entry()], "twice"),
            ([Entry(b"a"), Entry(b"A")], "same path"),
            ([Entry("é".encode(), flags=0x800), Entry("e\u0301".encode(), flags=0x800)], "same path"),
            ([Entry(b"a", b""), Entry(b"a/", b"", external=0)], "same path"),
            ([Entry(b"a"), Entry(b"a/b")], "both a file and a directory"),
            ([Entry(b"x/y/z"), Entry(b"X")], "both a file and a directory"),
            ([Entry(flags=1)], "encrypted"),
            ([Entry(flags=0x2000)], "encrypted"),
            ([Entry(flags=0x20)], "method"),
            ([Entry(method=12, packed=5, data=b"hello")], "method 12"),
            ([Entry(method=93, packed=5, data=b"hello")], "method 93"),
            ([Entry(method=0, size=9)], "two sizes"),
            ([Entry(external=0o120777 << 16)], "symbolic link"),
            ([Entry(external=0o010644 << 16)], "not a regular file"),
            ([Entry(external=0o040755 << 16)], "not a regular file"),
            ([Entry(b"d/", b"x")], "directory 'd/' has content"),
            ([Entry(disk=3)], "several disks"),
            ([Entry(b"\xff\xfe", flags=0x800)], "not UTF-8"),
            ([Entry(offset=10**9)], "overlaps"),
            ([Entry(b"a", offset=0), Entry(b"b", offset=0)], "overlaps"),
            ([Entry(b"a"), Entry(b"b", offset=20)], "overlaps"),
            ([Entry(packed=500)], "overlaps"),
            ([Entry(size=1 << 31)], "claims to unpack"),
            ([Entry(size=0xFFFFFFFF, extra=struct.pack("<HHQ", 1, 8, 1 << 60))], "claims to unpack"),
            ([Entry(size=0xFFFFFFFF, extra=struct.pack("<HHL", 1, 4, 1))], "damaged"),
            ([Entry(extra=struct.pack("<HHBL", 0x7075, 6, 1, 0) + b"b")], "second, different name"),
        ],
    )
    def test_directories_that_must_not_be_believed(self, entries: list[Entry], reason: str) -> None:
        with pytest.raises(InvalidArchive, match=reason) as caught:
            opened(zip_of(*entries))
        assert str(caught.value).startswith("foo.whl: ")

    @pytest.mark.parametrize(
        ("entry", "reason"),
        [
            (Entry(local={"name": b"b.txt"}), "two different ways"),
            (Entry(local={"size": 6}), "two different ways"),
            (Entry(local={"packed": 6}), "two different ways"),
            (Entry(local={"crc": 6}), "two different ways"),
            (Entry(local={"crc": 0, "size": 0, "packed": 0}), "two different ways"),
            (Entry(flags=8, local={"crc": 0, "size": 3, "packed": 0}), "two different ways"),
            (Entry(local={"method": 0}), "two different ways"),
            (Entry(local={"flags": 1}), "two different ways"),
            (Entry(local={"flags": 0x800}), "two different ways"),
            (Entry(local={"size": 0xFFFFFFFF}), "damaged"),
            (Entry(size=4), "declared size"),
            (Entry(size=6), "declared size"),
            (Entry(size=0), "declared size"),
            (Entry(packed=6), "damaged|declared size"),
            (Entry(crc=7), "checksum"),
            (Entry(method=0, crc=7), "checksum"),
            (Entry(data=b"\xff" * 20, packed=20), "damaged"),
            (Entry(b"a", b"hello", data=b"", packed=0), "declared size"),
            (Entry(b"a", bytes(1 << 20), size=10), "declared size"),
            (Entry(b"a", bytes(3 << 20), size=2 << 20), "declared size"),
            (Entry(b"a", bytes(2 << 20), size=3 << 20), "declared size"),
            (Entry(b"a", bytes(3 << 20), crc=1), "checksum"),
        ],
    )
    def test_members_that_are_not_as_declared(self, entry: Entry, reason: str) -> None:
        archive = opened(zip_of(entry))
        name = next(iter(archive.members))
        with pytest.raises(InvalidArchive, match=reason):
            archive.read(name)
        with pytest.raises(InvalidArchive, match=reason):
            list(archive.stream(name))

    def test_a_header_may_not_reach_into_the_next_member(self) -> None:
        extra = struct.pack("<HH", 9, 60) + bytes(60)
        data = zip_of(Entry(b"a", local={"extra": extra}), Entry(b"b"))
        shifted = data.replace(extra, b"", 1)  # the lengths still claim the extra field
        with pytest.raises(InvalidArchive):
            opened(shifted).read("a")

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"", "truncated"),
            (b"PK\x05\x06", "truncated"),
            (b"not a zip at all" * 10, "truncated"),
            (b"<html>" * 20000, "truncated"),
            (zip_of(Entry())[:-1], "truncated"),
            (zip_of(Entry()) + b"x", "truncated"),
            (b"#!/bin/sh\n" + zip_of(Entry()), "foreign bytes"),
            (zip_of(Entry(), end=end_record(1, 9999, 0)), "foreign bytes"),
            (zip_of(Entry(), comment=end_record(0, 0, 0)), "ambiguous"),
            (zip_of(Entry(), end=end_record(1, 51, 42, disk=1)), "several disks"),
            (zip_of(Entry(), end=end_record(1, 51, 42, here=0)), "several disks"),
            (zip_of(Entry(), end=end_record(0xFFFF, 51, 42)), "64-bit end record is missing"),
        ],
    )
    def test_ends_that_do_not_fit(self, data: bytes, reason: str) -> None:
        with pytest.raises(InvalidArchive, match=reason):
            opened(data)

    def test_directories_that_do_not_fill_their_place(self) -> None:
        plain = zip_of(Entry())
        offset = plain.index(b"PK\x01\x02")
        size = len(plain) - 22 - offset
        for end in (
            end_record(0, size, offset),
            end_record(2, size, offset),
            end_record(60000, size, offset),
        ):
            with pytest.raises(InvalidArchive):
                opened(plain[:-22] + end)
        broken = plain.replace(b"PK\x01\x02", b"PK\x01\x03")
        with pytest.raises(InvalidArchive, match="directory is damaged"):
            opened(broken)

    @pytest.mark.parametrize(
        "changes",
        [{"count": 2}, {"size": 50}, {"at": 1 << 40}, {"at": 0}, {"disks": 7}, {"length": 4}, {"disk": 1}],
    )
    def test_64_bit_end_records_must_agree(self, changes: dict[str, int]) -> None:
        plain = zip_of(Entry())
        offset = plain.index(b"PK\x01\x02")
        size = len(plain) - 22 - offset
        wide = end_records64(**{"count": 1, "size": size, "offset": offset, **changes})
        with pytest.raises(InvalidArchive):
            opened(zip_of(Entry(), wide=wide, end=end_record(1, size, offset)))

    def test_limits(self) -> None:
        data = zip_of(Entry(b"a"), Entry(b"b"))
        for limits in (Limits(members=1), Limits(directory=20), Limits(unpacked=9)):
            with pytest.raises(InvalidArchive, match="claims"):
                Archive(CountingSource(data), "foo.whl", limits)
        with pytest.raises(InvalidArchive, match="too large: 5 bytes, at most 4"):
            opened(data).read("a", limit=4)

    @pytest.mark.parametrize("content", [bytes(3 << 20), os.urandom(3 << 20)], ids=["zeros", "noise"])
    def test_large_members_whose_data_are_cut_continued_or_damaged(self, content: bytes) -> None:
        packed = zlib.compress(content, wbits=-15)
        half = len(packed) // 2
        for data in (
            packed[:-1],
            packed[:half],
            packed + b"more",
            packed[:half] + b"\xff" * half,
            b"\xff" * 99,
            b"",
        ):
            archive = opened(zip_of(Entry(b"a", content, data=data, packed=len(data))))
            with pytest.raises(InvalidArchive, match="is broken"):
                list(archive.stream("a"))
            with pytest.raises(InvalidArchive, match="is broken"):
                archive.read("a")

    @pytest.mark.parametrize("more", [-258, -1, 0, 1, 130, 257, 258])
    def test_output_that_ends_where_a_piece_does(self, more: int) -> None:
        content = bytes((2 << 20) + more)
        archive = opened(zip_of(Entry(b"a", content)))
        assert b"".join(archive.stream("a")) == content

    def test_an_unknown_member(self) -> None:
        with pytest.raises(InvalidArchive, match="no 'b'"):
            opened(zip_of(Entry())).read("b")

    def test_a_bomb_is_not_inflated(self) -> None:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
        archive = opened(zip_of(Entry(b"a", b"", data=bomb, packed=len(bomb), size=100)))
        with pytest.raises(InvalidArchive, match="declared size"):
            archive.read("a")


HONEST = zipped({"a.py": b"import this\n" * 9, "d/b.txt": os.urandom(30), "d/c": b""}, comment=b"hi")
CONTENT = {name: zipfile.ZipFile(io.BytesIO(HONEST)).read(name) for name in ("a.py", "d/b.txt", "d/c")}


class TestCorruption:
    @given(st.data())
    @settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
    def test_damage_is_noticed_or_harmless(self, data: st.DataObject) -> None:
        damaged = bytearray(HONEST)
        for _ in range(data.draw(st.integers(1, 4))):
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        if data.draw(st.booleans()):
            start = data.draw(st.integers(0, len(damaged)))
            del damaged[start : start + data.draw(st.integers(0, 40))]
        read = {}
        try:
            archive = opened(bytes(damaged))
        except RewheelError:
            return
        for name in archive.members:
            try:
                read[name] = archive.read(name)
                assert b"".join(archive.stream(name)) == read[name]
            except RewheelError:
                continue
        # What comes through is content that was there; damage can at most change names.
        assert set(read.values()) <= set(CONTENT.values())

    @given(st.binary(max_size=300), st.binary(max_size=100))
    @settings(max_examples=200)
    def test_noise_never_escapes_the_family(self, before: bytes, after: bytes) -> None:
        for data in (before, before + HONEST[-60:], HONEST + after, before + b"PK\x05\x06" + after):
            try:
                archive = opened(data)
                for name in archive.members:
                    archive.read(name)
            except RewheelError:
                pass
