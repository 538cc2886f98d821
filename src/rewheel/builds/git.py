"""Sources in a git repository, fetched by git itself: `git+https://host/path@ref#subdirectory=…&egg=…`."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

from rewheel.builds.errors import RepositoryError
from rewheel.config import redact_url

__all__ = ["Git", "GitReference", "without_login"]

_SCHEMES = frozenset({"https", "http", "ssh", "git", "file"})
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PATIENCE = 1800  # seconds for one command of git
_TAIL = 8  # lines of git's complaint that are shown


@dataclass(frozen=True, slots=True)
class GitReference:
    """A repository, a revision of it, and a folder in it."""

    url: str
    """What git is given; may hold secrets."""
    revision: str = ""
    subdirectory: str = ""

    @classmethod
    def parse(cls, text: str) -> "GitReference":
        """Read a requirement's URL.

        Nothing that git could take for an option or a command comes through. Raises `RepositoryError`.
        """
        shown = redact_url(text)
        try:
            parts = urlsplit(text.removeprefix("git+"))
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise RepositoryError(f"{shown} is no URL: {error}") from error
        if not text.startswith("git+") or parts.scheme not in _SCHEMES:
            raise RepositoryError(
                f"{shown}: expected git+https, git+ssh, git+file, git+http or git+git",
                hint="write it as git+https://host/path@revision",
            )
        path, at_sign, revision = parts.path.rpartition("@")
        if not at_sign:
            path, revision = parts.path, ""
        revision = unquote(revision)
        if revision.startswith("-") or (at_sign and not revision) or not _is_tame(revision):
            raise RepositoryError(f"{shown}: {revision!r} can't be a revision")
        if parts.scheme == "file":
            is_good = parts.netloc in {"", "localhost"} and bool(path)
        else:
            is_good = bool(host) and not host.startswith("-") and not parts.netloc.startswith("-")
        if not is_good or not _is_tame(unquote(path)) or (port is not None and not 0 < port < 65536):
            raise RepositoryError(f"{shown} names no repository")
        fragment = parse_qs(parts.fragment)
        subdirectory = fragment.get("subdirectory", [""])[0]
        return cls(urlunsplit((parts.scheme, parts.netloc, path, "", "")), revision, subdirectory)

    @property
    def shown(self) -> str:
        """The repository and its revision, for messages."""
        return redact_url(self.url) + (f"@{self.revision}" if self.revision else "")

    def check_out(self, folder: Path, environ: Mapping[str, str]) -> str:
        """Make the folder a working copy of the revision, submodules included, and return the commit.

        Raises `RepositoryError` when there is no git, no such repository or no such revision.
        """
        git = Git(self, environ)
        git.run("clone", "--quiet", "--no-checkout", "--filter=blob:none", "--", self.url, str(folder))
        commit = self.commit_in(git, folder)
        git.run("-C", str(folder), "checkout", "--quiet", "--force", "--detach", commit)
        if (folder / ".gitmodules").is_file():
            git.run("-C", str(folder), "submodule", "--quiet", "update", "--init", "--recursive")
        return commit

    def direct_url(self, commit: str) -> dict[str, Any]:
        """Return what is recorded of an installation from here (PEP 610): no secrets, and the commit."""
        info = {"vcs": "git", "commit_id": commit}
        if self.revision:
            info["requested_revision"] = self.revision
        document: dict[str, Any] = {"url": without_login(self.url), "vcs_info": info}
        if self.subdirectory:
            document["subdirectory"] = self.subdirectory
        return document

    def is_of(self, url: str) -> bool:
        """Tell whether a URL, as git knows it, is that of the repository, whoever logs in."""
        return without_login(url) == without_login(self.url)

    def commit_in(self, git: "Git", folder: Path) -> str:
        """Return the commit that the revision names in a clone, fetched if need be; without one, HEAD's."""
        if not self.revision:
            return git.run("-C", str(folder), "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        candidates = [f"refs/remotes/origin/{self.revision}", f"refs/tags/{self.revision}"]
        if re.fullmatch("[0-9a-fA-F]{4,64}", self.revision):
            candidates.append(self.revision)
        for name in candidates:
            found = git.try_run("-C", str(folder), "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
            if found and _COMMIT.fullmatch(found):
                return found
        # A ref that a clone leaves out, as those of pull requests, or a commit of none of its branches.
        git.run("-C", str(folder), "fetch", "--quiet", "--", "origin", self.revision)
        return git.run("-C", str(folder), "rev-parse", "--verify", "--quiet", "FETCH_HEAD^{commit}")


class Git:
    """Runs git, never through a shell, and never waiting for somebody to type."""

    def __init__(self, reference: GitReference, environ: Mapping[str, str]) -> None:
        self._reference = reference
        # What a hook or an alias of git leaves in the environment would lead to another repository.
        self._environ = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
        self._environ |= {
            name: value
            for name, value in environ.items()
            if name.startswith(("GIT_SSH", "GIT_CONFIG", "GIT_SSL"))
        }
        self._environ.setdefault("GIT_TERMINAL_PROMPT", environ.get("GIT_TERMINAL_PROMPT", "0"))
        found = shutil.which("git", path=environ.get("PATH"))
        if found is None:
            raise RepositoryError(
                f"{reference.shown} needs git, which is not on the PATH", hint="install git"
            )
        self._program = found

    def run(self, *arguments: str) -> str:
        """Return what git prints; raises `RepositoryError` with what it complains about."""
        code, output = self._call(arguments)
        if code:
            lines = [redact_url(line) for line in output.strip().splitlines() if line.strip()]
            told = "".join(f"\n  | {line}" for line in lines[-_TAIL:])
            raise RepositoryError(f"git could not get {self._reference.shown}:{told}")
        return output.strip()

    def try_run(self, *arguments: str) -> str:
        """Return what git prints; empty if it fails."""
        code, output = self._call(arguments)
        return "" if code else output.strip()

    def _call(self, arguments: tuple[str, ...]) -> tuple[int, str]:
        try:
            done = subprocess.run(
                [self._program, "-c", "protocol.ext.allow=never", *arguments],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise RepositoryError(
                f"git took more than {_PATIENCE} seconds for {self._reference.shown}"
            ) from error
        except (OSError, ValueError) as error:
            raise RepositoryError(f"git can't be run: {error}") from error
        output = done.stdout if done.returncode == 0 else done.stdout + done.stderr
        return done.returncode, output.decode("utf-8", "replace")


def _is_tame(text: str) -> bool:
    return text.isprintable() and " " not in text


def without_login(url: str) -> str:
    """Take user and password out of a URL; `git` is the customary user of ssh and tells nothing."""
    parts = urlsplit(url)
    login, at_sign, host = parts.netloc.rpartition("@")
    if not at_sign or login == "git":
        return url
    return urlunsplit(parts._replace(netloc=host))
