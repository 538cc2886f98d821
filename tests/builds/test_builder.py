"""Sources become wheels: metadata, isolation, what builds require, the cache, hashes, and what fails."""

import hashlib
import json
import os
import threading
import time
from pathlib import Path

import pytest

from builds.conftest import Yard, built
from rewheel.builds import BuildFailed, BuildsError, CircularBuild, InvalidProject
from rewheel.errors import RewheelError
from rewheel.installing import DigestMismatch, HashesMissing
from rewheel.resolution import Buildable
from support.source_factory import make_sdist, make_tree, write_tree


def test_a_folder_becomes_a_wheel(yard: Yard) -> None:
    sources = yard.tree(requires=["bar>=2"], extras=["x"])
    with yard.builder() as builder:
        metadata, direct_url = builder.describe(sources)
        assert (metadata.name, metadata.version, metadata.requires) == ("foo", "1.0", ("bar>=2",))
        assert direct_url == {"url": sources.url, "dir_info": {}}
        assert yard.diary == ["prepare_metadata_for_build_wheel foo"]
        wheel = builder.build(sources)
        assert builder.build(sources) == wheel
        assert wheel.path.name == "foo-1.0-py3-none-any.whl" == str(wheel.filename)
        assert hashlib.sha256(wheel.path.read_bytes()).hexdigest() == wheel.sha256
        facts = built(wheel.path)
    assert facts["cwd"] == str(yard.folder / "trees/foo")
    assert facts["prefix"].startswith(str(yard.folder / "scratch"))
    assert yard.diary[1:] == ["build_wheel foo"]


def test_a_folder_is_built_anew_each_time(yard: Yard) -> None:
    sources = yard.tree()
    for version in ("1.0", "1.1"):
        make_tree(yard.folder / "trees/foo", version=version)
        with yard.builder() as builder:
            assert str(builder.build(sources).filename) == f"foo-{version}-py3-none-any.whl"


@pytest.mark.parametrize("form", [".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz", ".tar"])
def test_every_form_of_archive(yard: Yard, form: str) -> None:
    with yard.builder() as builder:
        assert str(builder.build(yard.sdist(form=form)).filename) == "foo-1.0-py3-none-any.whl"


def test_without_a_hook_for_metadata_the_wheel_is_asked(yard: Yard) -> None:
    sources = yard.tree(prepares=False, requires=["bar"])
    with yard.builder() as builder:
        assert builder.describe(sources).metadata.requires == ("bar",)
        builder.build(sources)
    assert yard.diary == ["build_wheel foo"]


def test_final_metadata_of_an_sdist_run_nothing(yard: Yard) -> None:
    sources = yard.sdist(pkg_info="Requires-Dist: bar\nDynamic: License-File\n", before="sys.exit(1)")
    with yard.builder() as builder:
        assert builder.describe(sources).metadata.requires == ("bar",)
    assert not yard.diary


@pytest.mark.parametrize("lines", ["Dynamic: Requires-Dist\n", "Dynamic: version\n"])
def test_dynamic_metadata_are_asked_of_the_backend(yard: Yard, lines: str) -> None:
    with yard.builder() as builder:
        found = builder.describe(yard.sdist(pkg_info=lines, requires=["bar"])).metadata
    assert found.requires == ("bar",)


def test_builds_get_what_they_require_and_nothing_else(yard: Yard) -> None:
    yard.wheel("tool", requires=["helper"])
    yard.wheel("helper")
    yard.wheel("further")
    yard.wheel("absent")
    yard.install(yard.wheel("present"))
    sources = yard.tree(
        build_requires=["tool>=1", "absent; python_version < '3'"],
        get_requires=["further"],
        imports=["tool", "helper", "further", "absent", "present", "pip", "click"],
    )
    with yard.builder() as builder:
        facts = built(builder.build(sources).path)
    assert {name for name, seen in facts["imports"].items() if seen is not None} == {
        "tool",
        "helper",
        "further",
    }


def test_what_a_build_requires_may_have_to_be_built(yard: Yard) -> None:
    make_sdist(yard.shelf, "tool", "2.0", build_requires=["deeper"])
    make_sdist(yard.shelf, "deeper", "1.0")
    sources = yard.tree(build_requires=["tool"], imports=["tool"])
    with yard.builder() as builder:
        assert built(builder.build(sources).path)["imports"]["tool"] is True
    assert [hook for hook in yard.diary if hook.startswith("build_wheel")] == [
        "build_wheel deeper", "build_wheel tool", "build_wheel foo",
    ]  # fmt: skip


