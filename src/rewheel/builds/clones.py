"""Repositories that stay: cloned once for somebody who works in them, and brought up to date ever after."""

import re
from collections.abc import Mapping
from pathlib import Path

from rewheel.builds.errors import RepositoryError
from rewheel.builds.git import Git, GitReference, without_login

__all__ = ["origin_of", "renew_clone"]

_OVER_SSH = re.compile(r"([A-Za-z0-9._-]+@)?([A-Za-z0-9.-]+):([A-Za-z0-9_.~-][^:]*)")
"""How git also writes a repository that is reached over SSH: `user@host:path`."""


def renew_clone(reference: GitReference, folder: Path, environ: Mapping[str, str]) -> str:
    """Make the folder a clone with the revision checked out, on a branch if it is one; return the commit.

    What is there already is fetched and moved on, if it is a clone of the same repository. Nobody's work is
    lost: changes that are not committed, and commits that the branch has besides, end it. Raises
    `RepositoryError`.
    """
    git = Git(reference, environ)
    if not folder.exists() or not any(folder.iterdir()):
        folder.parent.mkdir(parents=True, exist_ok=True)
        git.run("clone", "--quiet", "--no-checkout", "--filter=blob:none", "--", reference.url, str(folder))
    else:
        _check_origin(git, reference, folder)
        git.run("-C", str(folder), "fetch", "--quiet", "--tags", "--force", "origin")
    _Clone(git, reference, folder).move()
    if (folder / ".gitmodules").is_file():
        git.run("-C", str(folder), "submodule", "--quiet", "update", "--init", "--recursive")
    return git.run("-C", str(folder), "rev-parse", "--verify", "--quiet", "HEAD^{commit}")


def origin_of(folder: Path, environ: Mapping[str, str]) -> str:
    """Return where a folder of a clone can be had from, as `git+URL@COMMIT#subdirectory=…`.

    Empty if it is in no clone, or nobody can tell of what. Passwords are left out.
    """
    try:
        git = Git(GitReference(folder.as_uri()), environ)
    except RepositoryError:
        return ""
    asked = (
        ("rev-parse", "--show-toplevel"),
        ("rev-parse", "HEAD"),
        ("config", "--get", "remote.origin.url"),
    )
    top, commit, url = (git.try_run("-C", str(folder), *words) for words in asked)
    if match := _OVER_SSH.fullmatch(url):
        url = f"ssh://{match[1] or ''}{match[2]}/{match[3]}"
    elif url and "://" not in url and (folder / url).is_dir():
        url = (folder / url).resolve().as_uri()
    if not (top and commit and "://" in url) or any(letter.isspace() for letter in url):
        return ""
    below = folder.resolve().relative_to(Path(top).resolve()).as_posix()
    return f"git+{without_login(url)}@{commit}" + ("" if below == "." else f"#subdirectory={below}")


def _check_origin(git: Git, reference: GitReference, folder: Path) -> None:
    """Refuse a folder that somebody uses for something else."""
    url = ""
    if (folder / ".git").exists():  # and not that of a repository around it
        url = git.try_run("-C", str(folder), "config", "--get", "remote.origin.url")
    if not reference.is_of(url):
        raise RepositoryError(
            f"{folder} is there already, and no clone of {reference.shown}",
            hint="move it away, or name another folder with --src",
        )


class _Clone:
    """A folder whose repository has everything that is wanted of it."""

    def __init__(self, git: Git, reference: GitReference, folder: Path) -> None:
        self._git = git
        self._reference = reference
        self._folder = folder

    def move(self) -> None:
        """Check the revision out."""
        branch = self._branch()
        commit = self._remote(branch) if branch else self._reference.commit_in(self._git, self._folder)
        if not (self._folder / ".git/index").is_file():  # fresh, or killed before it was ready
            self._check_out(branch, commit, "--force")
            return
        if self._ask("rev-parse", "HEAD") == commit:
            return
        if self._ask("status", "--porcelain", "--untracked-files=no"):
            raise RepositoryError(
                f"{self._folder} has changes that are not committed",
                hint="commit or stash them, then try again",
            )
        if branch and self._ask("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}"):
            self._run("checkout", "--quiet", branch, "--")
            self._run("merge", "--quiet", "--ff-only", commit)
        else:
            self._check_out(branch, commit)

    def _check_out(self, branch: str, commit: str, *options: str) -> None:
        if branch:
            self._run("checkout", "--quiet", *options, "-B", branch, "--track", f"origin/{branch}")
        else:
            self._run("checkout", "--quiet", *options, "--detach", commit)

    def _branch(self) -> str:
        """Return the branch that is meant, without a revision the repository's own; empty for any other."""
        revision = self._reference.revision
        if not revision:
            self._try("remote", "set-head", "origin", "--auto")
            head = self._ask("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
            revision = head.removeprefix("origin/")
        return revision if revision and self._remote(revision) else ""

    def _remote(self, branch: str) -> str:
        return self._ask("rev-parse", "--verify", "--quiet", f"refs/remotes/origin/{branch}^{{commit}}")

    def _run(self, *arguments: str) -> None:
        self._git.run("-C", str(self._folder), *arguments)

    def _ask(self, *arguments: str) -> str:
        return self._git.try_run("-C", str(self._folder), *arguments)

    _try = _ask
