"""What pyproject.toml says about variants is read whole, and its mistakes are told with their lines."""

from pathlib import Path

import pytest

from rewheel.builds import InvalidDeclaration, UnknownLabels
from rewheel.builds.matrix import Declaration, read_declaration
from rewheel.builds.matrix.recipe import PLAIN, Changes, Recipe

VARIANT = """[project]
name = "foo"
[variant.default-priorities]
namespace = ["gpu"]
[variant.providers.gpu]
static-properties.arch = ["x2", "x1"]
[variant.variants.x1]
gpu.arch = ["x1"]
[variant.variants."x2.0"]
gpu.arch = ["x2"]
"""


EXTRAS_TWICE = """[project]
default-optional-dependency-keys = ['x']
default-optional-dependencies=['x']
optional-dependencies.x = []
"""
X1 = VARIANT + "[tool.rewheel.variant.x1]\n"


def read(folder: Path, text: str) -> Declaration:
    path = folder / "pyproject.toml"
    path.write_text(text, encoding="utf-8")
    return read_declaration(path)


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(InvalidDeclaration) as caught:
        read(folder, text)
    assert str(caught.value).startswith("pyproject.toml:")
    return [f"{line}: {message}" for line, message in caught.value.problems]


def test_nothing_declared_is_plain(tmp_path: Path) -> None:
    for declaration in (read_declaration(tmp_path / "pyproject.toml"), read(tmp_path, "[project]\n")):
        assert declaration.metadata is None
        assert declaration.labels == ()
        assert declaration.recipe("") == PLAIN
        with pytest.raises(UnknownLabels, match="it has no table"):
            declaration.check_labels(["x"])


def test_labels_in_the_order_of_the_file_and_null(tmp_path: Path) -> None:
    declaration = read(tmp_path, VARIANT)
    assert declaration.labels == ("x1", "x2.0", "null")
    declaration.check_labels(["", "x2.0", "null"])
    with pytest.raises(UnknownLabels, match=r"no variant 'x3'; it has x1, x2\.0, null"):
        declaration.check_labels(["x3"])
    assert declaration.where("variant", "variants", "x2.0", "gpu", "arch", 0) == "pyproject.toml:10"


def test_a_whole_recipe(tmp_path: Path) -> None:
    declaration = read(
        tmp_path,
        VARIANT
        + """
[tool.rewheel.variant."x2.0"]
environment = { CUDA_HOME = "/opt/cuda" }
flags = { CFLAGS = ["-O3", "-march=x86-64-v3"], LDFLAGS = "-s" }
config-settings = { setup-args = ["-Da=1", "-Db=2"], one = "1" }
build-dependencies = { add = ["Nvcc>=12"], drop = ["Cython"] }
dependencies = { add = ["runtime; python_version >= '3'"], drop = ["Other_Runtime"] }
python = ">=3.11,<3.14"
record-abi = { torch = "micro" }
""",
    )
    recipe = declaration.recipe("x2.0")
    assert recipe == Recipe(
        environment={"CUDA_HOME": "/opt/cuda"},
        flags={"CFLAGS": "-O3 -march=x86-64-v3", "LDFLAGS": "-s"},
        config_settings={"setup-args": ["-Da=1", "-Db=2"], "one": "1"},
        build_dependencies=Changes(("Nvcc>=12",), frozenset({"cython"})),
        dependencies=Changes(("runtime; python_version >= '3'",), frozenset({"other-runtime"})),
        python=">=3.11,<3.14",
        record_abi={"torch": 3},
    )
    assert recipe.admits("3.13.0rc1")
    assert not recipe.admits("3.14.0")
    assert recipe.build_dependencies.applied(["cython>=3", "wheel"]) == ("wheel", "Nvcc>=12")
    assert declaration.recipe("x1").is_empty


