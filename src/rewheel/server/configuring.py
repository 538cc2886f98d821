"""What an operator says about a server outside of the command line.

That is `[server]` of a configuration file, and `REWHEEL_SERVER_…` variables, which are stronger.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewheel.config import ConfigError

if TYPE_CHECKING:
    from rewheel.server.attestations import Publisher
    from rewheel.server.settings import Upstream

__all__ = ["KEYS", "read_choices", "read_new_projects", "read_upstreams"]

_PREFIX = "REWHEEL_SERVER_"
_UNITS = {"": 1, "b": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SIZE = re.compile(r"([0-9]{1,15})\s*([A-Za-z]*)")
_LARGEST = 1 << 50
"""Bytes; more is a slip of the pen."""

Reader = Callable[[object], object]


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("expected text that is not empty")
    return value.strip()


def _path(value: object) -> Path:
    return Path(_text(value)).expanduser()


def _certificates(value: object) -> Path:
    path = _path(value)
    if not path.exists():
        raise ValueError("expected a file or folder of certificates that is there")
    return path


def _publishers(value: object) -> "tuple[Publisher, ...]":
    from rewheel.server.attestations.publishers import read_publishers

    return read_publishers(value)


def _size(value: object) -> int:
    """Read a number of bytes, written plainly or with a unit: `200 MiB`."""
    if isinstance(value, int) and not isinstance(value, bool):
        size = value
    else:
        match = _SIZE.fullmatch(_text(value))
        if match is None or match[2].lower() not in _UNITS:
            raise ValueError("expected a size such as 200 MiB")
        size = int(match[1]) * _UNITS[match[2].lower()]
    if not 0 < size <= _LARGEST:
        raise ValueError("expected a size above zero, and not an absurd one")
    return size


def _number(smallest: int, largest: int) -> Reader:
    def read(value: object) -> int:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if isinstance(text, str) and text.strip().isascii() and text.strip().isdecimal() and len(text) < 12:
            number = int(text)
            if smallest <= number <= largest:
                return number
        raise ValueError(f"expected a whole number from {smallest} to {largest}")

    return read


def _seconds(value: object) -> float:
    try:
        seconds = float(value) if isinstance(value, str | int | float) and value is not True else 0.0
    except (ValueError, OverflowError):
        seconds = 0.0
    if not 0 < seconds <= 86_400:
        raise ValueError("expected a number of seconds above zero")
    return seconds


def read_upstreams(value: object) -> "tuple[Upstream, ...]":
    """Read `NAME=URL` words, or tables with `name`, `url`, `only` and `deny`. Raises ValueError."""
    items = value.split() if isinstance(value, str) else value
    found = tuple(_upstream(item) for item in (items if isinstance(items, list) else [items]))
    if len({upstream.name for upstream in found}) != len(found):
        raise ValueError("two upstream indexes have one name")
    return found


def _upstream(item: object) -> "Upstream":
    from rewheel.indexes import parse_named_index
    from rewheel.server.settings import Upstream

    if isinstance(item, str):
        name, url = parse_named_index(item)
        upstream = Upstream(name, url)
    elif isinstance(item, dict) and {"name", "url"} <= set(item) <= {"name", "url", "only", "deny"}:
        patterns = {key: _names(item.get(key, [])) for key in ("only", "deny")}
        upstream = Upstream(_text(item["name"]), _text(item["url"]), **patterns)
    else:
        raise ValueError("expected a table with name and url, and perhaps only and deny")
    if not _NAME.fullmatch(upstream.name) or not upstream.url.startswith(("http://", "https://")):
        raise ValueError("expected a NAME of letters and digits, and an http or https URL")
    return upstream


def _names(value: object) -> tuple[str, ...]:
    """Read names and patterns of projects. Raises ValueError."""
    from rewheel.indexes import NamePattern

    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("expected a list of names or patterns of projects")
    for word in words:
        NamePattern.parse(word)
    return tuple(words)


def _hosts(value: object) -> tuple[str, ...]:
    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
        raise ValueError("expected a list of hosts, with or without ports")
    return tuple(words)


def _networks(value: object) -> tuple[str, ...]:
    from rewheel.server.forwarding import parse_networks

    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("expected a list of addresses and networks")
    parse_networks(words)
    return tuple(words)


def read_new_projects(value: object) -> tuple[str, ...]:
    """Read rules about new names: words, or a list of them. Raises ValueError."""
    from rewheel.server.new_names import read_rules

    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("expected a list of rules such as acme-*=admins")
    read_rules(tuple(words))
    return tuple(words)


def _log_format(value: object) -> str:
    if value not in {"json", "text"}:
        raise ValueError("expected json or text")
    return str(value)


def _switch(value: object) -> bool:
    known = {
        "true": True,
        "yes": True,
        "on": True,
        "1": True,
        "false": False,
        "no": False,
        "off": False,
        "0": False,
    }
    found = value if isinstance(value, bool) else known.get(str(value).strip().lower())
    if found is None:
        raise ValueError("expected true or false")
    return found


_READERS: Mapping[str, Reader] = {
    "host": _text,
    "port": _number(0, 65_535),
    "workers": _number(1, 256),
    "data": _path,
    "database": _text,
    "storage": _text,
    "title": _text,
    "public-url": _text,
    "trusted-proxies": _networks,
    "allow-insecure-external": _switch,
    "verify-external": _switch,
    "external-hosts": _hosts,
    "certificates": _certificates,
    "attestations-root": _path,
    "publishers": _publishers,
    "staged-legacy-uploads": _switch,
    "file-limit": _size,
    "hard-file-limit": _size,
    "project-quota": _size,
    "new-projects": read_new_projects,
    "upstreams": read_upstreams,
    "reserved": _names,
    "upstream-hosts": _hosts,
    "upstream-cache-limit": _size,
    "upstream-pages-limit": _size,
    "upstream-lifetime": _number(0, 30 * 86_400),
    "uploads": _number(1, 1_000),
    "log-format": _log_format,
    "access-log": _switch,
    "page-cache": _size,
    "page-lifetime": _number(0, 86_400),
    "threads": _number(1, 1_000),
    "backlog": _number(1, 65_535),
    "header-timeout": _seconds,
    "body-timeout": _seconds,
    "stop-timeout": _seconds,
}

KEYS = tuple(_READERS)
"""The names of what can be chosen, as a file has them."""


def read_choices(table: Mapping[str, object], place: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what was chosen, by field of `ServerSettings`; `place` says where the table stands.

    Raises ConfigError for what there is not, and for values that make no sense.
    """
    given = {key: (value, f"{place}: server.{key}") for key, value in table.items()}
    for variable, text in environ.items():
        if variable.startswith(_PREFIX) and text.strip():
            given[variable.removeprefix(_PREFIX).lower().replace("_", "-")] = (text, variable)
    chosen: dict[str, Any] = {}
    for key, (value, origin) in given.items():
        reader = _READERS.get(key)
        if reader is None:
            raise ConfigError(origin, "there is no such setting", hint=f"there are {', '.join(KEYS)}")
        try:
            chosen[key.replace("-", "_")] = reader(value)
        except ValueError as error:
            raise ConfigError(origin, f"{error}, found {str(value)[:80]!r}") from error
    return chosen
