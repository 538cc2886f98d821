"""The table [variant] of pyproject.toml and the tables of lock files."""

import pytest

from rewheel.variants import (
    InvalidMetadata,
    LockReference,
    ProviderKind,
    UnknownLabel,
    VariantMetadata,
    VariantsError,
    build_requirements,
    check_metadata,
    freeze_build_providers,
    read_lock_table,
    read_metadata,
    read_pyproject,
    to_document,
)

NEW = """
[project]
name = "foo"

[variant.default-priorities]
namespace = ["x86_64", "blas_lapack", "other"]
feature.blas_lapack = ["provider"]

[variant.providers.x86_64]
requires = ["x86-64-variant-provider>=0.2"]

[variant.providers.blas_lapack]
build-requires = ["blas-lapack-variant-provider==0.0.3", "helper"]
plugin-api = "blas_lapack_variant_provider"

[variant.providers.other]
static-properties = { kind = ["a"] }

[variant.variants.x86_64_v3.x86_64]
level = ["v3"]

[variant.variants."v3_mkl.1"]
x86_64.level = ["v3"]
blas_lapack.provider = ["mkl"]
"""

OLD = """
[variant.default-priorities]
namespace = ["x86_64", "blas_lapack"]
feature.blas_lapack = ["provider"]

[variant.providers.x86_64]
requires = ["provider-variant-x86-64 >=0.0.1"]
enable-if = "platform_machine == 'x86_64'"

[variant.providers.blas_lapack]
requires = ["blas-lapack-variant-provider"]
install-time = false
"""


def read(text: str) -> VariantMetadata:
    made = read_pyproject(text)
    assert made is not None
    return made


def test_the_variants_of_a_project_are_read() -> None:
    made = read(NEW)
    assert made.labels == ("v3_mkl.1", "x86_64_v3")
    assert made.schema_version == "0.2.0"
    blas = made.providers["blas_lapack"]
    assert blas.kind is ProviderKind.PLUGIN
    assert blas.requires == ()
    assert blas.build_requires == ("blas-lapack-variant-provider==0.0.3", "helper")
    assert made.providers["other"].kind is ProviderKind.STATIC
    assert read_metadata(NEW, kind="pyproject") == made
    assert read_pyproject(NEW.encode().replace(b"\n", b"\r\n")) == made


def test_a_project_without_variants_has_none() -> None:
    assert read_pyproject("[project]\nname = 'foo'\n") is None
    assert read_pyproject({}) is None
    with pytest.raises(InvalidMetadata):
        read_metadata("[project]\nname = 'foo'\n", kind="pyproject")


def test_no_schema_and_no_variants_are_needed() -> None:
    assert read(OLD.replace("enable-if", "# ").replace("install-time", "# ")).labels == ()


@pytest.mark.parametrize("sign", ["enable-if", "install-time", "static-properties"])
def test_old_tables_are_recognised_by_their_keys(sign: str) -> None:
    text = OLD
    for other in {"enable-if", "install-time"} - {sign}:
        text = text.replace(other, "# ")
    if sign == "static-properties":
        text += "[variant.static-properties.blas_lapack]\nprovider = ['mkl']\n"
    assert read(text).schema_version == "0.0.3"


def test_a_provider_asked_while_building_is_one_in_old_tables_too() -> None:
    made = read(OLD)
    assert made.providers["blas_lapack"].build_requires == ("blas-lapack-variant-provider",)
    assert made.providers["x86_64"].enable_if == "platform_machine == 'x86_64'"


def test_what_a_build_needs_depends_on_the_label() -> None:
    made = read(NEW)
    assert build_requirements(made, "null") == ()
    assert build_requirements(made, "x86_64_v3") == ("x86-64-variant-provider>=0.2",)
    assert build_requirements(made, "v3_mkl.1") == (
        "x86-64-variant-provider>=0.2",
        "blas-lapack-variant-provider==0.0.3",
        "helper",
    )
    with pytest.raises(UnknownLabel, match="no variant 'other'"):
        build_requirements(made, "other")


def test_answers_become_static_lists() -> None:
    made = read(NEW)
    answers = {"blas_lapack": {"extra": ["on"], "provider": ["accelerate", "openblas", "mkl"]}}
    frozen = freeze_build_providers(made, answers)
    provider = frozen.providers["blas_lapack"]
    assert provider.kind is ProviderKind.STATIC
    # What the maintainer ordered comes first, the rest as the provider has it.
    assert provider.feature_order == ("provider", "extra")
    written = to_document(frozen.select("v3_mkl.1"))
    assert written["providers"]["blas_lapack"] == {
        "static-properties": {"provider": ["accelerate", "openblas", "mkl"], "extra": ["on"]},
        "feature-order": ["provider", "extra"],
    }
    assert frozen.providers["x86_64"] == made.providers["x86_64"]


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"blas_lapack": {"provider": ["openblas"]}},
        {"blas_lapack": {"Provider": ["mkl"], "provider": ["mkl"]}},
        {"blas_lapack": {"provider": ["mkl", "mkl"]}},
        {"blas_lapack": {"provider": ["mkl", "MKL"]}},
    ],
)
def test_a_missing_or_unfit_answer_is_refused(answers: dict[str, dict[str, list[str]]]) -> None:
    with pytest.raises(VariantsError):
        freeze_build_providers(read(NEW), answers)


def test_a_provider_for_building_cannot_be_published() -> None:
    with pytest.raises(InvalidMetadata, match="static properties first"):
        to_document(read(NEW))


@pytest.mark.parametrize(
    "text",
    [
        "[variant",
        "variant = 1",
        "[variant]",
        "x = 99999999999999999999999e999999\n[variant]\n",
        "x = 2020-13-45\n[variant]\n",
        "a = " + "[" * 5000,
        NEW.replace('["v3"]', '["V3"]'),
        NEW.replace('"v3_mkl.1"', "v3_mkl.1"),  # an unquoted dot nests the tables
        NEW.replace("build-requires", "requires = ['x']\nbuild-requires"),
    ],
)
def test_broken_projects_are_refused(text: str) -> None:
    with pytest.raises(InvalidMetadata):
        read_pyproject(text)
    assert any(finding.fatal for finding in check_metadata(text, kind="pyproject"))


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InvalidMetadata):
        read_pyproject(b"\xff")


def test_the_table_of_a_lock_file_is_the_metadata() -> None:
    document = to_document(freeze_build_providers(read(NEW), {"blas_lapack": {"provider": ["mkl"]}}))
    made = read_lock_table(document)
    assert isinstance(made, VariantMetadata)
    assert made.labels == ("v3_mkl.1", "x86_64_v3")


def test_a_lock_file_of_a_draft_points_to_the_index_file() -> None:
    table = {"url": "https://example.org/foo-1.0-variants.json", "hashes": {"sha256": "abc"}}
    assert read_lock_table(table) == LockReference(table["url"], "", (("sha256", "abc"),))  # type: ignore[arg-type]
    assert read_lock_table({"path": "foo-1.0-variants.json"}) == LockReference(
        "", "foo-1.0-variants.json", ()
    )


@pytest.mark.parametrize(
    "table", [{}, {"url": 1}, {"path": ""}, {"url": "x", "hashes": []}, {"url": "\ud800"}]
)
def test_a_broken_lock_table_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(InvalidMetadata):
        read_lock_table(table)
