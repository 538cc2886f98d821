"""Repositories: real ones, made for the test; and references that must never reach git."""

import shutil
from pathlib import Path

import pytest

from builds.conftest import Yard
from rewheel.builds import RepositoryError
from rewheel.builds.git import GitReference
from rewheel.resolution import Buildable
from support.source_factory import git, make_tree

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = make_tree(tmp_path / "repository", version="1.0", files={"sub/keep": ""})
    make_tree(folder / "sub", "below", "3.0")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "one")
    git(folder, "tag", "v1")
    make_tree(folder, version="2.0")
    git(folder, "commit", "-q", "-a", "-m", "two")
    git(folder, "branch", "side/branch")
    make_tree(folder, version="3.0")
    git(folder, "commit", "-q", "-a", "-m", "three")
    git(folder, "update-ref", "refs/pull/7/head", "v1")
    return folder


@needs_git
@pytest.mark.parametrize(
    ("revision", "version"),
    [("", "3.0"), ("@main", "3.0"), ("@v1", "1.0"), ("@side/branch", "2.0"), ("@refs/pull/7/head", "1.0")],
)
def test_revisions(yard: Yard, repository: Path, revision: str, version: str) -> None:
    sources = Buildable("foo", url=f"git+{repository.as_uri()}{revision}#egg=foo")
    with yard.builder() as builder:
        metadata, direct_url = builder.describe(sources)
    assert metadata.version == version
    assert direct_url is not None
    commit = git(repository, "rev-parse", revision[1:] or "HEAD")
    info = {"vcs": "git", "commit_id": commit}
    if revision:
        info["requested_revision"] = revision[1:]
    assert direct_url == {"url": repository.as_uri(), "vcs_info": info}


@needs_git
def test_commits_are_built_once(yard: Yard, repository: Path) -> None:
    commit = git(repository, "rev-parse", "v1")
    for revision in (commit, commit[:10], "v1"):
        with yard.builder() as builder:
            wheel = builder.build(Buildable("foo", url=f"git+{repository.as_uri()}@{revision}"))
            assert str(wheel.filename) == "foo-1.0-py3-none-any.whl"
    assert yard.diary.count("build_wheel foo") == 1


@needs_git
def test_a_subdirectory(yard: Yard, repository: Path) -> None:
    url = f"git+{repository.as_uri()}@v1#subdirectory=sub&egg=below"
    with yard.builder() as builder:
        metadata, direct_url = builder.describe(Buildable("below", url=url))
    assert (metadata.name, metadata.version) == ("below", "3.0")
    assert direct_url is not None
    assert direct_url["subdirectory"] == "sub"


@needs_git
def test_variables_of_a_hook_lead_nowhere_else(yard: Yard, repository: Path) -> None:
    yard.environ |= {"GIT_DIR": "/nowhere", "GIT_WORK_TREE": "/nowhere", "GIT_INDEX_FILE": "/nowhere/index"}
    with yard.builder() as builder:
        assert builder.describe(Buildable("foo", url=f"git+{repository.as_uri()}")).metadata.version == "3.0"


@needs_git
def test_what_is_not_there(yard: Yard, repository: Path) -> None:
    with yard.builder() as builder:
        with pytest.raises(RepositoryError, match="nonesuch"):
            builder.describe(Buildable("foo", url=f"git+{repository.as_uri()}@nonesuch"))
        with pytest.raises(RepositoryError, match="git could not get"):
            builder.describe(Buildable("foo", url=f"git+{yard.shelf.as_uri()}"))


def test_without_git(yard: Yard) -> None:
    yard.environ["PATH"] = str(yard.shelf)
    with yard.builder() as builder, pytest.raises(RepositoryError, match="not on the PATH"):
        builder.describe(Buildable("foo", url="git+https://a.test/x"))


@pytest.mark.parametrize(
    "url",
    [
        "git+https://a.test/x@--upload-pack=touch",
        "git+https://a.test/x@-x",
        "git+https://a.test/x@",
        "git+https://a.test/x@a%20b",
        "git+https://a.test/x@a%00b",
        "git+ssh://-oProxyCommand=touch/x",
        "git+ssh://-x@a.test/x",
        "git+ssh://me@-oProxyCommand=touch/x",
        "git+https:///x",
        "git+file://host/x",
        "git+file://",
        "git+ext::sh -c touch",
        "git+ext://sh",
        "git+-x",
        "git+/tmp/x",
        "https://a.test/x",
        "git+https://a.test:99999/x",
        "git+https://[/x",
    ],
)
def test_hostile_references(url: str) -> None:
    with pytest.raises(RepositoryError):
        GitReference.parse(url)


def test_secrets_are_neither_shown_nor_recorded() -> None:
    found = GitReference.parse("git+https://me:hunter2@a.test/x@v1#egg=x")
    assert found.url == "https://me:hunter2@a.test/x"
    assert "hunter2" not in found.shown
    assert found.direct_url("0" * 40)["url"] == "https://a.test/x"
    assert GitReference.parse("git+ssh://git@a.test/x").direct_url("0" * 40)["url"] == "ssh://git@a.test/x"
    with pytest.raises(RepositoryError) as caught:
        GitReference.parse("git+https://me:hunter2@a.test/x@-x")
    assert "hunter2" not in str(caught.value)
