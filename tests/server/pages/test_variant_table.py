"""Tags in words, labels by properties, and the support matrix."""

import pytest

from rewheel.server.pages.support_matrix import support_matrix
from rewheel.server.pages.variant_table import Wheel, natural, variant_table
from rewheel.server.pages.wording import count, platform_of, python_of, size
from rewheel.variants import VariantMetadata, VariantProperties, WheelFilename


def wheel(tag, label="", size=10):
    name = f"foo-1.0-{tag}{f'-{label}' if label else ''}.whl"
    return Wheel(WheelFilename.parse(name), size)


def metadata(**labels):
    variants = {label: VariantProperties.from_mapping(mapping) for label, mapping in labels.items()}
    return VariantMetadata(namespaces=["nvidia", "x86_64"], variants=variants)


def cuda(version):
    return {"nvidia": {"cuda_version_lower_bound": [version]}}


@pytest.mark.parametrize(
    ("tag", "words", "detail"),
    [
        ("manylinux_2_17_x86_64.manylinux2014_x86_64", "Linux x86_64", "glibc 2.17 or newer"),
        ("manylinux2014_aarch64", "Linux aarch64", "glibc 2.17 or newer"),
        ("musllinux_1_2_x86_64", "Linux x86_64 (musl)", "musl 1.2 or newer"),
        ("macosx_11_0_arm64", "macOS arm64", "macOS 11 or newer"),
        ("macosx_10_15_universal2", "macOS universal2", "macOS 10.15 or newer"),
        ("win_amd64", "Windows x86_64", ""),
        ("any", "any platform", ""),
        ("linux_x86_64", "Linux x86_64", "built without a promise about the C library"),
        ("solaris_11", "solaris_11", ""),
    ],
)
def test_platforms_in_words(tag, words, detail):
    found = platform_of(tag)
    assert found == words
    assert found.detail == detail


@pytest.mark.parametrize(
    ("python", "abi", "words"),
    [
        ("cp311", "cp311", "3.11"),
        ("cp39", "abi3", "3.9+"),
        ("cp313", "cp313t", "3.13t"),
        ("pp310", "pypy310_pp73", "PyPy 3.10"),
        ("py3", "none", "3"),
        ("py2.py3", "none", "2, 3"),
        ("odd", "none", "odd"),
    ],
)
def test_pythons_in_words(python, abi, words):
    assert python_of(python, abi) == words


def test_sizes_and_counts_in_words():
    assert [size(1), size(999), size(17_600_000), size(900_000_000_000)] == [
        "1 byte",
        "999 bytes",
        "17.6 MB",
        "900.0 GB",
    ]
    assert [count(1, "wheel"), count(1200, "wheel"), count(2, "entry", "entries")] == [
        "1 wheel",
        "1,200 wheels",
        "2 entries",
    ]


def test_numbers_in_values_sort_as_numbers():
    assert sorted(["v10", "v9", "8.1a", "8a", "12.8", "12"], key=natural) == [
        "8a",
        "8.1a",
        "12",
        "12.8",
        "v9",
        "v10",
    ]


def test_the_most_demanding_label_comes_first_then_null_and_the_plain_wheels_last():
    labels = metadata(cu118=cuda("11.8"), cu128=cuda("12.8"), v3={"x86_64": {"level": ["v3"]}})
    wheels = [
        wheel("cp311-cp311-manylinux_2_17_x86_64", label)
        for label in ("", "null", "v3", "cu118", "cu128", "odd")
    ]
    table = variant_table(wheels, labels)
    assert [row.label for row in table.rows] == ["cu128", "cu118", "v3", "odd", "null", ""]
    assert table.namespaces == (("nvidia", 1), ("x86_64", 1))
    assert table.rows[0].values == (("12.8",), ())
    assert [row.label for row in table.rows if not row.is_known] == ["odd"]
    assert table.labels == ("cu128", "cu118", "v3", "odd", "null")


def test_a_row_tells_sizes_platforms_and_pythons():
    wheels = [
        wheel("cp312-cp312-manylinux_2_17_x86_64", "cu118", 300),
        wheel("cp39-cp39-manylinux_2_17_x86_64", "cu118", 100),
        wheel("cp39-cp39-win_amd64", "cu118", 200),
    ]
    (row,) = variant_table(wheels, metadata(cu118=cuda("11.8"))).rows
    assert (row.smallest, row.largest, row.wheels) == (100, 300, 3)
    assert [(str(each.platform), each.pythons) for each in row.platforms] == [
        ("Linux x86_64", ("3.9", "3.12")),
        ("Windows x86_64", ("3.9",)),
    ]


def test_without_metadata_no_label_is_known():
    table = variant_table([wheel("py3-none-any", "odd"), wheel("py3-none-any")], None)
    assert [(row.label, row.is_known) for row in table.rows] == [("odd", False), ("", True)]
    assert table.columns == ()


def test_the_support_matrix_sets_hardware_against_platforms():
    wheels = [
        wheel("cp311-cp311-manylinux_2_17_x86_64", "cu128"),
        wheel("cp311-cp311-win_amd64", "cu128"),
        wheel("cp311-cp311-manylinux_2_17_x86_64"),
        wheel("cp311-cp311-macosx_11_0_universal2"),
    ]
    matrix = support_matrix(variant_table(wheels, metadata(cu128=cuda("12.8"))))
    assert matrix.platforms == (
        "Linux x86_64",
        "Linux aarch64",
        "macOS arm64",
        "macOS x86_64",
        "Windows x86_64",
        "Windows arm64",
    )
    assert [row.needs for row in matrix.rows] == [("nvidia",), ()]
    assert matrix.rows[0].cells == (("cu128",), (), (), (), ("cu128",), ())
    assert matrix.rows[1].cells == (("",), (), ("",), ("",), (), ())


def test_wheels_for_any_platform_need_one_column():
    matrix = support_matrix(variant_table([wheel("py3-none-any")], None))
    assert matrix.platforms == ("any platform",)
    assert matrix.rows[0].cells == (("",),)
