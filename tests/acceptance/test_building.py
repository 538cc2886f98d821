"""Whole commands on sources: what is built when, what can be named, and what is recorded of it."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acceptance.conftest import Outcome, Shop
from support.index_server import IndexServer
from support.source_factory import git, make_sdist, make_tree, write_tree
from support.wheel_factory import make_wheel

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")


@pytest.fixture(autouse=True)
def diary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where builds note what runs; nothing of them may be left in the folder for temporary files."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    path = tmp_path / "diary"
    monkeypatch.setenv("BUILD_DIARY", str(path))
    yield path
    assert list(scratch.iterdir()) == []


def builds(diary: Path) -> list[str]:
    lines = diary.read_text().splitlines() if diary.exists() else []
    return [line.removeprefix("build_wheel ") for line in lines if line.startswith("build_wheel ")]


def direct_url(outcome: Outcome, project: str = "foo") -> Any:
    (info,) = outcome.target.glob(f"{project}-*.dist-info")
    path = info / "direct_url.json"
    return json.loads(path.read_text()) if path.exists() else None


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# What an index offers


def test_what_has_no_wheel_is_built_with_what_it_needs(shop: Shop, diary: Path) -> None:
    make_sdist(shop.shelf, requires=["bar", 'qux; extra == "x"'], extras=["x"], scripts={"foo": "foo:main"})
    make_sdist(shop.shelf, "bar", build_requires=["tool"], imports=["tool"])
    shop.wheel("tool")
    shop.wheel("qux")
    outcome = shop.install("foo[x]")
    assert outcome.installed == {"foo": "1.0", "bar": "1.0", "qux": "1.0"}
    assert "Collecting foo  foo-1.0.tar.gz (" in outcome.out
    assert "Building foo-1.0.tar.gz" in outcome.err
    assert (outcome.target / "bin/foo").exists()
    assert direct_url(outcome) is None
    assert "'tool': ''" in (outcome.target / "bar.py").read_text()
    assert shop.install("foo").installed == {"foo": "1.0", "bar": "1.0"}
    assert sorted(builds(diary)) == ["bar 1.0", "foo 1.0"]  # the second time they come from the cache


def test_wheels_before_sources_within_a_version_and_newer_versions_before_both(
    shop: Shop, diary: Path
) -> None:
    shop.wheel(version="1.0")
    make_sdist(shop.shelf, version="1.0")
    assert shop.install().installed == {"foo": "1.0"}
    assert not builds(diary)
    make_sdist(shop.shelf, version="2.0")
    assert shop.install("foo", "--prefer-binary").installed == {"foo": "1.0"}
    assert shop.install("foo", "--only-binary", "foo").installed == {"foo": "1.0"}
    assert shop.install("foo", "--only-binary", ":all:").installed == {"foo": "1.0"}
    assert shop.install("foo>1", "--prefer-binary").installed == {"foo": "2.0"}
    assert not [each for each in builds(diary) if each != "foo 2.0"]
    assert shop.install().installed == {"foo": "2.0"}
    assert shop.install("foo==1.0", "--no-binary", "foo").installed == {"foo": "1.0"}
    assert "foo 1.0" in builds(diary)


def test_formats_by_name_count_more_than_all(shop: Shop, diary: Path) -> None:
    for name in ("foo", "bar"):
        shop.wheel(name)
        make_sdist(shop.shelf, name, build_requires=["tool"])
    shop.wheel("tool")
    shop.install("foo", "bar", "--no-binary", ":all:", "--only-binary", "bar")
    assert builds(diary) == ["foo 1.0"]  # what builds require is not meant by :all:
    assert shop.run("install", "foo", "--no-binary", "foo", "--only-binary", "Foo", "--target", "t")[0] == 2


def test_without_sources_no_binary_fails(shop: Shop) -> None:
    shop.wheel()
    outcome = shop.install("foo", "--no-binary", "foo")
    assert outcome.code == 1
    assert "you want it built from source" in outcome.err


def test_a_wheel_for_elsewhere_does_not_help(shop: Shop) -> None:
    shop.wheel(tag="cp311-cp311-win_arm64")
    make_sdist(shop.shelf)
    assert shop.install().installed == {"foo": "1.0"}
    outcome = shop.install("foo", "--only-binary", "foo")
    assert outcome.code == 1
    assert "does not fit this target" in outcome.err


def test_yanking_and_python_versions_count_for_sources(shop: Shop) -> None:
    for version in ("1.0", "2.0", "3.0", "4.0"):
        make_sdist(shop.shelf, version=version, **({"requires_python": "<3"} if version == "2.0" else {}))
    shop.server.yanked["foo-4.0.tar.gz"] = "broken"
    shop.server.requires_python["foo-3.0.tar.gz"] = "<3"
    assert shop.install().installed == {"foo": "1.0"}
    assert shop.install("foo==4.0").installed == {"foo": "4.0"}


def test_what_is_built_is_plain(shop: Shop) -> None:
    make_sdist(shop.shelf, requires=['bar; "gpu" in variant_namespaces', 'qux; variant_label == ""'])
    shop.wheel("bar")
    shop.wheel("qux")
    assert shop.install().installed == {"foo": "1.0", "qux": "1.0"}


def test_index_priority_holds_for_sources(shop: Shop, tmp_path: Path) -> None:
    make_sdist(shop.shelf)
    other = tmp_path / "other"
    make_wheel(other, version="9.0")
    with IndexServer(other) as server:
        assert shop.install("foo", "--extra-index-url", server.simple_url).installed == {"foo": "1.0"}


def test_hashes(shop: Shop, tmp_path: Path, diary: Path) -> None:
    path = make_sdist(shop.shelf, build_requires=["tool"])
    shop.wheel("tool")
    asked = tmp_path / "r.txt"
    asked.write_text(f"foo==1.0 --hash=sha256:{digest(path)}\n")
    assert shop.install("-r", str(asked)).code != 0  # the shop's own `foo` has no hash
    code, _, err = shop.run(
        "install", "-r", str(asked), "--target", str(tmp_path / "t"), "-i", shop.server.simple_url
    )
    assert (code, (tmp_path / "t/foo.py").exists()) == (0, True), err
    diary.unlink()
    asked.write_text(f"foo @ {path.as_uri()} --hash=sha256:{'0' * 64}\n")
    code, _, err = shop.run("install", "-r", str(asked), "--target", str(tmp_path / "t2"), "--no-index")
    assert code == 1
    assert "0" * 64 in err
    assert not diary.exists()


def test_a_failing_build_is_one_readable_error(shop: Shop) -> None:
    make_sdist(shop.shelf, version="2.0", before="print('no compiler here')\nraise SystemExit(1)")
    shop.wheel(version="1.0")
    outcome = shop.install()
    assert outcome.code == 1
    assert outcome.err.count("error:") == 1
    assert "foo-2.0.tar.gz could not be built" in outcome.err
    assert "| no compiler here" in outcome.err
    (log,) = Path(os.environ["REWHEEL_CACHE_DIR"], "build-logs").iterdir()
    assert str(log) in outcome.err
    assert "no compiler here" in log.read_text()


def test_looking_builds_no_wheel(shop: Shop, tmp_path: Path, diary: Path) -> None:
    make_sdist(shop.shelf, requires=["bar"])
    shop.wheel("bar")
    code, out, _ = shop.run(
        "install", "foo", "--dry-run", "--target", str(tmp_path / "t"), "-i", shop.server.simple_url
    )
    assert code == 0
    assert "Would install foo 1.0  foo-1.0.tar.gz" in out
    diary.unlink()
    code, out, _ = shop.run("explain", "foo", "--target", str(tmp_path / "t"), "-i", shop.server.simple_url)
    assert "no wheel would do, so one would be built from foo-1.0.tar.gz" in out
    assert not diary.exists()


def test_the_report_says_what_was_built(shop: Shop, tmp_path: Path) -> None:
    path = make_sdist(shop.shelf)
    tree = make_tree(tmp_path / "tree", "bar")
    report = tmp_path / "report.json"
    assert shop.install("foo", str(tree), "--report", str(report)).code == 0
    entries = {each["metadata"]["name"]: each for each in json.loads(report.read_text())["install"]}
    assert entries["foo"]["download_info"] == {
        "url": shop.server.file_url(path.name),
        "archive_info": {"hashes": {"sha256": digest(path)}, "hash": f"sha256={digest(path)}"},
    }  # fmt: skip
    assert entries["bar"]["download_info"] == {"url": tree.as_uri(), "dir_info": {}}
    assert entries["bar"]["is_direct"]
    assert entries["foo"]["filename"] == path.name


# What is named by its place


def test_folders(shop: Shop, tmp_path: Path, diary: Path) -> None:
    tree = make_tree(tmp_path / "tree", requires=["bar"], extras=["x"])
    shop.wheel("bar")
    for text in (f"{tree}", f"{tree}[x]", f"foo @ {tree.as_uri()}"):
        outcome = shop.install(text)
        assert outcome.installed == {"foo": "1.0", "bar": "1.0"}, outcome.err
        assert direct_url(outcome) == {"url": tree.as_uri(), "dir_info": {}}
    assert builds(diary) == ["foo 1.0"] * 3
    outcome = shop.install(f"bar @ {tree.as_uri()}")
    assert outcome.code == 1
    assert "is of foo and not of bar" in outcome.err


def test_folders_are_installed_anew_each_time(shop: Shop, tmp_path: Path) -> None:
    target = tmp_path / "target"
    for source in ("one", "two"):
        tree = make_tree(tmp_path / "tree", source=source)
        assert shop.run("install", str(tree), "--target", str(target), "--no-index")[0] == 0
        assert f"SOURCE = '{source}'" in (target / "foo.py").read_text()


def test_editable_folders(shop: Shop, tmp_path: Path) -> None:
    tree = make_tree(tmp_path / "tree")
    make_tree(tmp_path / "other", "bar")
    asked = tmp_path / "r.txt"
    asked.write_text("-e ./other\n")
    target = tmp_path / "target"
    code, _, err = shop.run(
        "install", "-e", str(tree), "-r", str(asked), "--target", str(target), "--no-index"
    )
    assert code == 0, err
    assert (target / "__editable__foo.pth").read_text().strip() == str(tree / "src")
    assert (target / "__editable__bar.pth").exists()
    (info,) = target.glob("foo-*.dist-info")
    assert json.loads((info / "direct_url.json").read_text()) == {
        "url": tree.as_uri(), "dir_info": {"editable": True},
    }  # fmt: skip


def test_archives(shop: Shop, tmp_path: Path) -> None:
    path = make_sdist(tmp_path / "away")
    hashes = {"hash": f"sha256={digest(path)}", "hashes": {"sha256": digest(path)}}
    outcome = shop.install(str(path))
    assert direct_url(outcome) == {"url": path.as_uri(), "archive_info": hashes}
    shutil.copy(path, shop.shelf / "foo-1.0.tar.gz")
    url = shop.server.file_url("foo-1.0.tar.gz")
    for text in (url, f"foo @ {url}", f"foo @ {url}#sha256={digest(path)}"):
        assert direct_url(shop.install(text, index=False)) == {"url": url, "archive_info": hashes}
    outcome = shop.install(f"foo @ {url}#sha256={'0' * 64}", index=False)
    assert outcome.code == 1


def test_a_snapshot_is_asked_for_its_name(shop: Shop, tmp_path: Path) -> None:
    made = make_sdist(tmp_path / "away", "the-name", form=".zip")
    made.rename(shop.shelf / "main.zip")
    outcome = shop.install(shop.server.file_url("main.zip"), index=False)
    assert outcome.installed == {"the_name": "1.0"}, outcome.err


@needs_git
def test_repositories(shop: Shop, tmp_path: Path) -> None:
    repository = make_tree(tmp_path / "repository")
    git(repository, "init", "-q")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "one")
    git(repository, "tag", "v1")
    make_tree(repository, version="2.0")
    git(repository, "commit", "-q", "-a", "-m", "two")
    outcome = shop.install(f"git+{repository.as_uri()}@v1", index=False)
    assert outcome.installed == {"foo": "1.0"}, outcome.err
    info = {"vcs": "git", "requested_revision": "v1", "commit_id": git(repository, "rev-parse", "v1")}
    assert direct_url(outcome) == {"url": repository.as_uri(), "vcs_info": info}
    assert shop.install(f"foo @ git+{repository.as_uri()}", index=False).installed == {"foo": "2.0"}
    outcome = shop.install(f"foo @ git+{repository.as_uri()}@--upload-pack=x", index=False)
    assert outcome.code == 1
    assert "can't be a revision" in outcome.err


def test_a_package_may_need_one_by_its_place(shop: Shop, tmp_path: Path) -> None:
    tree = make_tree(tmp_path / "tree", "bar", "3.0")
    shop.wheel(requires=[f"bar @ {tree.as_uri()}"])
    assert shop.install().installed == {"foo": "1.0", "bar": "3.0"}


# Options


def test_settings_are_for_what_is_named(shop: Shop, tmp_path: Path) -> None:
    make_sdist(shop.shelf, requires=["bar", "qux"])
    make_sdist(shop.shelf, "bar")
    make_sdist(shop.shelf, "qux")
    asked = tmp_path / "r.txt"
    asked.write_text("qux --config-settings c=3\n")
    outcome = shop.install("foo", "-C", "a=1", "-C", "a=2", "-C", "b=x=y", "-r", str(asked))
    assert "'settings': {'a': ['1', '2'], 'b': 'x=y'}" in (outcome.target / "foo.py").read_text()
    assert "'settings': None" in (outcome.target / "bar.py").read_text()
    assert "'settings': {'c': '3'}" in (outcome.target / "qux.py").read_text()


def test_without_isolation(shop: Shop) -> None:
    make_sdist(shop.shelf, build_requires=["unheard-of"], imports=["click"])
    assert "unheard-of" in shop.install().err
    outcome = shop.install("foo", "--no-build-isolation")
    assert "'click': True" in (outcome.target / "foo.py").read_text()


def test_passthrough(shop: Shop, tmp_path: Path) -> None:
    target = tmp_path / "target"
    place = ["--target", str(target), "-i", shop.server.simple_url]
    make_wheel(shop.shelf, "host", "1.0", files={"host.py": "VERSION = 'installed'\n"})
    assert shop.run("install", "host", *place)[0] == 0
    make_wheel(shop.shelf, "host", "2.0", files={"host.py": "VERSION = 'newest'\n"})
    tree = make_tree(tmp_path / "tree", build_requires=["host"], imports=["host"])
    for words, seen in (([], "newest"), (["--passthrough", "host"], "installed")):
        code, _, err = shop.run("install", str(tree), *words, *place)
        assert code == 0, err
        assert f"'host': '{seen}'" in (target / "foo.py").read_text()


def test_for_another_platform_nothing_is_built(shop: Shop, tmp_path: Path) -> None:
    machine = tmp_path / "arm.toml"
    machine.write_text(
        'schema = 1\n[platform]\nsystem = "Linux"\nmachine = "aarch64"\nlibc = "glibc"\nos-version = "2.34"\n'
    )
    make_sdist(shop.shelf, version="2.0")
    shop.wheel(version="1.0")
    outcome = shop.install("foo", "--machine", str(machine))
    assert outcome.installed == {"foo": "1.0"}, outcome.err
    tree = make_tree(tmp_path / "tree")
    for text, code in ((str(tree), 2), (f"foo @ {tree.as_uri()}", 1)):
        outcome = shop.install(text, "--machine", str(machine))
        assert outcome.code == code
        assert "another platform" in outcome.err


# Real backends and a real index


def environment(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / "bin/python"


@pytest.mark.acceptance
@pytest.mark.parametrize("backend", ["setuptools", "hatchling", "flit_core", "pdm.backend", "poetry.core"])
@pytest.mark.parametrize("editable", [False, True])
def test_real_backends(shop: Shop, tmp_path: Path, backend: str, editable: bool) -> None:
    module = {
        "setuptools": "setuptools.build_meta",
        "hatchling": "hatchling.build",
        "flit_core": "flit_core.buildapi",
        "pdm.backend": "pdm.backend",
        "poetry.core": "poetry.core.masonry.api",
    }[backend]
    tree = write_tree(
        tmp_path / "tree",
        {
            "pyproject.toml": (
                f'[build-system]\nrequires = ["{backend.replace(".", "-").replace("_", "-")}"]\n'
                f'build-backend = "{module}"\n'
                '[project]\nname = "some-thing"\nversion = "1.5"\ndescription = "x"\n'
                'dependencies = ["idna"]\n[project.scripts]\nsome-thing = "some_thing:main"\n'
            ),
            "some_thing/__init__.py": '"""Doc."""\nimport idna\ndef main(): print("it runs")\n',
        },
    )
    python = environment(tmp_path / "env")
    words = ["-e", str(tree)] if editable else [str(tree)]
    code, _, err = shop.run("install", *words, "--python", str(python))
    assert code == 0, err
    done = subprocess.run(
        [python.parent / "some-thing"], capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.stdout == "it runs\n", done.stderr
    code_text = "import some_thing; print(some_thing.__file__)"
    where = subprocess.run([python, "-c", code_text], capture_output=True, text=True, check=True, cwd="/")
    assert (str(tree) in where.stdout) == editable


@pytest.mark.acceptance
@pytest.mark.parametrize(
    ("requirement", "check"),
    [
        ("docopt", "import docopt"),  # setup.py alone
        ("iniconfig", "import iniconfig"),  # hatchling with a version of its own making
        ("markupsafe", "import markupsafe"),  # a C extension, which is optional
    ],
)
def test_real_source_distributions(shop: Shop, tmp_path: Path, requirement: str, check: str) -> None:
    python = environment(tmp_path / "env")
    code, _, err = shop.run("install", requirement, "--no-binary", requirement, "--python", str(python))
    assert code == 0, err
    subprocess.run([python, "-c", check], check=True, cwd="/")
