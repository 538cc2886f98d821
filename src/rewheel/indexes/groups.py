"""Which files of a page are of one version, told from their names alone."""

import re
from collections.abc import Sequence
from functools import lru_cache

from rewheel.metadata.version_keys import key_of
from rewheel.rows import NamedTuple
from rewheel.variants import IndexFilename, InvalidFilename, WheelFilename, normalize_project

__all__ = ["Group", "group_names", "tail_of"]

_SDIST_EXTENSIONS = (".tar.gz", ".zip")
_PLAIN_DASHES = 4
"""In the name of a wheel that has neither build tag nor label."""
_LONGEST = 4096
_VISIBLE = re.compile(r"[0-9A-Za-z.!+_]+\Z")
"""What the letters of a version (PEP 440) are, which leaves no room for those that a name must not have."""


class Group(NamedTuple):
    """The files of one version, by their places on the page, each kind in the order of the page."""

    version: str
    """As the first of the names writes it; a valid one (PEP 440)."""
    wheels: Sequence[int]
    sdists: Sequence[int]
    index_files: Sequence[int]
    may_have_labels: bool
    """Whether the names of its wheels have more parts than that of a plain wheel without a build tag."""

    @property
    def distributions(self) -> Sequence[int]:
        """The files that could be installed."""
        return [*self.wheels, *self.sdists]


def group_names(names: Sequence[str], project: str) -> Sequence[Group]:
    """Sort names by version; what belongs to another project or is not valid is in no group.

    The variants index file belongs to the release whose version is equal to its own, not only written alike
    (PEP 825, index file name).
    """
    found: dict[str, tuple[str, list[int], list[int], list[int]]] = {}
    by_text: dict[str, tuple[str, list[int], list[int], list[int]] | None] = {}
    owned: dict[str, bool] = {}
    for number, name in enumerate(names):
        kind, text = 2, ""
        if name.endswith(".whl"):
            kind, text = 1, _wheel_version(name, project, owned)
        elif name.endswith("-variants.json"):
            kind, text = 3, _index_file_version(name, project)
        else:
            text = _sdist_version(name, project, owned)
        if not text:
            continue
        if text in by_text:
            group = by_text[text]
        else:
            key = key_of(text)
            group = found.setdefault(key, (text, [], [], [])) if key is not None else None
            by_text[text] = group
        if group is not None:
            group[kind].append(number)  # type: ignore[union-attr]  # the first is the text, the others lists
    return [
        Group(text, wheels, sdists, index_files, any(names[n].count("-") > _PLAIN_DASHES for n in wheels))
        for text, wheels, sdists, index_files in found.values()
        if wheels or sdists
    ]


def tail_of(name: str) -> str:
    """Return what follows the version in the name of a wheel: thousands of them share a few."""
    return name.split("-", 2)[2]


def _wheel_version(name: str, project: str, owned: dict[str, bool]) -> str:
    """Return the version in a wheel's name; empty if the name is not valid or that of another project.

    A name is valid if its end would be so after any other beginning, which saves looking at each of them.
    """
    distribution, _, rest = name.partition("-")
    version, _, tail = rest.partition("-")
    if distribution not in owned:
        owned[distribution] = bool(distribution) and normalize_project(distribution) == project
    if not owned[distribution] or not version or len(name) > _LONGEST or not _VISIBLE.match(version):
        return ""
    return version if _is_end(tail) else ""


@lru_cache(maxsize=65536)
def _is_end(tail: str) -> bool:
    try:
        WheelFilename.parse(f"a-1-{tail}")
    except InvalidFilename:
        return False
    return True


def _index_file_version(name: str, project: str) -> str:
    try:
        parsed = IndexFilename.parse(name)
    except InvalidFilename:
        return ""
    return parsed.version if parsed.project == project else ""


def _sdist_version(name: str, project: str, owned: dict[str, bool]) -> str:
    for extension in _SDIST_EXTENSIONS:
        if name.endswith(extension):
            stem, _, version = name.removesuffix(extension).rpartition("-")
            if stem not in owned:
                owned[stem] = bool(stem) and normalize_project(stem) == project
            return version if owned[stem] else ""
    return ""