def test_every_mistake_has_its_line(tmp_path: Path) -> None:
    text = VARIANT.replace('"x2", "x1"', '"x2", "X1"').replace('["gpu"]', '["gpu",\n "gpu"]')
    assert mistakes(tmp_path, text) == [
        "5: variant.default-priorities.namespace[1]: the namespace 'gpu' occurs twice",
        "7: variant.providers.gpu.static-properties.arch[1]: 'X1' is not a value",
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a = \n", 1, "no TOML: Invalid value"),
        ("a = 'x", 1, "no TOML"),
        ("\n\nvariant = 3", 3, "expected a table"),
        (VARIANT.replace('["x2"]', '["x1"]'), 9, "the properties are the same as those of x1"),
        (VARIANT.replace('"x2.0"]', "x2.0]"), 10, "must be quoted in TOML"),
        (VARIANT + "[variant.variants.empty]\n", 11, "fits every machine, as only null should"),
        (VARIANT.replace('["x1"]\n[variant.v', '"x1"\n[variant.v'), 8, "expected a list"),
        (VARIANT.replace("providers.gpu]\n", "providers.gpu]\nrequires=['gpu']\n"), 5, "exactly one"),
        ("[tool.rewheel.variant.x1]\n", 1, "no table [variant] to declare it"),
        (VARIANT + "[tool.rewheel]\nvariant = 1\n", 12, "expected a table"),
        (VARIANT + "[tool.rewheel.variant.x3]\n", 11, "no variant 'x3'; declared are null, x1, x2.0"),
        (X1 + "flag = 1\n", 12, "no such setting of a label"),
        (X1 + "flags = 1\n", 12, "expected a table"),
        (X1 + "flags.CFLAGS = 1\n", 12, "expected a text"),
        (X1 + "flags.CLFAGS = ''\n", 12, "'CLFAGS' holds no flags that are known"),
        (X1 + "environment.'A=B' = ''\n", 12, "no name of a variable"),
        (X1 + "environment.A = \"\\u0000\"\n", 12, "expected a text"),
        (X1 + "python = '3.11'\n", 12, "no specifier"),
        (X1 + "dependencies = ['a']\n", 12, "expected a table"),
        (X1 + "dependencies.added = ['a']\n", 12, "only add and drop"),
        (X1 + "dependencies.add = [\n'a',\n'b b']\n", 14, "b b"),
        (X1 + "dependencies.drop = ['a>1']\n", 12, "no name of a project"),
        (X1 + "record-abi = {torch='all'}\n", 12, "none of major, minor, micro"),
        ("[project]\ndefault-optional-dependency-keys = ['x']\n", 2, "'x' is no extra of"),
        ("[project]\ndefault-optional-dependency-keys = 'x'\n", 2, "expected a list"),
        (EXTRAS_TWICE, 3, "given already"),
    ],
)  # fmt: skip
def test_mistakes(tmp_path: Path, text: str, line: int, message: str) -> None:
    found = mistakes(tmp_path, text)
    assert any(item.startswith(f"{line}: ") and message in item for item in found), found


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_bytes(b"a = 1\nb = '\xff'\n")
    with pytest.raises(InvalidDeclaration, match=r"pyproject.toml:2: it is not UTF-8"):
        read_declaration(path)


@pytest.mark.parametrize(
    ("key", "home", "is_foreign", "is_old"),
    [
        ("default-optional-dependency-keys", "project", True, False),
        ("default-optional-dependencies", "project", True, True),
        ("default-optional-dependency-keys", "tool.rewheel.build", False, False),
    ],
)
def test_default_extras(tmp_path: Path, key: str, home: str, is_foreign: bool, is_old: bool) -> None:
    text = "[project]\nname = 'foo'\n"
    if home == "project":
        text += f"{key} = ['fast_path']\n"
    text += "[project.optional-dependencies]\nFast-Path = []\n"
    if home != "project":
        text += f"[{home}]\n{key} = ['fast_path']\n"
    declaration = read(tmp_path, text)
    extras = declaration.default_extras
    assert (extras.names, extras.is_foreign, bool(extras.deprecation)) == (("fast_path",), is_foreign, is_old)
