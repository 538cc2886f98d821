"""File names of wheels and index files."""

import pickle

import pytest
from hypothesis import given, strategies as st
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from variantlib.constants import VALIDATION_WHEEL_NAME_REGEX

from rewheel.variants import (
    IndexFilename,
    InvalidFilename,
    InvalidLabel,
    VariantsError,
    WheelFilename,
    check_label,
    normalize_project,
)
from variants.strategies import labels

GOOD = [
    ("foo-1.0-py3-none-any.whl", ("foo", "1.0", "", "py3", "none", "any", "", "whl")),
    ("foo-1.0-1-py3-none-any.whl", ("foo", "1.0", "1", "py3", "none", "any", "", "whl")),
    ("foo-1.0-1a.b_c-py3-none-any.whl", ("foo", "1.0", "1a.b_c", "py3", "none", "any", "", "whl")),
    (
        "numpy-2.3.2-cp313-cp313t-musllinux_1_2_x86_64-x86_64_v3.whl",
        ("numpy", "2.3.2", "", "cp313", "cp313t", "musllinux_1_2_x86_64", "x86_64_v3", "whl"),
    ),
    (
        "foo-1.0-7post-cp311.cp312-abi3-linux_x86_64-null.whl",
        ("foo", "1.0", "7post", "cp311.cp312", "abi3", "linux_x86_64", "null", "whl"),
    ),
    ("foo-1.0-py3-none-any-cuda12.8.whlx", ("foo", "1.0", "", "py3", "none", "any", "cuda12.8", "whlx")),
    ("foo-1.0+cu128-py3-none-any.whl", ("foo", "1.0+cu128", "", "py3", "none", "any", "", "whl")),
    ("foo-1!1.0-py3-none-any-a.whl", ("foo", "1!1.0", "", "py3", "none", "any", "a", "whl")),
    ("foo-1.0-py3-none-any-0.whl", ("foo", "1.0", "", "py3", "none", "any", "0", "whl")),
    ("foo-1.0-py3-none-any-123.whl", ("foo", "1.0", "", "py3", "none", "any", "123", "whl")),
    ("foo-1.0-py3-none-any-_.whl", ("foo", "1.0", "", "py3", "none", "any", "_", "whl")),
    ("foo-1.0-py3-none-any-...whl", ("foo", "1.0", "", "py3", "none", "any", "..", "whl")),
    (
        "foo-1.0-py3-none-any-" + "a" * 300 + ".whl",
        ("foo", "1.0", "", "py3", "none", "any", "a" * 300, "whl"),
    ),
]

BAD = [
    "",
    ".whl",
    "foo.whl",
    "foo-1.0.tar.gz",
    "foo-1.0-py3-none-any.whl.metadata",
    "foo-1.0-py3-none-any.WHL",
    "foo-1.0-py3-none-any.whlxx",
    "foo-1.0-none-any.whl",
    "foo-1.0-py3-none-any-.whl",
    "-1.0-py3-none-any.whl",
    "foo--py3-none-any.whl",
    "foo-1.0-py3-none-any-V3.whl",
    "foo-1.0-py3-none-any-a+b.whl",
    "foo-1.0-py3-none-any-é.whl",
    "foo-1.0-py3-none-any-a-b.whl",
    "foo-1.0-1-py3-none-any-a-b.whl",
    "foo-1.0-b1-py3-none-any-label.whl",
    "foo-1.0-3py-none-any.whl",
    "foo-1.0-311-cp311-any.whl",
    "foo-1.0-311-none-any-label.whl",  # a Python tag that looks like a build tag
    "foo-1.0-3py-none-any-label.whl",
    "foo-1.0-py3-any-linux_x86_64.whl",
    "foo-1.0-~5d8be4b9~-py3-none-any.whl",
    "foo-1.0-py3-none-any-~5d8be4b9~.whl",
    "foo -1.0-py3-none-any.whl",
    "foo-1.0-py3-none-any-a .whl",
    "foo-1.0-py3-none-any-a.whl\n",
    "foo-1.0-py3-none-any-a\n.whl",
    "foo-1.0\t-py3-none-any.whl",
    "../foo-1.0-py3-none-any.whl",
    "a\\foo-1.0-py3-none-any.whl",
    "foo\x00-1.0-py3-none-any.whl",
    "foo\ud800-1.0-py3-none-any.whl",
    "foo-1.0-" + "1" * 6000 + "-py3-none-any.whl",
    "foo-1.0-" + ".".join(["a"] * 300) + "-" + ".".join(["b"] * 300) + "-any.whl",
]