def test_a_project_that_needs_itself_is_refused(yard: Yard) -> None:
    make_sdist(yard.shelf, "tool", build_requires=["foo"])
    make_sdist(yard.shelf, "foo", build_requires=["tool"])
    with yard.builder() as builder, pytest.raises(CircularBuild) as caught:
        builder.build(yard.tree(build_requires=["tool"]))
    assert "foo needs tool needs foo" in str(caught.value)


def test_requirements_that_cannot_be_had_name_the_build(yard: Yard) -> None:
    with yard.builder() as builder, pytest.raises(BuildFailed) as caught:
        builder.build(yard.tree(build_requires=["unheard-of"]))
    assert "unheard-of" in str(caught.value)
    assert "trees/foo could not be built: its build requires" in str(caught.value)


def test_without_isolation_the_build_sees_what_is_installed(yard: Yard) -> None:
    with yard.builder(isolated=False) as builder:
        facts = built(builder.build(yard.tree(build_requires=["unheard-of"], imports=["click"])).path)
    assert facts["imports"] == {"click": True}
    assert facts["prefix"] == str(yard.target.python.parent.parent)


def test_environment_variables_and_settings_reach_the_backend(yard: Yard) -> None:
    yard.environ |= {"CFLAGS": "-O3", "PYTHONPATH": "/nowhere", "PYTHONHOME": "/nowhere"}
    config = {"foo": {"a": "1", "b": ["x", "y"]}}
    with yard.builder(config) as builder:
        facts = built(builder.build(yard.tree()).path)
        assert built(builder.build(yard.tree("bar")).path)["settings"] is None
    assert facts["settings"] == config["foo"]
    assert facts["flags"] == "-O3"
    assert facts["path"] is None


def test_a_project_without_a_build_system_is_one_of_setuptools(yard: Yard) -> None:
    tree = write_tree(yard.folder / "old", {"setup.py": ""})
    with yard.builder() as builder, pytest.raises(BuildFailed, match=r"setuptools>=40\.8\.0"):
        builder.describe(Buildable("foo", url=tree.as_uri()))


# Editable installations (PEP 660)


def test_editable(yard: Yard) -> None:
    sources = Buildable("foo", url=yard.tree().url, editable=True)
    with yard.builder() as builder:
        assert builder.describe(sources).direct_url == {"url": sources.url, "dir_info": {"editable": True}}
        wheel = builder.build(sources)
        yard.install(wheel.path)
    assert "build_editable foo" in yard.diary
    pth = yard.target.scheme.purelib / "__editable__foo.pth"
    assert pth.read_text().strip() == str(yard.folder / "trees/foo/src")


def test_a_backend_without_editable_installations(yard: Yard) -> None:
    sources = Buildable("foo", url=yard.tree(editable=False).url, editable=True)
    with yard.builder() as builder, pytest.raises(BuildFailed) as caught:
        builder.build(sources)
    assert "PEP 660" in str(caught.value)
    assert "-e" in caught.value.hint


# Failures


def test_a_failing_build_shows_its_end_and_keeps_its_log(yard: Yard) -> None:
    before = "for n in range(100): print(f'line {n}')\nprint('\\x1b[31mred\\x1b[0m')\nraise SystemExit(3)"
    with yard.builder() as builder, pytest.raises(BuildFailed) as caught:
        builder.build(yard.tree(before=before))
    error = caught.value
    assert "build_wheel of backend ended with exit code 3" in str(error)
    assert error.tail.splitlines()[-1] == "red"
    assert len(error.tail.splitlines()) == 30
    assert "line 99" in error.tail
    assert "line 1\n" not in error.tail
    assert error.log is not None
    assert str(error.log) in str(error)
    text = error.log.read_text()
    assert "line 1\n" in text
    assert "build_wheel of foo runs" in text


