"""What is said of single indexes: their names, groups of mirrors, pins of projects, and the strategy."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from rewheel.config.errors import ConfigError
from rewheel.config.urls import redact_url
from rewheel.config.values import read_text, read_url, shown
from rewheel.rows import NamedTuple

__all__ = [
    "INDEX_GUARDS",
    "INDEX_STRATEGIES",
    "IndexGroup",
    "NamedIndex",
    "check_names",
    "read_groups",
    "read_guard",
    "read_indexes",
    "read_pins",
    "read_strategy",
    "with_login",
]

INDEX_STRATEGIES = ("index-priority", "first-index", "version-priority")
INDEX_GUARDS = ("off", "warn", "refuse")

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_PROJECTS = r"[A-Za-z0-9*]([A-Za-z0-9*._-]*[A-Za-z0-9*])?"


class NamedIndex(NamedTuple):
    """An index under the name that the user gave to it."""

    name: str
    url: str
    group: str = ""
    """The group of mirrors that it belongs to; empty if it stands alone."""
    deny: tuple[str, ...] = ()
    """Names and patterns of the projects that it is not asked for."""

    def __repr__(self) -> str:
        more = f", group={self.group!r}, deny={self.deny!r}" if self.group or self.deny else ""
        return f"NamedIndex(name={self.name!r}, url={redact_url(self.url)!r}{more})"


class IndexGroup(NamedTuple):
    """What holds between the indexes of one group."""

    name: str
    strategy: str = "version-priority"


def read_indexes(value: object, origin: str, base: Path) -> tuple[NamedIndex, ...]:
    """Read `NAME=URL` words or TOML's `[[index]]` tables."""
    items = value.split() if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise ConfigError(origin, f"expected tables with name and url, found {shown(value)}")
    indexes: list[NamedIndex] = []
    for item in items:
        if isinstance(item, str):
            name, separator, url = item.partition("=")
            if not separator or not name or "://" in name:
                raise ConfigError(origin, f"expected NAME=URL, found {shown(redact_url(item))}")
            found = NamedIndex(_name(name, origin, base), read_url(url, f"{origin}.url", base))
        else:
            table = _table(item, origin, needed=("name", "url"), more=("group", "deny"))
            found = NamedIndex(
                _name(table["name"], f"{origin}.name", base),
                read_url(table["url"], f"{origin}.url", base),
                _name(table["group"], f"{origin}.group", base) if "group" in table else "",
                _patterns(table.get("deny", []), f"{origin}.deny"),
            )
        if any(found.name == index.name for index in indexes):
            raise ConfigError(origin, f"two indexes have the name {shown(found.name)}")
        for index in indexes:
            if found.url.rstrip("/") == index.url.rstrip("/"):
                raise ConfigError(origin, f"{shown(index.name)} and {shown(found.name)} have the same URL")
        indexes.append(found)
    for name in {index.name for index in indexes} & {index.group for index in indexes}:
        raise ConfigError(origin, f"{shown(name)} is the name of both an index and a group")
    return tuple(indexes)


def read_groups(value: object, origin: str, base: Path) -> tuple[IndexGroup, ...]:
    """Read TOML's `[[group]]` tables."""
    if not isinstance(value, list):
        raise ConfigError(origin, f"expected tables with name and strategy, found {shown(value)}")
    groups: list[IndexGroup] = []
    for item in value:
        table = _table(item, origin, needed=("name",), more=("strategy",))
        name = _name(table["name"], f"{origin}.name", base)
        if any(name == group.name for group in groups):
            raise ConfigError(origin, f"two groups have the name {shown(name)}")
        strategy = table.get("strategy", "version-priority")
        groups.append(IndexGroup(name, read_strategy(strategy, f"{origin}.strategy", base)))
    return tuple(groups)


def read_pins(value: object, origin: str, base: Path) -> dict[str, str]:
    """Read `PROJECT=NAME` words or a TOML table of index or group by project or pattern."""
    if isinstance(value, Mapping):
        pairs = list(value.items())
    else:
        pairs = []
        for word in value.split() if isinstance(value, str) else value if isinstance(value, tuple) else ():
            project, separator, name = word.partition("=")
            if not separator:
                raise ConfigError(origin, f"expected PROJECT=NAME, found {shown(word)}")
            pairs.append((project, name))
    pins: dict[str, str] = {}
    spellings: dict[str, str] = {}
    for project, name in pairs:
        (pattern,) = _patterns([project], origin)
        known = spellings.setdefault(re.sub(r"[-_.]+", "-", pattern).lower(), pattern)
        if known in pins:
            raise ConfigError(origin, f"{pattern} is pinned twice")
        pins[pattern] = _name(name, f"{origin}.{pattern}", base)
    return pins