@pytest.mark.parametrize(("filename", "parts"), GOOD)
def test_a_name_is_split_into_its_parts(filename: str, parts: tuple[str, ...]) -> None:
    parsed = WheelFilename.parse(filename)
    assert tuple(parsed) == parts
    assert str(parsed) == filename
    assert parsed.is_plain == (parts[6] == "")
    assert parsed.is_null == (parts[6] == "null")


@pytest.mark.parametrize("filename", BAD)
def test_other_names_are_refused_with_a_reason(filename: str) -> None:
    with pytest.raises(InvalidFilename) as caught:
        WheelFilename.parse(filename)
    assert isinstance(caught.value, ValueError)
    assert caught.value.filename == filename
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@given(st.text(max_size=60))
def test_any_text_is_either_a_name_or_refused(text: str) -> None:
    for candidate in (
        text,
        f"{text}.whl",
        f"foo-1.0-{text}-py3-none-any.whl",
        f"foo-1.0-py3-none-any-{text}.whl",
    ):
        try:
            parsed = WheelFilename.parse(candidate)
        except InvalidFilename:
            continue
        assert str(parsed) == candidate
        assert parsed.build_key is not None
        assert parsed.tags()


parts = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789_.+!", min_size=1, max_size=10)
pythons = parts.map(lambda text: "p" + text).filter(lambda text: "none" not in text.split("."))
abis = parts.filter(lambda text: "any" not in text.split("."))
builds = st.just("") | parts.map(lambda text: "1" + text)


@given(
    st.tuples(
        parts, parts, builds, pythons, abis, parts, st.just("") | labels, st.sampled_from(["whl", "whlx"])
    )
)
def test_a_name_survives_writing_and_reading(given_parts: tuple[str, ...]) -> None:
    assert WheelFilename.parse(str(WheelFilename(*given_parts))) == given_parts


@given(
    st.tuples(
        st.sampled_from(["foo", "Foo_Bar", "a.b"]),
        st.sampled_from(["1.0", "1!2.0rc1", "1.0+local.1"]),
        st.sampled_from(["", "1", "12abc", "0"]),
        st.sampled_from(["py3", "py2.py3", "CP311"]),
        st.sampled_from(["none", "abi3", "cp311"]),
        st.sampled_from(["any", "linux_x86_64", "manylinux_2_17_x86_64.manylinux2014_x86_64"]),
    )
)
def test_plain_names_are_understood_as_packaging_does(given_parts: tuple[str, ...]) -> None:
    filename = str(WheelFilename(*given_parts))
    name, _, build, tags = parse_wheel_filename(filename)
    parsed = WheelFilename.parse(filename)
    assert parsed.project == name
    assert parsed.build_key == build
    assert set(parsed.tags()) == {str(tag) for tag in tags}


@given(st.tuples(parts, parts, builds, pythons, abis, parts, labels))
def test_labelled_names_are_understood_as_variantlib_does(given_parts: tuple[str, ...]) -> None:
    filename = str(WheelFilename(*given_parts))
    match = VALIDATION_WHEEL_NAME_REGEX.fullmatch(filename)
    assert match is not None
    parsed = WheelFilename.parse(filename)
    assert match["variant_label"] == parsed.label
    assert (match["build"] or "") == parsed.build
    assert match["plat"] == parsed.platform


fragments = st.sampled_from(
    ["1", "1.0", "2b", "py3", "cp311", "none", "any", "abi3", "linux_x86_64", "x86_64_v3"]
)


@given(st.lists(fragments, min_size=3, max_size=6))
def test_what_packaging_accepts_is_plain(given_parts: list[str]) -> None:
    filename = "-".join(["foo", "1.0", *given_parts]) + ".whl"
    try:
        parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return
    try:
        parsed = WheelFilename.parse(filename)
    except InvalidFilename:
        return  # tags that no wheel has, such as a Python tag with a leading digit
    assert parsed.is_plain


def test_build_tags_sort_by_number_then_text() -> None:
    builds = ["", "0", "1", "1a", "1b", "2", "10", "10.5"]
    names = [WheelFilename("foo", "1", build, "py3", "none", "any") for build in builds]
    backwards = names[::-1]
    assert sorted(backwards, key=lambda name: name.build_key) == names


def test_tags_unfold_the_compressed_set() -> None:
    name = WheelFilename.parse("foo-1-py2.py3-none-any.linux_x86_64-a.whl")
    assert name.tags() == ["py2-none-any", "py2-none-linux_x86_64", "py3-none-any", "py3-none-linux_x86_64"]