def test_only_the_last_logs_are_kept(yard: Yard) -> None:
    (yard.folder / "logs").mkdir()
    for number in range(30):
        path = yard.folder / f"logs/old{number}.log"
        path.write_text("")
        os.utime(path, (number, number))
    with yard.builder() as builder, pytest.raises(BuildFailed) as caught:
        builder.build(yard.tree(before="raise SystemExit(1)"))
    assert len(list((yard.folder / "logs").iterdir())) == 20
    assert caught.value.log is not None
    assert caught.value.log.exists()


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"filename": "bar-1.0-py3-none-any.whl"}, "bar-1.0"),
        ({"filename": "foo-1.0-py3-none-any-x1.whl"}, "does not fit"),
        ({"filename": "../foo-1.0-py3-none-any.whl"}, "as the name of what it made"),
        ({"filename": "foo.zip"}, "no wheel that it made"),
        ({"filename": "nonsense.whl"}, "bad wheel"),
        ({"tag": "cp27-cp27m-win32"}, "does not fit"),
        ({"get_requires": "text"}, "no list of texts"),
        ({"get_requires": ["=="]}, "further requirements"),
        ({"before": "os.kill(os.getpid(), 9)"}, "was killed by signal 9"),
    ],
)
def test_a_backend_is_held_to_what_it_was_asked_for(yard: Yard, recipe: dict[str, str], message: str) -> None:
    sources = yard.tree(**recipe)
    with yard.builder() as builder, pytest.raises(BuildFailed) as caught:
        builder.describe(sources)
        builder.build(sources)
    assert message in str(caught.value)


def test_a_backend_that_cannot_be_imported(yard: Yard) -> None:
    sources = yard.tree(files={"backend.py": "import not_there"})
    with yard.builder() as builder, pytest.raises(BuildFailed) as caught:
        builder.build(sources)
    assert "its backend backend can't be imported" in str(caught.value)
    assert "not_there" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[build-system]\n", "no `requires`"),
        ("[build-system]\nrequires = 'x'\n", "no list of texts"),
        ("[build-system]\nrequires = [1]\n", "no list of texts"),
        ("[build-system]\nrequires = ['==']\n", "`requires`"),
        ("[build-system]\nrequires = []\nbuild-backend = 1\n", "build-backend"),
        ("[build-system]\nrequires = []\nbuild-backend = 'x'\nbackend-path = ['..']\n", "leads out"),
        ("[build-system]\nrequires = []\nbuild-backend = 'x'\nbackend-path = ['/tmp']\n", "leads out"),
        ("build-system = 1\n", "no table"),
        ("tool = 1\n", "no table"),
        ("[tool.rewheel]\nbuild-isolation-passthrough = 'x'\n", "no list of texts"),
        ("[", "can't be read"),
        ("a = \xff", "can't be read"),
        ("x = " + "[" * 5000, "can't be read"),
    ],
)
def test_broken_pyprojects(yard: Yard, text: str, message: str) -> None:
    tree = yard.folder / "tree"
    tree.mkdir()
    (tree / "pyproject.toml").write_text(text, encoding="latin-1")
    with yard.builder() as builder, pytest.raises(InvalidProject, match=message):
        builder.describe(Buildable("foo", url=tree.as_uri()))


def test_a_folder_that_is_no_project(yard: Yard) -> None:
    with yard.builder() as builder:
        with pytest.raises(InvalidProject, match="no Python project"):
            builder.describe(Buildable("foo", url=yard.shelf.as_uri()))
        with pytest.raises(InvalidProject, match="no folder 'sub'"):
            builder.describe(Buildable("foo", url=f"{yard.shelf.as_uri()}#subdirectory=sub"))
        with pytest.raises(InvalidProject, match="no folder"):
            builder.describe(Buildable("foo", url=f"{yard.shelf.as_uri()}#subdirectory=.."))
        with pytest.raises(BuildsError, match="no such folder"):
            builder.describe(Buildable("foo", url=(yard.folder / "gone").as_uri()))


def test_closing_ends_what_still_runs(yard: Yard) -> None:
    mark = yard.folder / "started"
    before = f"open({str(mark)!r}, 'w').close()\nimport time\ntime.sleep(60)"
    builder = yard.builder()
    caught: list[RewheelError] = []

    def build() -> None:
        try:
            builder.build(yard.tree(before=before))
        except RewheelError as error:
            caught.append(error)

    thread = threading.Thread(target=build)
    thread.start()
    while not mark.exists() and thread.is_alive():
        time.sleep(0.02)
    builder.close()
    thread.join(20)
    assert "was stopped" in str(caught[0])
    builder.close()


