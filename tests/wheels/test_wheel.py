"""A wheel is believed only where file name, dist-info and label agree, and costs few bytes to look at."""

import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from rewheel.errors import RewheelError
from rewheel.variants import InvalidFilename, InvalidMetadata, VariantProperties
from rewheel.wheels import InvalidRecord, InvalidWheel, UnsupportedWheel, VariantMismatch, Wheel
from support.wheel_factory import make_wheel, variant_document, write_wheel
from wheels.sources import CountingSource

FAST = {"gpu": {"arch": ["x1"]}}


def replaced(path: Path, changes: dict[str, bytes | None], info: str = "foo-1.0.dist-info") -> Path:
    """Write the wheel again with other content; None leaves a member out."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/RECORD")}
    members |= {name: content for name, content in changes.items() if content is not None}
    for name, content in changes.items():
        if content is None:
            members.pop(name)
    return write_wheel(path, members, info)


class TestReading:
    def test_what_a_plain_wheel_says(self, tmp_path) -> None:
        path = make_wheel(
            tmp_path,
            "Foo.Bar",
            "1.0",
            build="3a",
            requires=["a"],
            entry_points="[console_scripts]\nx = y:z\n",
        )
        with Wheel.open(path) as wheel:
            assert wheel.filename.project == "foo-bar"
            assert wheel.dist_info == "foo_bar-1.0.dist-info"
            assert wheel.data_dir == "foo_bar-1.0.data"
            assert b"Requires-Dist: a\n" in wheel.metadata_text()
            info = wheel.wheel_info()
            assert (info.version, info.root_is_purelib, info.tags) == ((1, 0), True, ("py3-none-any",))
            assert info.generator == "tests"
            assert [entry.path for entry in wheel.record()] == list(wheel.archive.members)
            assert wheel.entry_points_text() == b"[console_scripts]\nx = y:z\n"
            assert wheel.variant_json() is None
            assert wheel.label == ""

    def test_what_a_variant_says(self, tmp_path) -> None:
        path = make_wheel(tmp_path, label="fast", properties=FAST)
        with Wheel.open(path) as wheel:
            metadata = wheel.variant_metadata()
            assert metadata.properties_of("fast") == VariantProperties.from_mapping(FAST)
            assert wheel.check_variant(VariantProperties.from_mapping(FAST)) == metadata
            assert wheel.entry_points_text() is None

    def test_the_null_variant(self, tmp_path) -> None:
        with Wheel.open(make_wheel(tmp_path, label="null")) as wheel:
            assert wheel.check_variant(VariantProperties())

    @pytest.mark.parametrize("version", ["1.0", "1.0.0", "1"])
    def test_versions_are_equal_as_versions(self, tmp_path, version: str) -> None:
        path = make_wheel(tmp_path, version=version).rename(tmp_path / "foo-1.0-py3-none-any.whl")
        with Wheel.open(path) as wheel:
            assert wheel.metadata_text()
            assert wheel.dist_info == f"foo-{version}.dist-info"

    def test_local_versions_and_sloppy_names(self, tmp_path) -> None:
        path = make_wheel(tmp_path, "Foo-Bar", "1.0+cu12.8").rename(
            tmp_path / "Foo.bar-1.0+cu12_8-py3-none-any.whl"
        )
        with Wheel.open(path) as wheel:
            assert wheel.metadata_text()

    def test_the_metadata_of_a_big_wheel_is_cheap(self, tmp_path) -> None:
        files: dict[str, bytes | str] = {f"foo/{'m' * 60}{n}.py": os.urandom(500) for n in range(2000)}
        path = make_wheel(tmp_path, label="fast", properties=FAST, files=files)
        source = CountingSource(path.read_bytes())
        wheel = Wheel.over(source, path.name)
        assert wheel.metadata_text()
        assert len(source.reads) <= 3
        assert wheel.variant_metadata()
        assert len(source.reads) <= 4
        # The directory is most of it; none of the 1 MB of code is read.
        assert sum(length for _, length in source.reads) < 350_000 < source.size

    def test_metadata_at_the_end_of_a_wheel_costs_the_tail_alone(self, tmp_path) -> None:
        path = make_wheel(tmp_path, label="fast", properties=FAST, files={"foo.bin": os.urandom(1 << 20)})
        source = CountingSource(path.read_bytes())
        wheel = Wheel.over(source, path.name)
        assert wheel.metadata_text()
        assert wheel.variant_metadata()
        assert wheel.record()
        assert source.reads == [(source.size - (1 << 16), 1 << 16)]
        wheel.close()
        assert source.closed


class TestRefusing:
    def test_a_bad_name_closes_the_source(self) -> None:
        source = CountingSource(b"")
        with pytest.raises(InvalidFilename):
            Wheel.over(source, "foo.whl")
        assert source.closed

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("bar-1.0-py3-none-any.whl", "'foo-1.0.dist-info' is that of another release"),
            ("foo-1.1-py3-none-any.whl", "another release"),
            ("foo-notaversion-py3-none-any.whl", "another release"),
        ],
    )
    def test_the_name_must_be_that_of_the_content(self, tmp_path, name: str, reason: str) -> None:
        data = make_wheel(tmp_path).read_bytes()
        with pytest.raises(InvalidWheel, match=reason) as caught:
            Wheel.over(CountingSource(data), name)
        assert str(caught.value).startswith(f"{name}: ")

    @pytest.mark.parametrize(
        ("members", "reason"),
        [
            ({"foo.py": b""}, "no dist-info"),
            ({"foo-1.0.dist-info": b""}, "no dist-info"),
            ({"x/foo-1.0.dist-info/METADATA": b""}, "no dist-info"),
            ({"foo-1.0.dist-info/A": b"", "bar-1.0.dist-info/A": b""}, "several dist-info"),
            ({"foo-1.0.dist-info/A": b"", "FOO-1.0.DIST-INFO/B": b""}, "several dist-info"),
            ({"FOO-1.0.DIST-INFO/A": b""}, "another release"),
            ({"foo-1.0.dist-info/A": b"", "foo-2.0.data/scripts/x": b""}, "not its data directory"),
        ],
    )
    def test_exactly_one_dist_info(self, tmp_path, members: dict[str, bytes], reason: str) -> None:
        path = tmp_path / "foo-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        with pytest.raises(InvalidWheel, match=reason):
            Wheel.open(path)

    @pytest.mark.parametrize(
        ("metadata", "reason"),
        [
            (None, "has no METADATA"),
            (b"Name: foo\n", "has no Version"),
            (b"Version: 1.0\n", "has no Name"),
            (b"Name: bar\nVersion: 1.0\n", "that of bar 1.0"),
            (b"Name: foo\nVersion: 2.0\n", "that of foo 2.0"),
            (b"Name: foo\n\nVersion: 1.0\n", "has no Version"),
            (b"Name: \xff\n", "not UTF-8"),
            (b"Name: foo\nVersion: 1.0\n" + bytes(20 << 20), "too large"),
        ],
    )
    def test_metadata_must_agree(self, tmp_path, metadata: bytes | None, reason: str) -> None:
        path = replaced(make_wheel(tmp_path), {"foo-1.0.dist-info/METADATA": metadata})
        with Wheel.open(path) as wheel, pytest.raises(InvalidWheel, match=reason):
            wheel.metadata_text()

    @pytest.mark.parametrize(
        ("text", "error", "reason"),
        [
            (None, InvalidWheel, "has no WHEEL"),
            (b"", InvalidWheel, "no valid Wheel-Version"),
            (b"Wheel-Version: one\n", InvalidWheel, "no valid Wheel-Version"),
            (b"Wheel-Version: 1\n", InvalidWheel, "no valid Wheel-Version"),
            (b"Wheel-Version: 1.0\nWheel-Version: 2.0\n", InvalidWheel, "twice"),
            (b"Wheel-Version: 2.0\n", UnsupportedWheel, "wheel format 2.0"),
            (b"Wheel-Version: \xff\n", InvalidWheel, "not UTF-8"),
        ],
    )
    def test_the_wheel_file(
        self, tmp_path, text: bytes | None, error: type[InvalidWheel], reason: str
    ) -> None:
        path = replaced(make_wheel(tmp_path), {"foo-1.0.dist-info/WHEEL": text})
        with Wheel.open(path) as wheel, pytest.raises(error, match=reason) as caught:
            wheel.wheel_info()
        if error is UnsupportedWheel:
            assert "newer tool" in caught.value.hint

    def test_a_newer_minor_format_is_read(self, tmp_path) -> None:
        path = replaced(
            make_wheel(tmp_path), {"foo-1.0.dist-info/WHEEL": b"Wheel-Version: 1.9\r\nTag: x\r\n\r\n"}
        )
        with Wheel.open(path) as wheel:
            assert wheel.wheel_info().version == (1, 9)
            assert not wheel.wheel_info().root_is_purelib
            assert wheel.wheel_info().tags == ("x",)

    def test_a_missing_record(self, tmp_path) -> None:
        path = tmp_path / "foo-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("foo-1.0.dist-info/METADATA", "Name: foo\nVersion: 1.0\n")
        with Wheel.open(path) as wheel, pytest.raises(InvalidRecord, match="no RECORD"):
            wheel.record()


class TestVariants:
    def test_a_label_needs_its_file(self, tmp_path) -> None:
        path = make_wheel(tmp_path, label="fast", variant_json=b"")
        with (
            Wheel.open(path) as wheel,
            pytest.raises(VariantMismatch, match=r"label 'fast' but no variant\.json"),
        ):
            wheel.variant_metadata()

    @pytest.mark.parametrize(
        "document",
        [
            b"{",
            b"\xff",
            variant_document({"slow": FAST}),
            variant_document({"fast": FAST, "slow": FAST}),
            variant_document({"fast": FAST}, schema="https://variants-schema.wheelnext.dev/v9.0.0.json"),
        ],
    )
    def test_the_file_must_describe_exactly_the_label(self, tmp_path, document) -> None:
        path = make_wheel(tmp_path, label="fast", variant_json=document)
        with Wheel.open(path) as wheel, pytest.raises(InvalidMetadata):
            wheel.variant_metadata()

    def test_the_index_must_say_the_same(self, tmp_path) -> None:
        path = make_wheel(tmp_path, label="fast", properties=FAST)
        other = VariantProperties.from_mapping({"gpu": {"arch": ["x1", "x2"]}})
        with Wheel.open(path) as wheel, pytest.raises(VariantMismatch, match=r"\[gpu :: arch :: x2\]"):
            wheel.check_variant(other)

    def test_a_plain_wheel_stays_plain_whatever_it_holds(self, tmp_path) -> None:
        path = make_wheel(tmp_path, label="fast", properties=FAST).rename(
            tmp_path / "foo-1.0-py3-none-any.whl"
        )
        with Wheel.open(path) as wheel:
            assert wheel.variant_json() is not None
            with pytest.raises(VariantMismatch, match="plain wheel"):
                wheel.variant_metadata()


@pytest.fixture(scope="module")
def honest(tmp_path_factory) -> bytes:
    return make_wheel(tmp_path_factory.mktemp("w"), label="fast", properties=FAST).read_bytes()


class TestCorruption:
    @given(data=st.data())
    @settings(max_examples=200)
    def test_damage_never_escapes_the_family(self, honest: bytes, data: st.DataObject) -> None:
        damaged = bytearray(honest)
        for _ in range(data.draw(st.integers(1, 3))):
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        try:
            wheel = Wheel.over(CountingSource(bytes(damaged)), "foo-1.0-py3-none-any-fast.whl")
        except RewheelError:
            return
        for ask in (wheel.metadata_text, wheel.wheel_info, wheel.record, wheel.variant_metadata):
            try:
                ask()
            except RewheelError as error:
                assert "\n" not in str(error)