def read_strategy(value: object, origin: str, base: Path) -> str:
    """Read how a project that several indexes offer is looked for."""
    return _one_of(INDEX_STRATEGIES, value, origin, base)


def read_guard(value: object, origin: str, base: Path) -> str:
    """Read what to do about a name that several indexes offer without vouching for one another."""
    return _one_of(INDEX_GUARDS, value, origin, base)


def with_login(index: NamedIndex, environ: Mapping[str, str]) -> NamedIndex:
    """Return the index with the login that variables give to its name, unless its URL has a password.

    The variables are `REWHEEL_INDEX_NAME_USERNAME` and `REWHEEL_INDEX_NAME_PASSWORD`, with the name in
    capitals and `_` for whatever is neither a letter nor a digit.
    """
    prefix = f"REWHEEL_INDEX_{re.sub('[^A-Z0-9]', '_', index.name.upper())}_"
    user, password = environ.get(f"{prefix}USERNAME", ""), environ.get(f"{prefix}PASSWORD", "")
    scheme, separator, rest = index.url.partition("://")
    if not (user or password) or scheme.lower() not in {"http", "https"}:
        return index
    from urllib.parse import quote

    end = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    given, _, host = rest[:end].rpartition("@")
    given_user, has_password, _ = given.partition(":")
    wanted = quote(user, safe="")
    if has_password or (given_user and wanted and given_user != wanted):
        return index
    login = f"{given_user or wanted}:{quote(password, safe='')}"
    return index._replace(url=f"{scheme}{separator}{login}@{host}{rest[end:]}")


def check_names(
    indexes: Sequence[NamedIndex],
    groups: Sequence[IndexGroup],
    pins: Mapping[str, str],
    origins: Mapping[str, str],
) -> None:
    """Refuse pins to what no index or group is called, and groups that their own file gives no member."""
    known = {index.name for index in indexes} | {index.group for index in indexes if index.group}
    for project, name in pins.items():
        if name not in known:
            raise ConfigError(
                _place(origins["index_pins"], "index-pin"),
                f"{project} is pinned to {shown(name)}, but no index or group has that name",
                hint=f"the names are {', '.join(sorted(known))}" if known else "name an index with --index",
            )
    if origins.get("index_groups") != origins.get("indexes"):
        return  # another level speaks of the indexes, and need not know of the groups
    for group in groups:
        if group.name not in {index.group for index in indexes}:
            raise ConfigError(
                _place(origins["index_groups"], "group"),
                f"no index belongs to the group {shown(group.name)}",
                hint=f"say group = {shown(group.name)} in the tables of its indexes",
            )


def _place(origin: str, key: str) -> str:
    return origin if origin.startswith(("-", "REWHEEL_")) else f"{origin}: {key}"


def _table(item: object, origin: str, *, needed: Sequence[str], more: Sequence[str]) -> Mapping[str, object]:
    if not isinstance(item, dict):
        raise ConfigError(origin, f"expected a table with {' and '.join(needed)}, found {shown(item)}")
    if not set(needed) <= set(item) <= {*needed, *more}:
        found = ", ".join(sorted(item)) or "nothing"
        raise ConfigError(
            origin, f"expected {' and '.join(needed)}, and if need be {' and '.join(more)}, found {found}"
        )
    return item


def _name(value: object, origin: str, base: Path) -> str:
    text = read_text(value, origin, base)
    if not re.fullmatch(_NAME, text):
        raise ConfigError(
            origin, f"expected a name of letters, digits, '.', '_' and '-', found {shown(text)}"
        )
    return text


def _patterns(value: object, origin: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ConfigError(origin, f"expected a list of projects, found {shown(value)}")
    for item in value:
        if not isinstance(item, str) or not re.fullmatch(_PROJECTS, item):
            raise ConfigError(
                origin, f"expected the name of a project or a pattern such as acme-*, found {shown(item)}"
            )
    return tuple(value)


def _one_of(known: Sequence[str], value: object, origin: str, base: Path) -> str:
    text = read_text(value, origin, base)
    if text not in known:
        raise ConfigError(origin, f"expected one of {', '.join(known)}, found {shown(text)}")
    return text
