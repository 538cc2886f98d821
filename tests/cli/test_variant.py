"""`rewheel variant`: wheels in, wheels out."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from rewheel.variants import VariantMetadata, read_metadata
from support.wheel_factory import PEP825, PEP850, make_wheel, variant_document

from .conftest import Run


@pytest.fixture
def wheel(shelf: Path) -> Path:
    return make_wheel(shelf, "foo", "1.0")


def document(wheel: Path) -> dict[str, Any]:
    with zipfile.ZipFile(wheel) as archive:
        found: dict[str, Any] = json.loads(archive.read("foo-1.0.dist-info/variant.json"))
    return found


def made(run: Run, wheel: Path, *arguments: object) -> tuple[str, dict[str, Any]]:
    """Make a variant; return its label and its variant.json."""
    code, out, err = run("variant", "make", wheel, *arguments)
    assert (code, err) == (0, "")
    path = Path(out.removeprefix("Wrote ").strip())
    return path.stem.removeprefix("foo-1.0-py3-none-any-"), document(path)


def test_a_well_known_namespace_needs_nothing_but_the_property(run: Run, wheel: Path) -> None:
    label, found = made(run, wheel, "-p", "x86_64 :: level :: v3")
    assert label == "x86_64_v3"
    assert found == {
        "$schema": PEP850,
        "default-priorities": {"namespace": ["x86_64"]},
        "providers": {
            "x86_64": {
                "requires": ["provider-variant-x86-64>=0.0.1.post2"],
                "plugin-api": "provider_variant_x86_64.plugin:X8664Plugin",
            }
        },
        "variants": {"x86_64_v3": {"x86_64": {"level": ["v3"]}}},
    }


@pytest.mark.parametrize(
    ("properties", "label"),
    [
        (["nvidia :: cuda_version_lower_bound :: 12.8"], "nvidia_12.8"),
        (["nvidia::sm_arch::90_real", "nvidia::sm_arch::100_real"], "nvidia_100_real_90_real"),
        (["x86_64 :: avx2 :: on"], "x86_64_avx2"),
        (["x86_64 :: level :: v3", "openmp :: provider :: gnu"], "x86_64_v3_openmp_gnu"),
    ],
)
def test_readable_labels(run: Run, wheel: Path, properties: list[str], label: str) -> None:
    arguments = [word for text in properties for word in ("-p", text)]
    assert made(run, wheel, *arguments)[0] == label


def test_the_hash_label_of_older_tools(run: Run, wheel: Path) -> None:
    assert made(run, wheel, "-p", "x86_64 :: level :: v3", "--hash-label")[0] == "fa7c1393"


def test_an_unknown_namespace_alone_has_no_provider(run: Run, wheel: Path) -> None:
    label, found = made(run, wheel, "-p", "gpu :: arch :: x1", "--label", "fast")
    assert (label, found["$schema"]) == ("fast", PEP825)
    assert "providers" not in found


def test_providers_by_hand(run: Run, wheel: Path, world: Path) -> None:
    _, found = made(
        run, wheel, "-o", world / "out",
        "-p", "gpu :: arch :: x1", "-p", "math :: lib :: mkl", "-p", "math :: lib :: openblas",
        "-p", "os :: x :: y",
        "--provider", "gpu=gpu-provider>=1,<2", "--provider", "gpu=gpu-driver; sys_platform == 'linux'",
        "--static", "math", "--static", "os :: x :: z, y", "--static", "os :: w :: v",
    )  # fmt: skip
    assert found["default-priorities"]["namespace"] == ["gpu", "math", "os"]
    assert len(found["providers"]["gpu"]["requires"]) == 2
    assert found["providers"]["math"] == {"static-properties": {"lib": ["mkl", "openblas"]}}
    assert found["providers"]["os"] == {
        "static-properties": {"x": ["z", "y"], "w": ["v"]},
        "feature-order": ["x", "w"],
    }


def test_priorities_and_null(run: Run, wheel: Path) -> None:
    _, found = made(
        run, wheel, "-p", "openmp :: provider :: gnu", "--priority", "x86_64", "--priority", "openmp"
    )
    assert found["default-priorities"]["namespace"] == ["x86_64", "openmp"]
    label, found = made(run, wheel, "--null", "--priority", "x86_64", "--priority", "openmp")
    assert label == "null"
    assert found["variants"] == {"null": {}}
    assert set(found["providers"]) == {"x86_64", "openmp"}


PYPROJECT = """
[variant.default-priorities]
namespace = ["math", "x86_64"]
[variant.providers.math]
static-properties = { lib = ["mkl", "openblas"] }
[variant.providers.x86_64]
requires = ["provider-variant-x86-64"]
plugin-api = "provider_variant_x86_64.plugin:X8664Plugin"
[variant.variants.mkl3]
math.lib = ["mkl"]
x86_64.level = ["v3"]
"""


def test_a_project_can_say_it_all(run: Run, wheel: Path, world: Path) -> None:
    (world / "pyproject.toml").write_text(PYPROJECT)
    label, found = made(run, wheel, "--pyproject", "pyproject.toml", "--label", "mkl3")
    assert label == "mkl3"
    assert found["variants"] == {"mkl3": {"math": {"lib": ["mkl"]}, "x86_64": {"level": ["v3"]}}}
    assert found["default-priorities"]["namespace"] == ["math", "x86_64"]
    label, found = made(run, wheel, "--pyproject", "pyproject.toml", "-p", "math :: lib :: openblas")
    assert label == "math_openblas"
    assert found["default-priorities"]["namespace"] == ["math", "x86_64"]
    assert made(run, wheel, "--pyproject", "pyproject.toml", "--null")[0] == "null"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "a variant needs properties"),
        (["-p", "x86_64 : level"], "expected 'namespace :: feature :: value'"),
        (["-p", "X :: y :: z"], "X :: y :: z"),
        (["--null"], "needs the namespaces of the other variants"),
        (["--null", "-p", "a :: b :: c"], "--null is the variant without properties"),
        (["-p", "a :: b :: c", "--label", "x", "--hash-label"], "exclude each other"),
        (["-p", "a :: b :: c", "--label", "CU 12"], "CU 12"),
        (["-p", "a :: b :: c", "--label", "null"], "null"),
        (["-p", "a :: b :: c", "--priority", "d"], "the order of namespaces lacks a"),
        (["-p", "a :: b :: c", "-p", "x86_64 :: level :: v3"], "tell what of a a machine supports"),
        (["-p", "a :: b :: c", "--provider", "a"], "--provider a: expected NS=REQUIREMENT"),
        (["-p", "a :: b :: c", "--provider", "a=(("], "(("),
        (["-p", "a :: b :: c", "--provider", "d=e"], "the wheel has no namespace d"),
        (["-p", "a :: b :: c", "--static", "d"], "the wheel has no properties of d"),
        (["-p", "a :: b :: c", "--static", "a :: b"], "--static a :: b: expected NS"),
        (["-p", "a :: b :: c", "--static", "a", "--provider", "a=e"], "exclude each other for a"),
        (["--pyproject", "missing.toml", "--label", "x"], "cannot be read"),
        (["--pyproject", "plain.toml", "--label", "x"], "has no [variant] table"),
        (["--pyproject", "good.toml"], "--pyproject needs --label, to say which variant; it has mkl3"),
        (["--pyproject", "good.toml", "--label", "y"], "y"),
        (["--pyproject", "building.toml", "--label", "x"], "is asked while building"),
    ],
)
def test_mistakes(run: Run, wheel: Path, world: Path, arguments: list[str], message: str) -> None:
    (world / "plain.toml").write_text("[project]\n")
    (world / "good.toml").write_text(PYPROJECT)
    (world / "building.toml").write_text(
        '[variant.default-priorities]\nnamespace = ["a"]\n[variant.providers.a]\nbuild-requires = ["b"]\n'
        '[variant.variants.x]\na.b = ["c"]\n'
    )
    code, out, err = run("variant", "make", wheel, *arguments)
    assert (code in {1, 2}, out) == (True, "")
    assert err.startswith("error: ")
    assert message in err
    assert [path.name for path in wheel.parent.iterdir()] == [wheel.name]


def test_a_label_is_replaced_only_on_request(run: Run, wheel: Path) -> None:
    made(run, wheel, "-p", "x86_64 :: level :: v3")
    labelled = wheel.with_name("foo-1.0-py3-none-any-x86_64_v3.whl")
    code, _, err = run("variant", "make", labelled, "-p", "x86_64 :: level :: v2")
    assert code == 1
    assert "--replace" in err
    code, out, _ = run("variant", "make", labelled, "-p", "x86_64 :: level :: v2", "--replace")
    assert code == 0
    assert out.endswith("foo-1.0-py3-none-any-x86_64_v2.whl\n")


def test_the_same_command_gives_the_same_bytes(
    run: Run, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("a", "b"):
        run("variant", "make", wheel, "-p", "x86_64 :: level :: v3", "-o", folder)
    name = "foo-1.0-py3-none-any-x86_64_v3.whl"
    assert (Path("a") / name).read_bytes() == (Path("b") / name).read_bytes()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    run("variant", "make", wheel, "-p", "x86_64 :: level :: v3", "-o", "c")
    with zipfile.ZipFile(Path("c") / name) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {2023}
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert run("variant", "make", wheel, "-p", "x86_64 :: level :: v3").code == 2


def test_unmake_gives_the_plain_wheel_back(run: Run, wheel: Path) -> None:
    made(run, wheel, "-p", "x86_64 :: level :: v3")
    labelled = wheel.with_name("foo-1.0-py3-none-any-x86_64_v3.whl")
    code, out, err = run("variant", "unmake", labelled, "-o", "out")
    assert (code, out, err) == (0, "Wrote out/foo-1.0-py3-none-any.whl\n", "")
    with zipfile.ZipFile("out/foo-1.0-py3-none-any.whl") as archive:
        assert "foo-1.0.dist-info/variant.json" not in archive.namelist()
    assert run("variant", "unmake", wheel).code == 1


def test_unmake_asks_before_it_decides_markers(run: Run, shelf: Path) -> None:
    wheel = make_wheel(
        shelf, "foo", "1.0", label="x1", properties={"gpu": {"arch": ["x1"]}},
        requires=["bar; 'gpu' in variant_namespaces", "baz; variant_label == ''"],
    )  # fmt: skip
    code, _, err = run("variant", "unmake", wheel)
    assert code == 1
    assert "--resolve-markers" in err
    assert run("variant", "unmake", wheel, "--resolve-markers").code == 0
    with zipfile.ZipFile(shelf / "foo-1.0-py3-none-any.whl") as archive:
        metadata = archive.read("foo-1.0.dist-info/METADATA").decode()
    assert "Requires-Dist: baz\n" in metadata
    assert "bar" not in metadata


def test_show_a_wheel(run: Run, wheel: Path) -> None:
    made(run, wheel, "-p", "x86_64 :: level :: v3")
    labelled = wheel.with_name("foo-1.0-py3-none-any-x86_64_v3.whl")
    code, out, err = run("variant", "show", labelled)
    assert (code, err) == (0, "")
    assert "  label       x86_64_v3\n" in out
    assert "  variant     x86_64_v3   [x86_64 :: level :: v3]\n" in out
    found = json.loads(run("variant", "show", labelled, "--json").out)
    assert found["variants"] == {"x86_64_v3": {"x86_64": {"level": ["v3"]}}}
    assert found["providers"]["x86_64"]["kind"] == "plugin"
    assert found["findings"] == []
    code, out, _ = run("variant", "show", wheel)
    assert (code, out) == (0, f"{wheel.name}\n  label       (none: a plain wheel)\n")


def test_show_documents(run: Run, world: Path) -> None:
    index = world / "foo-1.0-variants.json"
    index.write_text(json.dumps(variant_document({"a": {"n": {"f": ["y", "x"]}}, "null": {}})))
    code, out, _ = run("variant", "show", index)
    assert code == 0
    assert "  variant     null   (no properties)\n" in out
    assert "note" in out  # unsorted values are tolerated, and said
    (world / "pyproject.toml").write_text(PYPROJECT)
    code, out, _ = run("variant", "show", "pyproject.toml")
    assert code == 0
    assert "static; lib mkl, openblas" in out


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"a": 1, "a": 2}', b"[" * 100_000, b"\xff", b'{"variants": 1}']
)
def test_show_names_what_is_wrong_and_fails(run: Run, world: Path, data: bytes) -> None:
    (world / "foo-1.0-variants.json").write_bytes(data)
    code, out, err = run("variant", "show", "foo-1.0-variants.json")
    assert (code, err) == (1, "")
    assert "error" in out
    found = json.loads(run("variant", "show", "foo-1.0-variants.json", "--json").out)
    assert any(finding["fatal"] for finding in found["findings"])


def test_show_hostile_wheels(run: Run, shelf: Path, world: Path) -> None:
    lying = make_wheel(shelf, "foo", "1.0", label="x1", variant_json=variant_document({"x2": {}}))
    assert run("variant", "show", lying).code == 1
    bare = make_wheel(shelf, "foo", "2.0", label="x1", variant_json=b"")
    code, out, _ = run("variant", "show", bare)
    assert code == 1
    assert "holds no variant.json" in out
    broken = world / "foo-3.0-py3-none-any-x1.whl"
    broken.write_bytes(b"PK\3\4 nonsense")
    code, out, err = run("variant", "show", broken)
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert run("variant", "show", "missing.json").code == 1


def test_what_is_made_is_what_readers_read(run: Run, wheel: Path) -> None:
    _, found = made(run, wheel, "-p", "x86_64 :: level :: v3")
    assert isinstance(read_metadata(found, kind="wheel", label="x86_64_v3"), VariantMetadata)


def requires(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        lines = archive.read("foo-1.0.dist-info/METADATA").decode().splitlines()
    return [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")]


def test_dependencies_change_with_the_variant(run: Run, shelf: Path) -> None:
    wheel = make_wheel(shelf, requires=["Torch_CPU>=2", "numpy>=2; python_version > '3.10'", "rich"])
    added = "torch>=2; 'nvidia' in variant_namespaces"
    words = [
        "-p",
        "nvidia :: sm_arch :: 90_real",
        "--drop-dependency",
        "torch-cpu",
        "--drop-dependency",
        "rich",
    ]
    assert run("variant", "make", wheel, *words, "--add-dependency", added).code == 0
    made = shelf / "foo-1.0-py3-none-any-nvidia_90_real.whl"
    assert requires(made) == [
        "numpy>=2; python_version > '3.10'",
        'torch>=2; "nvidia" in variant_namespaces',
    ]
    assert run("wheel", "verify", made).code == 0
    assert requires(wheel)[0] == "Torch_CPU>=2"


def test_a_plain_wheel_gets_its_dependencies_back(run: Run, shelf: Path) -> None:
    variant = make_wheel(
        shelf, label="x1", properties={"gpu": {"arch": ["x1"]}}, requires=["a; 'gpu' in variant_namespaces"]
    )
    code, _, err = run("variant", "unmake", variant)
    assert (code, "variant markers" in err) == (1, True)
    words = ["--drop-dependency", "a", "--add-dependency", "b>=1"]
    assert run("variant", "unmake", variant, *words).code == 0
    assert requires(shelf / "foo-1.0-py3-none-any.whl") == ["b>=1"]
    code, _, err = run("variant", "unmake", variant, "--add-dependency", "c; 'gpu' in variant_namespaces")
    assert (code, "a plain wheel has no variant markers" in err) == (1, True)


def test_a_label_changes_and_nothing_else(run: Run, shelf: Path) -> None:
    variant = make_wheel(
        shelf, label="x1", properties={"gpu": {"arch": ["x1"]}}, priorities=["gpu", "cpu"], requires=["a"]
    )
    before = document(variant)
    assert run("variant", "make", variant, "--relabel", "fast").code == 0
    made = shelf / "foo-1.0-py3-none-any-fast.whl"
    after = document(made)
    assert after["variants"] == {"fast": before["variants"]["x1"]}
    assert {**after, "variants": None} == {**before, "variants": None}
    assert requires(made) == ["a"]
    assert run("wheel", "verify", made).code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-p", "x86_64 :: level :: v3", "--drop-dependency", "absent"], "no dependency on absent"),
        (["-p", "x86_64 :: level :: v3", "--add-dependency", "a >="], "a >="),
        (["--relabel", "fast", "-p", "x86_64 :: level :: v3"], "give it alone"),
        (["--relabel", "fast"], "is a plain wheel"),
        (["--relabel", "CU 12"], "is a plain wheel"),
    ],
)
def test_changes_that_cannot_be_made_leave_nothing(
    run: Run, wheel: Path, words: list[str], message: str
) -> None:
    before = sorted(wheel.parent.iterdir())
    code, _, err = run("variant", "make", wheel, *words)
    assert code in {1, 2}
    assert message in err
    assert sorted(wheel.parent.iterdir()) == before
