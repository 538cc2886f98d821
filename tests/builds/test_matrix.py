"""One project becomes many wheels: by recipes, in copies, side by side, resumed, reproducible."""

import json
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from builds.conftest import Yard, built
from rewheel.builds import BuildFailed, BuildsError, ConflictingWheels
from rewheel.builds.matrix import Matrix, Outcome, Product, read_declaration, wrapped_system
from rewheel.builds.matrix.journal import Journal
from rewheel.metadata import CoreMetadata
from rewheel.variants import read_metadata
from rewheel.wheels import Wheel, verify
from support.source_factory import make_tree

VARIANT = """
[variant.default-priorities]
namespace = ["gpu"]
[variant.providers.gpu]
static-properties.arch = ["x2", "x1"]
[variant.variants.x1]
gpu.arch = ["x1"]
[variant.variants.x2]
gpu.arch = ["x2"]
[tool.rewheel.variant.x2]
environment.MODE = "two"
flags.CFLAGS = ["-march=x2"]
config-settings.speed = "fast"
dependencies = { add = ["runtime>=2"], drop = ["bar"] }
"""


def matrix(yard: Yard, pyproject: str = VARIANT, **changes: Any) -> Matrix:
    recipe = changes.pop("recipe", {})
    recipe = {"steady": True, "requires": ["bar", "baz"], **recipe}
    tree = changes.pop("tree", None) or make_tree(yard.folder / "project", pyproject=pyproject, **recipe)
    workshop = yard.workshop(**changes.pop("workshop", {}))
    values = {
        "root": tree,
        "name": "foo",
        "declaration": read_declaration(tree / "pyproject.toml"),
        "system": wrapped_system(tree, "foo"),
        "workshops": [workshop],
        "output": yard.folder / "dist",
        "journals": yard.folder / "cache/finished",
        "settings": {},
        "jobs": 2,
        **changes,
    }
    return Matrix(**values)


def names(products: list[Product]) -> list[str]:
    return [f"{product.name} {product.outcome}" for product in products]


def metadata(path: Path) -> CoreMetadata:
    with Wheel.open(path) as wheel:
        verify(wheel)
        return CoreMetadata.parse(wheel.metadata_text())


def test_everything_beside_everything(yard: Yard) -> None:
    made = matrix(yard)
    products = made.run(["", "x1", "x2", "null"], sdist=True)
    assert names(products) == ["(sdist) built", "(plain) built", "x1 built", "x2 built", "null built"]
    assert sorted(path.name for path in made.output.iterdir()) == [
        "foo-1.0-py3-none-any-null.whl",
        "foo-1.0-py3-none-any-x1.whl",
        "foo-1.0-py3-none-any-x2.whl",
        "foo-1.0-py3-none-any.whl",
        "foo-1.0.tar.gz",
    ]
    plain, one, two, null = (product.path for product in products[1:])
    assert plain and one and two and null
    facts = {"settings": None, "flags": "", "label": None, "mode": None, "left": [], "pyproject": False}
    facts["epoch"] = "315532800"
    assert built(plain) == built(null) == built(one) == facts
    assert built(two) == {
        **facts, "settings": {"speed": "fast"}, "flags": "-march=x2", "label": "x2", "mode": "two",
    }  # fmt: skip
    assert metadata(plain).requires == metadata(one).requires == ("bar", "baz")
    assert metadata(two).requires == ("baz", "runtime>=2")
    # The plain wheel and null come of one build.
    assert yard.diary.count("build_wheel foo") == 3
    with Wheel.open(two) as wheel:
        described = read_metadata(wheel.read_info("variant.json") or b"", kind="wheel", label="x2")
    assert [str(item) for item in described.variants["x2"]] == ["gpu :: arch :: x2"]
    logs = {product.log for product in products[1:] if product.log is not None}
    assert len(logs) == 3
    assert all("build_wheel of foo runs" in log.read_text() for log in logs)


def test_the_same_input_is_the_same_bytes(yard: Yard) -> None:
    first = matrix(yard).run(["", "x2", "null"], sdist=True)
    contents = {product.name: product.path.read_bytes() for product in first if product.path}
    shutil.rmtree(yard.folder / "dist")
    shutil.move(yard.folder / "project", yard.folder / "elsewhere")
    shutil.copytree(yard.folder / "elsewhere", yard.folder / "project")
    again = matrix(yard, rebuild=True).run(["", "x2", "null"], sdist=True)
    assert contents == {product.name: product.path.read_bytes() for product in again if product.path}
    assert {product.outcome for product in again} == {Outcome.BUILT}


def test_source_date_epoch_is_the_time_of_all_files(yard: Yard) -> None:
    yard.environ["SOURCE_DATE_EPOCH"] = "1700000000"
    (product,) = matrix(yard).run(["x1"], sdist=False)
    assert product.path
    with zipfile.ZipFile(product.path) as archive:
        assert {info.date_time[:3] for info in archive.infolist()} == {(2023, 11, 14)}


