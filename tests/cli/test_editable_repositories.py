"""`-e git+URL`: a clone that stays, installed as it stands, brought up to date, losing nobody's work."""

import json
import os
import shutil
from pathlib import Path

import pytest

from support.source_factory import git, make_tree

from .conftest import Run
from .environment import make_environment, pip, site_packages

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")


@pytest.fixture(autouse=True)
def own_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave git nothing of this computer's settings."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A repository with a tag, a branch, and a project below it."""
    folder = make_tree(tmp_path / "origin", version="1.0")
    make_tree(folder / "sub", "below", "3.0")
    git(folder, "init", "-q")
    release(folder, "1.0", tag="v1")
    git(folder, "checkout", "-q", "-b", "side")
    release(folder, "1.5")
    git(folder, "checkout", "-q", "main")
    release(folder, "2.0")
    return folder


def release(folder: Path, version: str, tag: str = "") -> None:
    make_tree(folder, version=version)
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", version)
    if tag:
        git(folder, "tag", tag)


def direct_url(environment: Path, pattern: str = "foo-*") -> object:
    (path,) = site_packages(environment).glob(f"{pattern}.dist-info/direct_url.json")
    return json.loads(path.read_text())


@pytest.mark.parametrize(
    ("form", "revision"),
    [("git+{url}#egg=foo", ""), ("git+{url}#egg=foo", "@v1"), ("foo @ git+{url}", "@side")],
)
def test_it_is_what_pip_makes_of_it(run: Run, origin: Path, tmp_path: Path, revision: str, form: str) -> None:
    text = form.format(url=f"{origin.as_uri()}{revision}")
    ours, theirs = make_environment(), make_environment(tmp_path / "theirs")
    done = run("install", "-e", text, "--no-index")
    assert done.code == 0, done.err
    by_pip = pip("install", "-e", text, "--no-index", "--src", theirs / "src", environment=theirs)
    assert by_pip.returncode == 0, by_pip.stderr
    for environment in (ours, theirs):
        clone = environment / "src/foo"
        assert direct_url(environment) == {"url": clone.as_uri(), "dir_info": {"editable": True}}
        (pth,) = site_packages(environment).glob("__editable__foo.pth")
        assert pth.read_text().strip() == str(clone / "src")
        assert git(clone, "rev-parse", "HEAD") == git(origin, "rev-parse", revision[1:] or "main")
    heads = [git(each / "src/foo", "rev-parse", "--abbrev-ref", "HEAD") for each in (ours, theirs)]
    assert heads[0] == heads[1] == {"": "main", "@side": "side", "@v1": "HEAD"}[revision]
    frozen = run("freeze").out.splitlines()
    assert frozen == pip("freeze", environment=ours).stdout.splitlines()
    assert frozen == [f"-e git+{origin.as_uri()}@{git(ours / 'src/foo', 'rev-parse', 'HEAD')}#egg=foo"]


def test_a_clone_follows(run: Run, origin: Path) -> None:
    environment = make_environment()
    command = ("install", "-e", f"git+{origin.as_uri()}#egg=foo", "--no-index")
    assert run(*command).code == 0
    clone = environment / "src/foo"
    (clone / "notes.txt").write_text("mine")  # not in the repository, and in nobody's way
    release(origin, "3.0", tag="v3")
    done = run(*command)
    assert done.code == 0, done.err
    assert "foo 3.0" in done.out
    assert git(clone, "rev-parse", "HEAD") == git(origin, "rev-parse", "main")
    assert (clone / "notes.txt").read_text() == "mine"
    for revision, version in (("v1", "1.0"), ("side", "1.5"), ("main", "3.0"), ("v3", "3.0")):
        done = run("install", "-e", f"foo @ git+{origin.as_uri()}@{revision}", "--no-index")
        assert done.code == 0, done.err
        (info,) = site_packages(environment).glob("foo-*.dist-info")
        assert info.name == f"foo-{version}.dist-info"