def test_a_label_can_be_set_and_removed() -> None:
    name = WheelFilename.parse("foo-1.0-py3-none-any-a.whl")
    assert str(name.with_label("b.c")) == "foo-1.0-py3-none-any-b.c.whl"
    assert str(name.with_label("")) == "foo-1.0-py3-none-any.whl"
    with pytest.raises(InvalidLabel):
        name.with_label("B")


def test_names_are_values() -> None:
    name = WheelFilename.parse("foo-1.0-py3-none-any-a.whl")
    assert pickle.loads(pickle.dumps(name)) == name
    assert hash(name) == hash(WheelFilename.parse(str(name)))
    with pytest.raises(AttributeError):
        name.label = "b"  # type: ignore[misc]


@pytest.mark.parametrize("label", ["a", "0", ".", "_", "x86_64_v3", "cuda12.8", "null", "a" * 500])
def test_a_label_is_returned_unchanged(label: str) -> None:
    assert check_label(label) == label


@pytest.mark.parametrize("label", ["", "A", "a-b", "a b", "a\n", "\na", "é", "a+b", "٣", "ª"])
def test_other_labels_are_refused(label: str) -> None:
    with pytest.raises(InvalidLabel) as caught:
        check_label(label)
    assert caught.value.label == label
    assert caught.value.hint


@pytest.mark.parametrize(
    ("filename", "project", "version"),
    [
        ("foo-1.0-variants.json", "foo", "1.0"),
        ("Foo_Bar-1.0+cu12-variants.json", "foo-bar", "1.0+cu12"),
        ("a.b-1!2-variants.json", "a-b", "1!2"),
    ],
)
def test_an_index_file_names_its_release(filename: str, project: str, version: str) -> None:
    name = IndexFilename.parse(filename)
    assert (name.project, name.version) == (project, version)
    assert str(name) == filename


@pytest.mark.parametrize(
    "filename",
    [
        "foo-variants.json",
        "variants.json",
        "-1.0-variants.json",
        "foo--variants.json",
        "foo-bar-1.0-variants.json",
        "foo-1.0-variants.jsonx",
        "foo-1.0-Variants.json",
        "foo-1.0-variants.json\n",
        "foo-1.0.json",
        "../foo-1.0-variants.json",
        "f oo-1.0-variants.json",
        "foo-1.0-variants.json-variants.json",
    ],
)
def test_other_files_are_no_index_files(filename: str) -> None:
    with pytest.raises(InvalidFilename):
        IndexFilename.parse(filename)


def test_an_index_file_is_named_like_the_wheels() -> None:
    assert str(IndexFilename.for_release("Foo.Bar-baz", "1.0.0RC1")) == "foo_bar_baz-1.0.0rc1-variants.json"
    assert str(IndexFilename.for_release("foo", "1.0-post1")) == "foo-1.0.post1-variants.json"
    assert str(IndexFilename.for_release("foo", "1.0+ubuntu-1")) == "foo-1.0+ubuntu.1-variants.json"
    for version in ("one", "1" * 5000, "1/2"):
        with pytest.raises(InvalidFilename):
            IndexFilename.for_release("foo", version)


@pytest.mark.parametrize(
    ("filename", "project", "version", "is_described"),
    [
        ("foo_bar-1.0-variants.json", "Foo.Bar", "1.0", True),
        ("foo-1.0-variants.json", "foo", "1.0.0", True),
        ("foo-1.0.0-variants.json", "foo", "1", True),
        ("foo-1.0+a.b-variants.json", "foo", "1.0+a_b", True),
        ("foo-1.0+a-variants.json", "foo", "1.0", False),
        ("foo-1.0rc1-variants.json", "foo", "1.0", False),
        ("foo-1.0-variants.json", "bar", "1.0", False),
        ("foo-odd-variants.json", "foo", "odd", True),
        ("foo-odd-variants.json", "foo", "1.0", False),
        ("foo-1.0-variants.json", "foo", "1" * 5000, False),
    ],
)
def test_releases_are_matched_by_meaning(
    filename: str, project: str, version: str, is_described: bool
) -> None:
    assert IndexFilename.parse(filename).describes(project, version) is is_described


@given(st.text("abAB-_.09", min_size=1, max_size=12))
def test_projects_are_normalised_as_packaging_does(name: str) -> None:
    assert normalize_project(name) == canonicalize_name(name)


def test_every_error_belongs_to_one_family() -> None:
    with pytest.raises(VariantsError):
        WheelFilename.parse("x")
    with pytest.raises(VariantsError):
        check_label("X")