def test_after_a_failure_only_what_is_missing_is_built(yard: Yard) -> None:
    broken = {"before": "if os.environ.get('MODE') == 'two': sys.exit('no compiler for x2')"}
    products = matrix(yard, recipe=broken).run(["", "x1", "x2"], sdist=True)
    assert names(products) == ["(sdist) built", "(plain) built", "x1 built", "x2 failed"]
    failed = products[-1]
    assert isinstance(failed.error, BuildFailed)
    assert "no compiler for x2" in str(failed.error)
    assert failed.log is not None
    assert "no compiler for x2" in failed.log.read_text()
    assert not [path for path in (yard.folder / "dist").iterdir() if "x2" in path.name or path.name[0] == "."]
    again = matrix(yard, recipe=broken).run(["", "x1", "x2"], sdist=True)
    assert names(again)[1:] == ["(plain) kept", "x1 kept", "x2 failed"]
    products = matrix(yard).run(["", "x1", "x2"], sdist=True)
    assert names(products)[1:] == ["(plain) built", "x1 built", "x2 built"], "other sources are another input"


def test_another_compiler_is_another_input(yard: Yard) -> None:
    matrix(yard).run(["x1"], sdist=False)
    yard.environ["CC"] = "gcc"
    assert names(matrix(yard).run(["x1"], sdist=False)) == ["x1 built"]
    assert names(matrix(yard).run(["x1"], sdist=False)) == ["x1 kept"]


def test_a_wheel_that_was_changed_is_built_again(yard: Yard) -> None:
    (product,) = matrix(yard).run(["x1"], sdist=False)
    assert product.path
    content = product.path.read_bytes()
    product.path.write_bytes(b"spoilt")
    (product,) = matrix(yard).run(["x1"], sdist=False)
    assert (product.outcome, product.path.read_bytes() if product.path else b"") == (Outcome.BUILT, content)


def test_what_another_build_left_is_not_seen(yard: Yard) -> None:
    made = matrix(yard)
    for name in ("temp.linux-x86_64-cpython-311", "lib", "kept"):
        (made.root / "build" / name).mkdir(parents=True)
        (made.root / "build" / name / "object.o").write_text("of other flags")
    (made.root / ".venv").mkdir()
    (made.root / ".venv/pyvenv.cfg").touch()
    (product,) = made.run(["x2"], sdist=False)
    assert product.path
    assert built(product.path)["left"] == ["kept"]


def test_pythons_that_a_label_is_not_for(yard: Yard) -> None:
    text = VARIANT + 'python = "<3"\n'
    products = matrix(yard, text).run(["x1", "x2"], sdist=False)
    assert names(products) == ["x1 built", "x2 skipped"]


def test_two_interpreters_that_make_the_same_wheel(yard: Yard) -> None:
    workshop = yard.workshop()
    made = matrix(yard, workshops=[workshop, workshop])
    products = made.run([""], sdist=False)
    assert {product.outcome for product in products} == {Outcome.BUILT}
    made = matrix(
        yard, workshops=[workshop, workshop], rebuild=True, recipe={"source": "x", "before": _DIFFERENT}
    )
    products = made.run(["x1"], sdist=False)
    assert sorted(product.outcome for product in products) == [Outcome.BUILT, Outcome.FAILED]
    assert {type(product.error) for product in products} == {type(None), ConflictingWheels}


_DIFFERENT = "import time; os.environ['MODE'] = str(time.time_ns())"


def test_default_extras_for_a_backend_that_refuses_them(yard: Yard) -> None:
    text = VARIANT + (
        '[project]\nname = "foo"\nversion = "1.0"\ndefault-optional-dependency-keys = ["fast.path"]\n'
        "[project.optional-dependencies]\nfast-path = []\n"
    )
    products = matrix(yard, text, recipe={"extras": ["fast-path"]}).run(["", "x1"], sdist=True)
    archive, plain, one = (product.path for product in products)
    assert archive and plain and one
    assert metadata(plain).default_extras == metadata(one).default_extras == ("fast-path",)
    assert not built(plain)["pyproject"]
    with tarfile.open(archive) as tar:
        found = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    assert b"default-optional-dependency-keys" in found["foo-1.0/pyproject.toml"]
    assert b"Default-Extra: fast-path" in found["foo-1.0/PKG-INFO"]


def test_plain_wheels_have_no_variant_markers(yard: Yard) -> None:
    requires = ["bar; 'gpu :: arch :: x1' in variant_properties", "baz; variant_label == ''", "always"]
    plain, one = matrix(yard, recipe={"requires": requires}).run(["", "x1"], sdist=False)
    assert plain.path and one.path, (plain.error, one.error)
    assert metadata(plain.path).requires == ("baz", "always")
    assert metadata(one.path).requires == tuple(requires)


def test_a_default_extra_that_the_backend_does_not_provide(yard: Yard) -> None:
    text = VARIANT + '[tool.rewheel.build]\ndefault-optional-dependency-keys = ["x"]\n'
    (product,) = matrix(yard, text).run([""], sdist=False)
    assert "the default extra x is not among those that are provided" in str(product.error)