def test_work_in_it_is_not_lost(run: Run, origin: Path) -> None:
    environment = make_environment()
    command = ("install", "-e", f"git+{origin.as_uri()}#egg=foo", "--no-index")
    assert run(*command).code == 0
    clone = environment / "src/foo"
    (clone / "recipe.json").write_text((clone / "recipe.json").read_text() + "\n")
    assert run(*command).code == 0  # nothing has to move
    release(origin, "3.0")
    done = run(*command)
    assert (done.code, "has changes that are not committed" in done.err) == (1, True)
    git(clone, "commit", "-q", "-a", "-m", "mine")
    mine = git(clone, "rev-parse", "HEAD")
    done = run(*command)  # the branch has gone two ways
    assert (done.code, "git could not get" in done.err) == (1, True)
    assert git(clone, "rev-parse", "HEAD") == mine
    git(clone, "rebase", "-q", "--strategy-option=theirs", "origin/main")
    done = run(*command)  # ahead of the repository
    assert done.code == 0, done.err
    assert git(clone, "log", "-1", "--format=%s") == "mine"


def test_a_folder_of_something_else_is_left_alone(run: Run, origin: Path, tmp_path: Path) -> None:
    environment = make_environment()
    there = environment / "src/foo"
    command = ("install", "-e", f"git+{origin.as_uri()}#egg=foo", "--no-index")
    there.mkdir(parents=True)
    (there / "thesis.txt").write_text("mine")
    done = run(*command)
    assert (done.code, "is there already, and no clone of" in done.err) == (1, True)
    other = make_tree(tmp_path / "other")
    git(other, "init", "-q")
    git(other, "add", ".")
    git(other, "commit", "-q", "-m", "other")
    shutil.rmtree(there)
    git(tmp_path, "clone", "-q", str(other), str(there))
    assert run(*command).code == 1
    done = run(*command, "--src", "elsewhere")
    assert done.code == 0, done.err
    assert direct_url(environment)["url"] == (Path.cwd() / "elsewhere/foo").as_uri()  # type: ignore[index]


def test_a_killed_clone_is_finished(run: Run, origin: Path) -> None:
    environment = make_environment()
    clone = environment / "src/foo"
    clone.mkdir(parents=True)
    git(clone, "init", "-q")
    git(clone, "remote", "add", "origin", origin.as_uri())
    done = run("install", "-e", f"git+{origin.as_uri()}#egg=foo", "--no-index")
    assert done.code == 0, done.err
    assert git(clone, "status", "--porcelain") == ""


def test_a_folder_in_it_and_extras_and_files(run: Run, origin: Path, world: Path) -> None:
    environment = make_environment()
    url = f"git+{origin.as_uri()}"
    Path("r.txt").write_text(
        f"--editable {url}@v1#egg=foo&subdirectory=.\n-e 'below[x] @ {url}#subdirectory=sub'\n"
    )
    done = run("install", "-r", "r.txt", "--no-index")
    assert done.code == 0, done.err
    assert direct_url(environment, "below-*")["url"] == (environment / "src/below/sub").as_uri()  # type: ignore[index]
    done = run("freeze")
    assert done.out.splitlines() == pip("freeze", environment=environment).stdout.splitlines()
    assert "#egg=below&subdirectory=sub" in done.out
    Path("again.txt").write_text(done.out)
    done = run("install", "-r", "again.txt", "--no-index", "--python", make_environment(Path("other")))
    assert done.code == 0, done.err
    clone = environment / "src/foo"
    for remote, expected in {
        "git@a.test:me/x.git": "-e git+ssh://git@a.test/me/x.git@",
        "https://me:hunter2@a.test/x": "-e git+https://a.test/x@",
        "../../../nowhere": f"-e {clone}",
        "": f"-e {clone}",
    }.items():
        git(clone, "config", "remote.origin.url", remote)
        assert expected in run("freeze").out
    git(clone, "config", "remote.origin.url", origin.as_uri())
    done = run("install", "-e", f"{url}#egg=foo&subdirectory=../..", "--no-index")
    assert (done.code, "has no folder" in done.err) == (1, True)


def test_looking_changes_nothing(run: Run, origin: Path) -> None:
    environment = make_environment()
    done = run("install", "--dry-run", "-e", f"git+{origin.as_uri()}#egg=foo", "--no-index")
    assert done.code == 0, done.err
    assert "foo 2.0" in done.out
    assert not (environment / "src").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("git+https://a.test/x", "the name of the project has to be said"),
        ("foo @ https://a.test/foo-1.0.tar.gz", "only a folder or a repository"),
        ("foo @ hg+https://a.test/x", "only those of git"),
        ("foo @ git+https://me:hunter2@a.test/x@-x", "can't be a revision"),
    ],
)
def test_what_cannot_be_cloned(run: Run, text: str, words: str) -> None:
    make_environment()
    done = run("install", "-e", text, "--no-index")
    assert done.code in {1, 2}
    assert words in done.err
    assert "hunter2" not in done.err
