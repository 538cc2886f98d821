"""`rewheel build` and `rewheel variant init`: from a folder to wheels, and what is said about it."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from builds.test_matrix import VARIANT
from cli.conftest import Run
from rewheel.builds.matrix import KINDS, check_properties, read_declaration
from support.source_factory import make_sdist, make_tree


@pytest.fixture
def project(world: Path) -> Path:
    return tree(world)


def tree(world: Path, pyproject: str = VARIANT, **recipe: Any) -> Path:
    return make_tree(world / "project", pyproject=pyproject, steady=True, **recipe)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_plain_build_is_an_sdist_and_a_wheel(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    ran = run("build", "--no-index")
    assert ran.code == 0, ran.err
    assert files(project / "dist") == ["foo-1.0-py3-none-any.whl", "foo-1.0.tar.gz"]
    assert ran.out.splitlines()[-1] == "2 files in dist"
    assert [line.split()[:2] for line in ran.out.splitlines()[:2]] == [
        ["(sdist)", "built"], ["(plain)", "built"],
    ]  # fmt: skip
    assert run("build", "--no-index", "-q").out == ""


def test_all_variants_and_again(run: Run, project: Path, world: Path) -> None:
    ran = run("build", "project", "--all-variants", "-o", "out", "--no-sdist")
    assert ran.code == 0, ran.err
    assert files(world / "out") == [
        "foo-1.0-py3-none-any-null.whl",
        "foo-1.0-py3-none-any-x1.whl",
        "foo-1.0-py3-none-any-x2.whl",
        "foo-1.0-py3-none-any.whl",
    ]
    ran = run("build", "project", "--all-variants", "-o", "out", "--no-sdist", "--json")
    found = json.loads(ran.out)["products"]
    assert {(item["label"], item["outcome"]) for item in found} == {
        ("", "kept"), ("x1", "kept"), ("x2", "kept"), ("null", "kept"),
    }  # fmt: skip
    assert run("build", "project", "--variant", "x1", "-o", "out", "--no-sdist", "--rebuild").code == 0
    assert run("release", "index", "out").code == 0


def test_a_failed_label_leaves_the_others(run: Run, world: Path) -> None:
    tree(world, before="if os.environ.get('MODE'): sys.exit('x2 needs its compiler')")
    ran = run("build", "project", "--all-variants", "--no-sdist", "-j", "1")
    assert ran.code == 1
    assert "x2 needs its compiler" in ran.err
    assert "3 files in project/dist; 1 failed, the same command builds only those again" in ran.out
    (line,) = [line for line in ran.out.splitlines() if line.split()[:2] == ["x2", "failed"]]
    assert "x2 needs its compiler" in Path(line.partition("log: ")[2]).read_text()


def test_a_source_distribution_with_variants_of_another_file(run: Run, world: Path) -> None:
    make_sdist(world, steady=True)
    (world / "variants.toml").write_text(VARIANT)
    ran = run("build", "foo-1.0.tar.gz", "--pyproject", "variants.toml", "--variant", "x2")
    assert ran.code == 0, ran.err
    assert files(world / "dist") == ["foo-1.0-py3-none-any-x2.whl"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["nowhere"], 2, "nowhere: there is no such folder or source distribution"),
        (["project", "--variant", "x3"], 1, "declares no variant 'x3'; it has x1, x2, null"),
        (["project", "--variant", "x1", "--all-variants"], 2, "exclude each other"),
        (["project", "--variant", "x1", "-C", "variant-label=x1"], 2, "is for other build tools"),
        (["project", "--pyproject", "none.toml"], 2, "there is no such file"),
        (["empty"], 1, "is no Python project"),
        (["empty", "--all-variants"], 1, "it has no table [variant]"),
        (["foo.whl"], 2, "is a wheel, which is built already"),
        (["project", "--python", "/no/python"], 1, "/no/python"),
    ],
)  # fmt: skip
def test_mistakes_in_the_asking(
    run: Run, project: Path, world: Path, words: list[str], code: int, message: str
) -> None:
    (world / "empty").mkdir()
    (world / "foo.whl").touch()
    ran = run("build", *words)
    assert (ran.code, message in ran.err) == (code, True), ran.err
    assert not (project / "dist").exists()


def test_mistakes_in_the_file_have_a_place(run: Run, world: Path) -> None:
    folder = tree(world, VARIANT.replace('gpu.arch = ["x2"]', "gpu.arch = 3").replace('["x1"]', '["x9"]'))
    ran = run("build", "project", "--all-variants")
    line = (folder / "pyproject.toml").read_text().splitlines().index("gpu.arch = 3") + 1
    assert ran.code == 1
    assert f"error: project/pyproject.toml:{line}: " in ran.err
    folder = tree(world, VARIANT.replace('["x1"]\n[variant.variants.x2]', '["x9"]\n[variant.variants.x2]'))
    ran = run("build", "project", "--all-variants")
    assert (
        "the static list of gpu does not know [gpu :: arch :: x9]; the values of arch are x2, x1" in ran.err
    )
    assert run("build", "project", "--variant", "x2", "--no-validate", "--no-sdist").code == 0


def test_what_is_said_of_the_project_is_no_setting(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project / "pyproject.toml"
    text = (
        path.read_text()
        + '[tool.rewheel.build]\nrequires = []\n[tool.rewheel]\nvariant.numpy = "x86_64_v3"\n'
    )
    path.write_text(text)
    monkeypatch.chdir(project)
    assert run("list", "--python", "nothing").err.count("there is no such setting") == 0
    assert run("build", "--variant", "x2", "--no-sdist").code == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text", ["", "# ours\n[project]\nname = 'foo'  # comment", "[project]\r\nname = 'foo'\r\n"]
)
def test_a_first_table_that_works(run: Run, world: Path, kind: str, text: str) -> None:
    path = world / "pyproject.toml"
    path.write_bytes(text.encode())
    ran = run("variant", "init", "--kind", kind)
    assert ran.code == 0, ran.err
    content = path.read_bytes().decode()
    assert content.startswith(text)
    assert tomllib.loads(content).get("project") == tomllib.loads(text).get("project")
    declaration = read_declaration(path)
    assert len(declaration.recipes) == len(declaration.labels) - 1
    assert check_properties(declaration, lambda *_: None, {"python_version": "3.11"}) == ()
    again = run("variant", "init")
    assert again.code == 1
    assert "there is a table [variant] already" in again.err
    assert path.read_bytes().decode() == content


def test_there_must_be_a_file_for_a_first_table(run: Run, world: Path) -> None:
    ran = run("variant", "init", "somewhere")
    assert ran.code == 1
    assert "there is no pyproject.toml in" in ran.err
    (world / "pyproject.toml").write_text("a =")
    assert "pyproject.toml:1: no TOML" in run("variant", "init").err
