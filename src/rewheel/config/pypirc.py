"""`.pypirc`: the repositories that other tools upload to, by name, with their logins."""

import configparser
from collections.abc import Mapping
from pathlib import Path

from rewheel.config.errors import ConfigError
from rewheel.values import field, frozen

__all__ = ["Repository", "read_pypirc"]

_LIMIT = 1 << 20
_KNOWN = {
    "pypi": "https://upload.pypi.org/legacy/",
    "testpypi": "https://test.pypi.org/legacy/",
}
"""Repositories that have a name without being listed."""


@frozen
class Repository:
    """A place to upload to."""

    name: str
    url: str
    username: str = ""
    password: str = field(default="", repr=False)


def read_pypirc(path: Path | None) -> Mapping[str, Repository]:
    """Read the repositories of a `.pypirc`, by name; those that everybody knows are always there.

    Raises ConfigError, which never repeats what the file says, when it cannot be understood.
    """
    found = {name: Repository(name, url) for name, url in _KNOWN.items()}
    if path is None:
        return found
    try:
        with path.open("rb") as file:
            text = file.read(_LIMIT).decode("utf-8")
    except FileNotFoundError:
        return found
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(str(path), f"cannot be read: {reason}") from error
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        raise ConfigError(
            str(path),
            "is not a configuration file",
            hint="it has sections such as [pypi] with repository, username and password",
        ) from None  # the parser's message shows lines of the file, and so perhaps a password
    for name in parser.sections():
        if name == "distutils":
            continue
        known = found.get(name)
        url = parser.get(name, "repository", fallback=known.url if known is not None else "")
        if url:
            username = parser.get(name, "username", fallback="")
            found[name] = Repository(name, url, username, parser.get(name, "password", fallback=""))
    return found
