"""Dependency specifiers: a name, extras, versions or a URL, and a marker (PEP 508)."""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from rewheel.metadata.errors import InvalidRequirement
from rewheel.metadata.specifiers import tidy_specifier
from rewheel.values import field, frozen
from rewheel.variants import PLAIN, InvalidMarker, Marker, VariantEnvironment, normalize_project

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

__all__ = ["Requirement"]

_LONGEST = 1 << 14  # characters; real ones have a few hundred
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?(?!\w)"
_HEAD = re.compile(rf"({_NAME})[ \t]*(?:\[([^\]]*)\][ \t]*)?")
_EXTRAS = rf"[ \t]*(?:{_NAME}(?:[ \t]*,[ \t]*{_NAME})*[ \t]*)?"
_URL = r"@[ \t]*([^ \t]+)(?:[ \t]+|\Z)"


@frozen
class Requirement:
    """One dependency; equal requirements may spell the name differently.

    `extras` are normalised (PEP 685). `specifier` is the text of the version clauses without spaces and
    `url` a direct reference; at most one of them is not empty. `default_extras_off` is set by empty
    brackets, `name[]` (PEP 771).
    """

    name: str = field(compare=False)
    project: str
    extras: frozenset[str] = frozenset()
    specifier: str = ""
    url: str = ""
    marker: Marker | None = None
    default_extras_off: bool = False

    @classmethod
    def parse(cls, text: str) -> "Requirement":
        """Parse a dependency specifier; the same text gives the same object. Raises `InvalidRequirement`."""
        return _parse(text)

    @property
    def specifier_set(self) -> "SpecifierSet":
        """The version clauses as `packaging` compares them; empty for a direct reference."""
        return _specifier_set(self.specifier)

    def applies(
        self,
        environment: Mapping[str, str],
        variant: VariantEnvironment = PLAIN,
        extras: Collection[str] = (),
    ) -> bool:
        """Tell whether the marker holds; arguments and errors are those of `Marker.evaluate`."""
        return self.marker is None or self.marker.evaluate(environment, variant, extras)

    def __str__(self) -> str:
        brackets = f"[{','.join(sorted(self.extras))}]" if self.extras or self.default_extras_off else ""
        target = f" @ {self.url}" if self.url else self.specifier
        space = " " if self.url else ""
        marker = f"{space}; {self.marker}" if self.marker is not None else ""
        return f"{self.name}{brackets}{target}{marker}"


@lru_cache(maxsize=1 << 13)
def _parse(text: str) -> Requirement:
    if len(text) > _LONGEST:
        raise InvalidRequirement(text, f"it has {len(text)} characters")
    tidy = text.strip()
    head = _HEAD.match(tidy)
    if head is None:
        raise InvalidRequirement(text, "it does not start with a project name" if tidy else "it is empty")
    name, brackets = head.groups()
    rest = tidy[head.end() :]
    if rest.startswith("["):
        raise InvalidRequirement(text, "the bracket of its extras is not closed")
    if rest.startswith("@"):
        specifier, (url, marker) = "", _url_and_marker(text, rest)
    else:
        url, (specifier, marker) = "", _specifier_and_marker(text, rest)
    extras = frozenset() if not brackets else _extras(text, brackets)
    return Requirement(
        name=name,
        project=normalize_project(name),
        extras=extras,
        specifier=specifier,
        url=url,
        marker=marker,
        default_extras_off=brackets is not None and not extras,
    )


def _extras(text: str, brackets: str) -> frozenset[str]:
    if not re.fullmatch(_EXTRAS, brackets):
        raise InvalidRequirement(text, f"[{ascii(brackets[:60])[1:-1]}] is not a list of extras")
    return frozenset(normalize_project(extra.strip()) for extra in brackets.split(",") if extra.strip())


def _url_and_marker(text: str, rest: str) -> tuple[str, Marker | None]:
    match = re.match(_URL, rest)
    if match is None:
        raise InvalidRequirement(text, "there is no URL after '@'")
    following = rest[match.end() :]
    if following and not following.startswith(";"):
        raise InvalidRequirement(text, "after the URL only a space and ';' with a marker may follow")
    return match[1], _marker(text, following[1:]) if following else None


def _specifier_and_marker(text: str, rest: str) -> tuple[str, Marker | None]:
    clauses, separator, marker = rest.partition(";")
    clauses = clauses.strip()
    if clauses.startswith("("):
        if not clauses.endswith(")"):
            raise InvalidRequirement(text, "the parenthesis of its versions is not closed")
        clauses = clauses[1:-1].strip()
    try:
        specifier = tidy_specifier(clauses) if clauses else ""
    except ValueError as error:
        raise InvalidRequirement(text, str(error)) from error
    return specifier, _marker(text, marker) if separator else None


def _marker(text: str, marker: str) -> Marker:
    try:
        return Marker.parse(marker.strip())
    except InvalidMarker as error:
        raise InvalidRequirement(text, error.message) from error


@lru_cache(maxsize=1 << 12)
def _specifier_set(specifier: str) -> "SpecifierSet":
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(specifier)