def test_build_dependencies_come_and_go(yard: Yard) -> None:
    for name in ("always", "extra"):
        yard.wheel(name)
    text = VARIANT + 'build-dependencies = { add = ["extra"], drop = ["missing"] }\n'
    recipe = {"imports": ["always", "extra"], "build_requires": ["always", "missing"], "steady": False}
    made = matrix(yard, text, recipe=recipe)
    one, two = made.run(["x1", "x2"], sdist=False)
    assert "missing" in str(one.error)
    assert two.path
    assert None not in built(two.path)["imports"].values()


def test_the_version_that_was_built_against_is_recorded(yard: Yard) -> None:
    yard.install(yard.wheel("torch", "2.9.1"))
    text = VARIANT + 'record-abi = ["torch"]\n'
    made = matrix(yard, text, workshop={"passthrough": frozenset({"torch"})})
    (product,) = made.run(["x2"], sdist=False)
    assert product.path
    with Wheel.open(product.path) as wheel:
        described = read_metadata(wheel.read_info("variant.json") or b"", kind="wheel", label="x2")
    assert [str(item) for item in described.variants["x2"]] == [
        "abi_dependency :: torch :: 2.9", "gpu :: arch :: x2",
    ]  # fmt: skip
    assert described.providers["abi_dependency"].builtin == "abi_dependency"
    (product,) = matrix(yard, text).run(["x2"], sdist=False)
    assert isinstance(product.error, BuildsError)
    assert "torch, which its build did not have" in str(product.error)
    assert "--passthrough torch" in product.error.hint


PLUGIN = """
class Config:
    def __init__(self, name, values, multi_value=False):
        self.name, self.values, self.multi_value = name, values, multi_value
class Plugin:
    namespace = "math"
    all_properties_compatible = FIXED
    @staticmethod
    def get_all_configs():
        return [Config("lib", ["mkl", "openblas"]), Config("threads", ["omp"], MULTI)]
    get_supported_configs = get_all_configs
"""


def _build_requires(yard: Yard, *, fixed: bool = True, multi: bool = False) -> str:
    source = PLUGIN.replace("FIXED", str(fixed)).replace("MULTI", str(multi))
    yard.wheel("math-provider", files={"math_provider.py": source})
    return """
[variant.default-priorities]
namespace = ["math"]
[variant.providers.math]
build-requires = ["math-provider"]
plugin-api = "math_provider:Plugin"
[variant.variants.mkl]
math.lib = ["mkl"]
"""


def test_providers_that_are_asked_while_building_become_lists(yard: Yard) -> None:
    made, null = matrix(yard, _build_requires(yard)).run(["mkl", "null"], sdist=False)
    assert made.path and null.path, (made.error, null.error)
    for path in (made.path, null.path):
        with Wheel.open(path) as wheel:
            document = json.loads(wheel.read_info("variant.json") or b"")
        assert document["providers"] == {
            "math": {
                "static-properties": {"lib": ["mkl", "openblas"], "threads": ["omp"]},
                "feature-order": ["lib", "threads"],
            }
        }


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ({"fixed": False}, "does not support the same everywhere"),
        ({"multi": True}, "allows several values of threads"),
    ],
)
def test_providers_that_no_list_can_stand_for(yard: Yard, kind: dict[str, bool], message: str) -> None:
    (product,) = matrix(yard, _build_requires(yard, **kind)).run(["mkl"], sdist=False)
    assert message in str(product.error)


def test_a_property_that_the_asked_provider_does_not_know(yard: Yard) -> None:
    text = _build_requires(yard).replace('["mkl"]', '["atlas"]')
    (product,) = matrix(yard, text).run(["mkl"], sdist=False)
    assert "declares [math :: lib :: atlas], which its provider does not know" in str(product.error)


def test_a_backend_that_makes_variants_itself_is_not_trusted(yard: Yard) -> None:
    (product,) = matrix(yard, recipe={"filename": "foo-1.0-py3-none-any-x9.whl"}).run(["x1"], sdist=False)
    assert "which is a variant already" in str(product.error)
    assert not (yard.folder / "dist").exists()


def test_without_an_sdist_nothing_else_is_tried(yard: Yard) -> None:
    made = matrix(yard)
    (made.root / "backend.py").write_text("raise ImportError('broken')")
    products = made.run(["", "x1"], sdist=True)
    assert names(products) == ["(sdist) failed"]
    assert not made.output.exists()


def test_no_space(yard: Yard) -> None:
    made = matrix(yard)
    made.output.write_text("a file where the folder should be")
    products = made.run(["x1"], sdist=False)
    assert names(products) == ["x1 failed"]
    assert "foo-1.0-py3-none-any-x1.whl" in str(products[0].error)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"a": 1}', '{"a": {"filename": "../x", "sha256": ""}}', "[" * 100_000]
)
def test_the_journal_survives_nonsense(tmp_path: Path, text: str) -> None:
    wheel = tmp_path / "dist/foo-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"wheel")
    Journal(tmp_path / "journals", wheel.parent).note("a", wheel)
    (path,) = (tmp_path / "journals").iterdir()
    assert Journal(tmp_path / "journals", wheel.parent).finished("a") == wheel
    path.write_text(text)
    assert Journal(tmp_path / "journals", wheel.parent).finished("a") is None
