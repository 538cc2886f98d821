"""Variants are made of plain wheels and unmade again, nothing else changed and nothing invalid written."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from variantlib.variant_dist_info import VariantDistInfo

from rewheel.variants import (
    Dialect,
    InvalidLabel,
    InvalidMetadata,
    Provider,
    ProviderKind,
    UnknownLabel,
    VariantMetadata,
    VariantProperties,
)
from rewheel.wheels import (
    AlreadyVariant,
    InvalidRecord,
    InvalidWheel,
    NotAVariant,
    RecordEntry,
    UnsupportedWheel,
    VariantMarkers,
    Wheel,
    WheelExists,
    format_record,
    make_variant,
    unmake_variant,
    verify,
)
from support.wheel_factory import PEP825, PEP850, make_wheel, write_wheel

PROPERTIES = VariantProperties.from_mapping({"gpu": {"arch": ["x2", "x1"]}, "math": {"lib": ["mkl"]}})
PROVIDERS = [
    Provider(
        namespace="gpu", kind=ProviderKind.PLUGIN, requires=("gpu-provider>=1",), plugin_api="gpu:Plugin"
    ),
    Provider(namespace="math", kind=ProviderKind.STATIC, static_properties={"lib": ("mkl", "openblas")}),
]
METADATA = VariantMetadata(
    namespaces=("math", "gpu"),
    providers=PROVIDERS,
    variants={"fast": PROPERTIES, "other": VariantProperties.from_mapping({"math": {"lib": ["openblas"]}})},
)
INFO = "foo-1.0.dist-info"


def content(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def make(wheel: Path, output: Path, label: str = "fast", **options) -> Path:
    return make_variant(wheel, metadata=METADATA, label=label, output=output, **options)


def executable_wheel(directory: Path) -> Path:
    """A wheel with modes, a directory entry, stored and non-ASCII members."""
    path = make_wheel(directory, files={"foo/__init__.py": "x = 1\n" * 50, "foo/ä b.txt": "y"})
    with zipfile.ZipFile(path) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for info, data in members:
            info.external_attr = (0o100755 if info.filename == "foo/__init__.py" else 0o100640) << 16
            archive.writestr(info, data)
    return path


class TestMake:
    def test_only_the_label_and_its_file_are_added(self, tmp_path) -> None:
        plain = executable_wheel(tmp_path)
        made = make(plain, tmp_path / "out")
        assert made == tmp_path / "out" / "foo-1.0-py3-none-any-fast.whl"
        before, after = content(plain), content(made)
        names = [*[*before][:-1], f"{INFO}/variant.json", f"{INFO}/RECORD"]
        assert list(after) == names
        assert {n: after[n] for n in before if n != f"{INFO}/RECORD"} == {
            n: before[n] for n in before if n != f"{INFO}/RECORD"
        }
        with zipfile.ZipFile(plain) as one, zipfile.ZipFile(made) as other:
            for info in one.infolist():
                copy = other.getinfo(info.filename)
                assert copy.external_attr == info.external_attr
                assert copy.compress_type == info.compress_type or info.filename.endswith("RECORD")
                assert copy.date_time == (1980, 1, 1, 0, 0, 0)
        with Wheel.open(made) as wheel:
            assert list(verify(wheel)) == []
            assert wheel.record()[-2].path == f"{INFO}/variant.json"
            own = wheel.check_variant(PROPERTIES)
            assert (own.namespaces, own.variants, own.providers) == (
                METADATA.namespaces,
                METADATA.select("fast").variants,
                METADATA.providers,
            )

    def test_the_document_is_tidy_and_other_tools_read_it(self, tmp_path) -> None:
        made = make(make_wheel(tmp_path), tmp_path)
        text = content(made)[f"{INFO}/variant.json"].decode()
        document = json.loads(text)
        assert text.endswith("}\n")
        assert list(document) == sorted(document)
        assert document["$schema"] == PEP850
        assert document["default-priorities"] == {"namespace": ["math", "gpu"]}
        assert document["variants"] == {"fast": {"gpu": {"arch": ["x1", "x2"]}, "math": {"lib": ["mkl"]}}}
        oracle = VariantDistInfo(text.encode(), expected_label="fast")
        assert {str(item.to_str()) for item in oracle.variant_desc.properties} == {
            "gpu :: arch :: x1",
            "gpu :: arch :: x2",
            "math :: lib :: mkl",
        }
        assert oracle.providers["gpu"].requires == ["gpu-provider>=1"]

    def test_dialects(self, tmp_path) -> None:
        plain = make_wheel(tmp_path)
        bare = METADATA.with_providers(())
        for metadata, dialect, schema in (
            (bare, None, PEP825),
            (METADATA, Dialect.PEP825, PEP825),
            (METADATA, None, PEP850),
        ):
            made = make_variant(plain, metadata=metadata, label="fast", output=tmp_path, dialect=dialect)
            assert json.loads(content(made)[f"{INFO}/variant.json"])["$schema"] == schema
        with pytest.raises(InvalidMetadata):
            make_variant(plain, metadata=bare, label="fast", output=tmp_path / "no", dialect=Dialect.PEP850)

    def test_the_null_variant(self, tmp_path) -> None:
        made = make(make_wheel(tmp_path), tmp_path, "null")
        assert made.name == "foo-1.0-py3-none-any-null.whl"
        with Wheel.open(made) as wheel:
            assert list(verify(wheel)) == []
            assert wheel.check_variant(VariantProperties())

    def test_the_same_input_is_the_same_output(self, tmp_path) -> None:
        plain = executable_wheel(tmp_path)
        again = executable_wheel(tmp_path / "again")
        os.utime(again, (0, 0))
        one, other = make(plain, tmp_path / "a"), make(again, tmp_path / "b")
        assert one.read_bytes() == other.read_bytes()
        later = make(plain, tmp_path / "c", epoch=1_700_000_000)
        with zipfile.ZipFile(later) as archive:
            assert {info.date_time[:3] for info in archive.infolist()} == {(2023, 11, 14)}

    def test_build_tags_stay(self, tmp_path) -> None:
        made = make(make_wheel(tmp_path, build="2b"), tmp_path)
        assert made.name == "foo-1.0-2b-py3-none-any-fast.whl"

    def test_a_label_is_replaced_only_on_request(self, tmp_path) -> None:
        first = make(make_wheel(tmp_path), tmp_path)
        with pytest.raises(AlreadyVariant, match="is the variant 'fast' already"):
            make(first, tmp_path, "other")
        second = make(first, tmp_path, "other", replace=True)
        assert second.name == "foo-1.0-py3-none-any-other.whl"
        assert content(second) == content(make(make_wheel(tmp_path), tmp_path, "other"))
        assert make(second, tmp_path, "other", replace=True).read_bytes() == second.read_bytes()

    def test_old_variant_files_and_signatures_go(self, tmp_path) -> None:
        path = make_wheel(
            tmp_path,
            files={
                "foo.py": "",
                f"{INFO}/variant.json": "{}",
                f"{INFO}/RECORD.jws": "{}",
                f"{INFO}/RECORD.p7s": "",
            },
        )
        made = make(path, tmp_path / "out")
        assert content(made) == content(
            make(make_wheel(tmp_path / "p", files={"foo.py": ""}), tmp_path / "out2")
        )

    def test_large_members_are_copied(self, tmp_path) -> None:
        big = os.urandom(3 << 20)
        made = make(make_wheel(tmp_path, files={"foo.bin": big}), tmp_path)
        assert content(made)["foo.bin"] == big


class TestRefusing:
    @pytest.mark.parametrize(
        ("metadata", "label", "error"),
        [
            (METADATA, "FAST", InvalidLabel),
            (METADATA, "", InvalidLabel),
            (METADATA, "unknown", UnknownLabel),
            (VariantMetadata(namespaces=("math",), variants={"fast": PROPERTIES}), "fast", InvalidMetadata),
            (VariantMetadata(namespaces=(), variants={"fast": VariantProperties()}), "fast", InvalidMetadata),
            (
                VariantMetadata(namespaces=("gpu", "gpu", "math"), variants={"fast": PROPERTIES}),
                "fast",
                InvalidMetadata,
            ),
            (
                VariantMetadata(namespaces=("G P",), variants={"fast": VariantProperties()}),
                "fast",
                InvalidMetadata,
            ),
            (METADATA.with_providers(PROVIDERS[:1]), "fast", InvalidMetadata),
        ],
    )
    def test_metadata_that_must_not_be_published(self, tmp_path, metadata, label: str, error) -> None:
        plain = make_wheel(tmp_path)
        with pytest.raises(error):
            make_variant(plain, metadata=metadata, label=label, output=tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_the_null_variant_has_no_properties(self, tmp_path) -> None:
        plain = make_wheel(tmp_path)
        with pytest.raises(InvalidMetadata):
            metadata = VariantMetadata(namespaces=("gpu", "math"), variants={"null": PROPERTIES})
            make_variant(plain, metadata=metadata, label="null", output=tmp_path / "out")
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize(
        ("members", "error"),
        [
            (
                {f"{INFO}/WHEEL": "Wheel-Version: 2.0\n", f"{INFO}/METADATA": "Name: foo\nVersion: 1.0\n"},
                UnsupportedWheel,
            ),
            (
                {f"{INFO}/WHEEL": "Wheel-Version: 1.0\n", f"{INFO}/METADATA": "Name: bar\nVersion: 1.0\n"},
                InvalidWheel,
            ),
            ({f"{INFO}/WHEEL": "Wheel-Version: 1.0\n"}, InvalidWheel),
        ],
    )
    def test_broken_wheels(self, tmp_path, members, error) -> None:
        path = write_wheel(tmp_path / "foo-1.0-py3-none-any.whl", members, INFO)
        with pytest.raises(error):
            make(path, tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_a_record_that_does_not_list_everything(self, tmp_path) -> None:
        path = make_wheel(tmp_path)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("sneaked_in.py", "")
        with pytest.raises(InvalidRecord, match="sneaked_in"):
            make(path, tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_a_damaged_member_leaves_no_half_wheel(self, tmp_path) -> None:
        path = make_wheel(tmp_path, files={"foo.py": "x"})
        data = bytearray(path.read_bytes())
        data[30] ^= 1  # the name in the local header
        path.write_bytes(bytes(data))
        with pytest.raises(InvalidWheel, match="two different ways"):
            make(path, tmp_path / "out")
        assert not list((tmp_path / "out").iterdir())


class TestUnmake:
    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_unmaking_gives_back_what_was_there(self, tmp_path, end: str) -> None:
        plain = executable_wheel(tmp_path)
        members = content(plain)
        with zipfile.ZipFile(plain, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data.replace(b"\n", end.encode()) if name.endswith("RECORD") else data)
        made = make(plain, tmp_path / "made")
        back = unmake_variant(made, output=tmp_path / "back")
        assert back.name == plain.name
        assert list(content(back)) == list(content(plain))
        assert content(back) == content(plain)
        assert back.read_bytes() == unmake_variant(made, output=tmp_path / "again").read_bytes()
        with Wheel.open(back) as wheel:
            assert list(verify(wheel)) == []

    def test_a_plain_wheel_is_refused(self, tmp_path) -> None:
        with pytest.raises(NotAVariant, match="plain wheel already"):
            unmake_variant(make_wheel(tmp_path), output=tmp_path)

    def test_a_plain_wheel_with_a_variant_file_is_cleaned(self, tmp_path) -> None:
        odd = make(make_wheel(tmp_path), tmp_path).rename(tmp_path / "x.whl")
        odd = odd.rename(tmp_path / "foo-1.0-py3-none-any.whl")
        back = unmake_variant(odd, output=tmp_path / "out")
        assert f"{INFO}/variant.json" not in content(back)

    def test_another_plain_wheel_is_not_overwritten(self, tmp_path) -> None:
        plain = make_wheel(tmp_path)
        made = make(plain, tmp_path)
        assert content(unmake_variant(made, output=tmp_path)) == content(make_wheel(tmp_path / "same"))
        for other in (make_wheel(tmp_path, files={"foo.py": "other"}).read_bytes(), b"no wheel", b""):
            plain.write_bytes(other)
            with pytest.raises(WheelExists, match="there already, with other content"):
                unmake_variant(made, output=tmp_path)
            assert plain.read_bytes() == other

    def test_variant_markers_are_refused_or_settled(self, tmp_path) -> None:
        requires = [
            "always",
            "kept >= 1 ; os_name == 'posix'",
            "never; 'gpu' in variant_namespaces",
            "plain ; variant_label == ''",
            "direct @ https://h/x;y.whl ; 'gpu' not in variant_namespaces and os_name == 'nt'",
            "mixed[a]>=2; python_version >= '3' and (variant_label == 'fast' or extra == 'x')",
        ]
        plain = make_wheel(tmp_path, requires=requires)
        made = make(plain, tmp_path / "out")
        with pytest.raises(VariantMarkers, match=r"never.*plain.*direct.*1 more"):
            unmake_variant(made, output=tmp_path / "back")
        assert not (tmp_path / "back").exists()
        back = unmake_variant(made, output=tmp_path / "back", resolve_markers=True)
        lines = content(back)[f"{INFO}/METADATA"].decode().splitlines()
        assert [line for line in lines if line.startswith("Requires-Dist")] == [
            "Requires-Dist: always",
            "Requires-Dist: kept >= 1 ; os_name == 'posix'",
            "Requires-Dist: plain",
            'Requires-Dist: direct @ https://h/x;y.whl ; os_name == "nt"',
            'Requires-Dist: mixed[a]>=2; python_version >= "3" and extra == "x"',
        ]
        with Wheel.open(back) as wheel:
            assert list(verify(wheel)) == []

    def test_the_rest_of_the_metadata_stays_as_it_is(self, tmp_path) -> None:
        plain = make_wheel(tmp_path)
        text = (
            b"Name: foo\r\nVersion: 1.0\r\nREQUIRES-dist: a;\r\n  variant_label == ''\r\n"
            b"Summary: about variant_label\r\n\r\nRequires-Dist: b; variant_label == ''\r\nbody \xc3\xa4"
        )
        members = {**content(plain), f"{INFO}/METADATA": text}
        members.pop(f"{INFO}/RECORD")
        made = make(write_wheel(plain, members, INFO), tmp_path / "out")
        back = unmake_variant(made, output=tmp_path / "back", resolve_markers=True)
        assert content(back)[f"{INFO}/METADATA"] == text.replace(b" a;\r\n  variant_label == ''", b" a")

    @pytest.mark.parametrize(
        "line",
        [b"Requires-Dist: variant_tools", b"Requires-Dist: variant_tools; os_name", b"X-variant_note: y"],
    )
    def test_lines_that_only_look_like_variant_markers_stay(self, tmp_path, line: bytes) -> None:
        plain = make_wheel(tmp_path)
        text = b"Name: foo\nVersion: 1.0\n" + line
        members = {**content(plain), f"{INFO}/METADATA": text}
        members.pop(f"{INFO}/RECORD")
        made = make(write_wheel(plain, members, INFO), tmp_path / "out")
        back = unmake_variant(made, output=tmp_path / "back", resolve_markers=True)
        assert content(back)[f"{INFO}/METADATA"] == text

    def test_a_record_without_its_own_row_gets_the_new_one_at_its_end(self, tmp_path) -> None:
        plain = make_wheel(tmp_path)
        members = content(plain)
        rows = members[f"{INFO}/RECORD"].decode().splitlines()
        members[f"{INFO}/RECORD"] = "\n".join(rows[:-1]).encode()
        with zipfile.ZipFile(plain, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        with Wheel.open(make(plain, tmp_path / "out")) as wheel:
            assert [entry.path for entry in wheel.record()][-1] == f"{INFO}/variant.json"
            assert list(verify(wheel)) == []

    def test_a_marker_that_cannot_be_read_is_not_passed_on(self, tmp_path) -> None:
        made = make(make_wheel(tmp_path, requires=["a; variant_lable == ''"]), tmp_path / "out")
        with pytest.raises(InvalidWheel, match="invalid marker"):
            unmake_variant(made, output=tmp_path, resolve_markers=True)

    @given(
        st.dictionaries(
            st.from_regex(r"foo/[a-z,é\" ]{1,8}\.py", fullmatch=True), st.binary(max_size=300), max_size=5
        ).filter(lambda files: len({name.casefold() for name in files}) == len(files))
    )
    @settings(max_examples=30)
    def test_any_files_come_through(self, tmp_path_factory, files: dict[str, bytes]) -> None:
        folder = tmp_path_factory.mktemp("w")
        plain = make_wheel(folder)
        members = {
            **files,
            f"{INFO}/METADATA": b"Name: foo\nVersion: 1.0\n",
            f"{INFO}/WHEEL": b"Wheel-Version: 1.0\n",
        }
        record = [
            *(RecordEntry.of(name, data) for name, data in members.items()),
            RecordEntry(f"{INFO}/RECORD"),
        ]
        members[f"{INFO}/RECORD"] = format_record(record).encode()
        with zipfile.ZipFile(plain, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        made = make(plain, folder / "made")
        assert content(unmake_variant(made, output=folder / "back")) == content(plain)


def test_pip_installs_what_was_unmade(tmp_path) -> None:
    made = make(make_wheel(tmp_path, requires=["bar; variant_label == 'fast'"]), tmp_path / "made")
    back = unmake_variant(made, output=tmp_path / "back", resolve_markers=True)
    target = tmp_path / "target"
    pip = [sys.executable, "-I", "-m", "pip", "--isolated", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "install", "--no-index", "--no-compile", "--target", str(target), str(back)],
        check=True,
        capture_output=True,
    )
    assert (target / "foo.py").read_text() == "LABEL = ''\n"
    assert not list(target.glob("*.dist-info/variant.json"))
