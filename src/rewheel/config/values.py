"""What a value of each kind looks like.

A reader takes the text or the TOML value, the place that it is given at, and the folder that relative paths
start from; it returns the value or raises `ConfigError`.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rewheel.config.errors import ConfigError
from rewheel.config.urls import redact_url

__all__ = [
    "KEYRING_PROVIDERS",
    "LINK_MODES",
    "Reader",
    "many",
    "read_bool",
    "read_count",
    "read_keyring_provider",
    "read_label_sets",
    "read_labels",
    "read_link_mode",
    "read_location",
    "read_path",
    "read_seconds",
    "read_table",
    "read_text",
    "read_url",
    "shown",
]

KEYRING_PROVIDERS = ("auto", "subprocess", "import", "disabled")
LINK_MODES = ("auto", "hardlink", "reflink", "copy", "symlink")

_TRUE = frozenset({"1", "true", "yes", "on", "y", "t"})
_FALSE = frozenset({"0", "false", "no", "off", "n", "f"})

Reader = Callable[[Any, str, Path], object]


def read_text(value: object, origin: str, base: Path) -> str:
    """Read text that is not empty; white space around it does not count."""
    del base
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(origin, f"expected text that is not empty, found {shown(value)}")
    return value.strip()


def read_bool(value: object, origin: str, base: Path) -> bool:
    """Read a TOML boolean, or one of the words that pip, too, takes for one."""
    del base
    if isinstance(value, bool):
        return value
    lowered = value.strip().lower() if isinstance(value, str) else ""
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ConfigError(origin, f"expected true or false, found {shown(value)}")


def read_url(value: object, origin: str, base: Path) -> str:
    """Read the URL of an index; the path of a folder becomes its `file:` URL."""
    text = read_text(value, origin, base)
    scheme, separator, rest = text.partition("://")
    if separator:
        if scheme.lower() not in {"http", "https", "file"} or not rest:
            raise ConfigError(
                origin, f"expected a URL of http, https or file, found {shown(redact_url(text))}"
            )
        return text
    folder = base / text
    if not folder.is_dir():
        raise ConfigError(origin, f"expected a URL or a folder, found {shown(text)}")
    return folder.resolve().as_uri()


def read_location(value: object, origin: str, base: Path) -> str:
    """Read a URL, or a path, which becomes absolute."""
    text = read_text(value, origin, base)
    return text if "://" in text else str(read_path(text, origin, base))


def read_path(value: object, origin: str, base: Path) -> Path:
    """Read a path, which becomes absolute; `~` is the home of the user."""
    text = read_text(value, origin, base)
    if "\0" in text:
        raise ConfigError(origin, f"expected a path, found {shown(text)}")
    try:
        return Path(os.path.normpath(base / Path(text).expanduser()))
    except RuntimeError as error:  # the home of somebody whom nobody knows
        raise ConfigError(origin, f"expected a path, found {shown(text)}: {error}") from error


def read_seconds(value: object, origin: str, base: Path) -> float:
    """Read a duration above zero, in seconds."""
    del base
    try:
        seconds = float(value) if isinstance(value, str | int | float) and value is not True else 0.0
    except (ValueError, OverflowError):
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise ConfigError(origin, f"expected a number of seconds above zero, found {shown(value)}")
    return seconds


def read_count(value: object, origin: str, base: Path) -> int:
    """Read a whole number, zero or more."""
    del base
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not text.strip().isdecimal() or len(text) > 6:
        raise ConfigError(origin, f"expected a whole number, zero or more, found {shown(value)}")
    return int(text)


def read_table(value: object, origin: str, base: Path) -> Mapping[str, object]:
    """Read a table whose meaning is known elsewhere; its relative paths start from the folder of its file."""
    del origin
    table: Mapping[str, object] = value if isinstance(value, dict) else {}
    path = table.get("data")
    return {**table, "data": str(base / Path(path).expanduser())} if isinstance(path, str) and path else table


def read_link_mode(value: object, origin: str, base: Path) -> str:
    """Read how the environment is filled from the store."""
    return _one_of(LINK_MODES, value, origin, base)


def read_keyring_provider(value: object, origin: str, base: Path) -> str:
    """Read how the keyring is asked."""
    return _one_of(KEYRING_PROVIDERS, value, origin, base)


def _one_of(known: tuple[str, ...], value: object, origin: str, base: Path) -> str:
    text = read_text(value, origin, base)
    if text not in known:
        raise ConfigError(origin, f"expected one of {', '.join(known)}, found {shown(text)}")
    return text


def many(reader: Reader) -> Reader:
    """Read a list, or text whose parts are separated by white space."""

    def read(value: object, origin: str, base: Path) -> tuple[object, ...]:
        if isinstance(value, str):
            value = value.split()
        if not isinstance(value, list | tuple):
            raise ConfigError(origin, f"expected a list of text, found {shown(value)}")
        return tuple(reader(item, origin, base) for item in value)

    return read


def read_labels(value: object, origin: str, base: Path) -> dict[str, str]:
    """Read `PKG=LABEL` words or a TOML table of label by package."""
    found: dict[str, str] = {}
    for package, label in _pairs(value, origin):
        if package in found:
            raise ConfigError(origin, f"two labels for {package}: {found[package]!r} and {label!r}")
        # The empty label stands for the plain wheel.
        found[package] = "" if label == "" else read_text(label, f"{origin}.{package}", base)
    return found


def read_label_sets(value: object, origin: str, base: Path) -> dict[str, frozenset[str]]:
    """Read `PKG=LABEL` words or a TOML table of labels by package."""
    found: dict[str, frozenset[str]] = {}
    for package, labels in _pairs(value, origin):
        listed = [labels] if isinstance(labels, str) else labels
        if not isinstance(listed, list):
            raise ConfigError(f"{origin}.{package}", f"expected a list of labels, found {shown(labels)}")
        read = {read_text(label, f"{origin}.{package}", base) for label in listed}
        found[package] = found.get(package, frozenset()) | read
    return found


def _pairs(value: object, origin: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    pairs: list[tuple[str, Any]] = []
    words = value.split() if isinstance(value, str) else value
    for word in words if isinstance(words, list | tuple) else [words]:
        package, separator, label = word.partition("=") if isinstance(word, str) else ("", "", "")
        if not separator or not package:
            raise ConfigError(origin, f"expected PACKAGE=LABEL, found {shown(word)}")
        pairs.append((package, label))
    return pairs


def shown(value: object) -> str:
    """Return the value as an error message quotes it, cut to a readable length."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