# The cache


def test_a_wheel_of_an_sdist_is_kept(yard: Yard) -> None:
    sources = yard.sdist(source="1")
    with yard.builder() as builder:
        first = builder.build(sources).sha256
    with yard.builder() as builder:
        assert builder.describe(sources).metadata.name == "foo"
        assert builder.build(sources).sha256 == first
    assert yard.diary.count("build_wheel foo") == 1
    make_sdist(yard.folder / "sdists", source="2")
    with yard.builder() as builder:
        assert builder.build(sources).sha256 != first
    assert yard.diary.count("build_wheel foo") == 2
    with yard.builder({"foo": {"a": "1"}}) as builder:
        builder.build(sources)
    assert yard.diary.count("build_wheel foo") == 3
    with yard.builder(isolated=False) as builder:
        builder.build(sources)
        assert not builder.build(sources).path.is_relative_to(yard.folder / "cache")


@pytest.mark.parametrize("damage", ["truncate", "delete", "facts", "lie"])
def test_a_damaged_entry_is_made_anew(yard: Yard, damage: str) -> None:
    sources = yard.sdist()
    with yard.builder() as builder:
        builder.build(sources)
    (wheel,) = (yard.folder / "cache/built-1").glob("*/*.whl")
    facts = wheel.parent / "built.json"
    if damage == "truncate":
        wheel.write_bytes(wheel.read_bytes()[:-1])
    elif damage == "delete":
        wheel.unlink()
    elif damage == "facts":
        facts.write_text("[]")
    else:
        facts.write_text(json.dumps({**json.loads(facts.read_text()), "filename": "../../x.whl"}))
    with yard.builder() as builder:
        builder.build(sources)
    assert yard.diary.count("build_wheel foo") == 2
    with yard.builder() as builder:
        builder.build(sources)
    assert yard.diary.count("build_wheel foo") == 2


@pytest.mark.skipif(os.name == "nt", reason="folders have no modes there")
def test_a_cache_that_cannot_be_written_only_costs_time(yard: Yard) -> None:
    (yard.folder / "cache").mkdir()
    (yard.folder / "cache/built-1").write_text("in the way")
    with yard.builder() as builder:
        builder.build(yard.sdist())


# Hashes


def test_archives_are_held_against_hashes_before_anything_runs(yard: Yard) -> None:
    sources = yard.sdist()
    assert sources.file is not None
    good = hashlib.sha256((yard.folder / "sdists/foo-1.0.tar.gz").read_bytes()).hexdigest()
    with yard.builder(hashes={"foo": frozenset({f"sha256:{good}"})}, require_hashes=True) as builder:
        builder.build(sources)
    yard.folder.joinpath("diary").unlink()
    wrong = {"foo": frozenset({"sha256:" + "0" * 64})}
    with yard.builder(hashes=wrong) as builder, pytest.raises(DigestMismatch):
        builder.describe(sources)
    with yard.builder(require_hashes=True) as builder:
        with pytest.raises(HashesMissing):
            builder.describe(sources)
        with pytest.raises(HashesMissing):
            builder.describe(yard.tree())
    assert not yard.diary


def test_an_archive_that_is_named_is_recorded_with_its_hash(yard: Yard, tmp_path: Path) -> None:
    make_tree(tmp_path / "many/inner", requires=["bar"])
    path = make_sdist(tmp_path, "outer", files={"sub/x": ""})
    del path
    sdist = make_sdist(tmp_path / "s", files={"part/setup.py": ""})
    url = f"{sdist.as_uri()}#subdirectory=part"
    named = Buildable("foo", yard.archive(sdist).file, url)
    digest = hashlib.sha256(sdist.read_bytes()).hexdigest()
    with yard.builder() as builder, pytest.raises(BuildFailed, match="setuptools"):
        builder.describe(named)
    with yard.builder() as builder:
        found = builder.describe(Buildable("foo", yard.archive(sdist).file, sdist.as_uri())).direct_url
    assert found == {
        "url": sdist.as_uri(),
        "archive_info": {"hash": f"sha256={digest}", "hashes": {"sha256": digest}},
    }
