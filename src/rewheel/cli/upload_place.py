"""Where to upload to, and as whom: the URL or name of `--to`, and logins from wherever they are kept."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewheel.errors import UsageError

if TYPE_CHECKING:
    from rewheel.cli.session import Session
    from rewheel.config import Repository
    from rewheel.publishing.destination import Destination, Login

__all__ = ["destination_of", "is_pypi"]

_TOKEN_USER = "__token__"  # noqa: S105 - the name by which indexes know a token


def destination_of(
    session: "Session", to: str, *, token: str, username: str, password: str, index_url: str
) -> "Destination":
    """Return the index to upload to.

    A login is taken from the command line, else the environment, else the URL, else `.pypirc`; netrc and the
    keyring are asked last, by the client. Raises UsageError.
    """
    from rewheel.publishing.destination import Destination

    repository = _repository(session, to)
    login = _login(session, token, username, password)
    if login is None and "@" not in repository.url.partition("://")[2].partition("/")[0]:
        login = _login_of(repository)
    try:
        return Destination(
            repository.url,
            session.http_settings,
            login=login,
            index_url=index_url,
            reporter=session.reporter,
        )
    except ValueError as error:
        raise UsageError(f"--to: cannot be uploaded to: {error}") from error


def is_pypi(url: str) -> bool:
    """Tell whether the limits of PyPI hold for an upload URL."""
    return "://upload.pypi.org/" in url or "://test.pypi.org/" in url


def _repository(session: "Session", to: str) -> "Repository":
    """Find the repository of a name, or that of a URL with the login that `.pypirc` has for it."""
    from rewheel.config import Repository, read_pypirc

    known = read_pypirc(_pypirc(session))
    if to in known:
        return known[to]
    if not to.lower().startswith(("http://", "https://")):
        names = ", ".join(sorted(known))
        raise UsageError(
            f"--to {to!r} is neither a URL nor the name of a repository",
            hint=f"names are those of .pypirc: {names}",
        )
    same = (one for one in known.values() if one.url.rstrip("/") == to.rstrip("/"))
    return next(same, Repository("", to))


def _pypirc(session: "Session") -> Path | None:
    home = session.environ.get("HOME") or session.environ.get("USERPROFILE")
    return Path(home) / ".pypirc" if home else None


def _login(session: "Session", token: str, username: str, password: str) -> "Login | None":
    from rewheel.publishing.destination import Login

    environ = session.environ
    if token and (username or password):
        raise UsageError("--token stands for user and password; give either")
    if token:
        return Login(_TOKEN_USER, token)
    if username or password:
        password = password or environ.get("TWINE_PASSWORD", "")
        if not password:
            raise UsageError(
                f"--username {username!r} needs a password", hint="give it with --password or TWINE_PASSWORD"
            )
        return Login(username or _TOKEN_USER, password)
    if environ.get("REWHEEL_TOKEN"):
        return Login(_TOKEN_USER, environ["REWHEEL_TOKEN"])
    if environ.get("TWINE_PASSWORD"):
        return Login(environ.get("TWINE_USERNAME", "") or _TOKEN_USER, environ["TWINE_PASSWORD"])
    return None


def _login_of(repository: "Repository") -> "Login | None":
    from rewheel.publishing.destination import Login

    if not repository.password:
        return None
    return Login(repository.username or _TOKEN_USER, repository.password)
