"""What pip's own configuration says about indexes and connections, at all of pip's levels."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from rewheel.errors import UsageError

__all__ = ["PipConfigError", "pip_files", "read_pip_options"]

_KEYS = {
    "index-url": "index-url",
    "pypi-url": "index-url",
    "extra-index-url": "extra-index-url",
    "find-links": "find-links",
    "no-index": "no-index",
    "cert": "cert",
    "client-cert": "client-cert",
    "proxy": "proxy",
    "timeout": "timeout",
    "default-timeout": "timeout",
    "retries": "retries",
    "trusted-host": "trusted-host",
    "keyring-provider": "keyring-provider",
}
"""pip's names of the options, its aliases among them, and ours."""

_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_SYSTEM_FILE = Path("/etc/pip.conf")
_LARGEST_FILE = 1 << 20  # bytes


class PipConfigError(UsageError):
    """A configuration file of pip cannot be read; to go on without it could mean another index."""


def read_pip_options(environ: Mapping[str, str], *, prefix: Path | None = None) -> dict[str, tuple[str, str]]:
    """Return, by our own key, the text that pip would go by and the place where it is given.

    As in pip, the section `[install]` of any file outranks `[global]` of any other, variables outrank files,
    and an empty value says nothing. `prefix` is the environment whose own file counts, if any.
    """
    sections: dict[str, dict[str, tuple[str, str]]] = {"global": {}, "install": {}}
    for path in pip_files(environ, prefix):
        for section, name, text in _read_file(path):
            if section in sections and name in _KEYS:
                sections[section][_KEYS[name]] = (text, f"{path}: [{section}] {name}")
    found = sections["global"] | sections["install"]
    for variable, text in environ.items():
        if variable.startswith("PIP_"):
            key = _KEYS.get(variable.removeprefix("PIP_").lower().replace("_", "-"))
            if key and text.strip():
                found[key] = (text, variable)
    found = {key: value for key, value in found.items() if value[0].strip()}
    if "cert" not in found:  # pip's HTTP library takes these as it takes --cert
        for variable in _BUNDLE_VARIABLES:
            if environ.get(variable):
                found["cert"] = (environ[variable], variable)
                break
    return found


def pip_files(environ: Mapping[str, str], prefix: Path | None) -> Iterator[Path]:
    """Yield pip's configuration files, the weakest first."""
    named = environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return
    yield from _global_files(environ)
    if not (named and Path(named).exists()):
        yield from _user_files(environ)
    if prefix is not None:
        yield prefix / ("pip.ini" if sys.platform == "win32" else "pip.conf")
    if named:
        yield Path(named)


def _global_files(environ: Mapping[str, str]) -> Iterator[Path]:
    if sys.platform == "win32":
        yield Path(environ.get("PROGRAMDATA", r"C:\ProgramData")) / "pip" / "pip.ini"
    elif sys.platform == "darwin":
        yield Path("/Library/Application Support/pip/pip.conf")
    else:
        for folder in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":"):
            if folder:
                yield Path(folder) / "pip" / "pip.conf"
        yield _SYSTEM_FILE


def _user_files(environ: Mapping[str, str]) -> Iterator[Path]:
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    if sys.platform == "win32":
        yield home / "pip" / "pip.ini"
        yield Path(environ.get("APPDATA") or home / "AppData" / "Roaming") / "pip" / "pip.ini"
        return
    yield home / ".pip" / "pip.conf"
    mac = home / "Library" / "Application Support" / "pip"
    if sys.platform == "darwin" and mac.is_dir():
        yield mac / "pip.conf"
    else:
        yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"


def _read_file(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield section, option and text of one file; a file that is not there has nothing."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError):
        return  # pip, too, passes over files of others that it may not read
    except OSError as error:
        raise PipConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(data) > _LARGEST_FILE:
        raise PipConfigError(f"{path}: a configuration file of more than 1 MiB is refused")
    import configparser

    parser = configparser.RawConfigParser()
    try:
        parser.read_string(data.decode("utf-8-sig"))
    except (configparser.Error, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise PipConfigError(
            f"{path}: pip's configuration cannot be read: {reason}",
            hint="repair the file, or name an index yourself and set PIP_CONFIG_FILE=" + os.devnull,
        ) from error
    for section in parser.sections():
        for name, text in parser.items(section):
            yield section, name.lower().removeprefix("--").replace("_", "-"), text
