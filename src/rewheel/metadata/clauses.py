"""Version clauses such as `>=1.2,<2`, held against versions (PEP 440), mostly without `packaging.specifiers`.

What is left to `packaging` are `===` and versions with a local part; it is loaded for nothing else. A
property test holds all answers to those of `packaging`.
"""

from functools import lru_cache
from operator import eq, ge, le, ne
from typing import TYPE_CHECKING, NamedTuple

from packaging.version import InvalidVersion, Version

from rewheel.metadata.specifiers import tidy_specifier

if TYPE_CHECKING:
    from packaging.specifiers import Specifier

__all__ = ["Clauses"]

_COMPARISONS = {">=": ge, "<=": le, "==": eq, "!=": ne}


class Clauses:
    """What a specifier says: all of its clauses have to hold. Pre-releases are versions like any other."""

    __slots__ = ("_clauses",)

    def __init__(self, clauses: "tuple[_Clause, ...]") -> None:
        self._clauses = clauses

    @classmethod
    def parse(cls, text: str) -> "Clauses":
        """Read a specifier; the same text gives the same object. Raises ValueError."""
        return _parse(text)

    def contain(self, version: Version) -> bool:
        """Tell whether a version satisfies them."""
        return all(_holds(clause, version) for clause in self._clauses)

    @property
    def name_pre_release(self) -> bool:
        """Whether one of them compares with a pre-release, other than to rule it out."""
        return any(
            clause.operator != "!=" and clause.bound is not None and clause.bound.is_prerelease
            for clause in self._clauses
        )

    @property
    def pin(self) -> bool:
        """Whether one of them names a single version."""
        return any(c.operator == "===" or (c.operator == "==" and not c.is_prefix) for c in self._clauses)


class _Clause(NamedTuple):
    operator: str
    text: str
    """What the operator compares with."""
    bound: Version | None
    """The same, without `.*`; None if that is no version, as it may be after `===`."""
    is_prefix: bool


@lru_cache(maxsize=1 << 12)
def _parse(text: str) -> Clauses:
    return Clauses(tuple(_clause(clause) for clause in tidy_specifier(text).split(",") if clause))


def _clause(text: str) -> _Clause:
    bound = text.lstrip("=!~<>")
    operator = text[: len(text) - len(bound)]
    is_prefix = operator in {"==", "!="} and bound.endswith(".*")
    try:
        version = Version(bound.removesuffix(".*") if is_prefix else bound)
    except InvalidVersion:
        version = None
    return _Clause(operator, bound, version, is_prefix)


def _holds(clause: _Clause, version: Version) -> bool:
    operator, _, bound, is_prefix = clause
    if bound is None or operator == "===" or version.local is not None:
        return _holds_for_packaging(clause, version)
    if is_prefix:
        return _begins_like(version, bound, len(bound.release)) is (operator == "==")
    if operator == "~=":
        return version >= bound and _begins_like(version, bound, len(bound.release) - 1)
    if operator in _COMPARISONS:
        return bool(_COMPARISONS[operator](version, bound))
    if operator == "<":  # before 2.0 are not the pre-releases of 2.0 itself, unless it is one
        is_own = version.is_prerelease and not bound.is_prerelease and _is_of(version, bound)
        return version < bound and not is_own
    is_own = version.is_postrelease and not bound.is_postrelease and _is_of(version, bound)
    return version > bound and not is_own


def _is_of(version: Version, bound: Version) -> bool:
    """Tell whether two versions are of the same release: 2.0rc1 and 2.0.post1 are both of 2.0."""
    return _begins_like(version, bound, max(len(version.release), len(bound.release)))


def _begins_like(version: Version, bound: Version, count: int) -> bool:
    """Tell whether the first numbers of two releases are the same; the missing ones are zeros."""
    ours, theirs = version.release[:count], bound.release[:count]
    if len(ours) < count:
        ours += (0,) * (count - len(ours))
    if len(theirs) < count:
        theirs += (0,) * (count - len(theirs))
    return version.epoch == bound.epoch and ours == theirs


def _holds_for_packaging(clause: _Clause, version: Version) -> bool:
    return _specifier(clause.operator + clause.text).contains(version, prereleases=True)


@lru_cache(maxsize=1 << 10)
def _specifier(text: str) -> "Specifier":
    from packaging.specifiers import Specifier

    return Specifier(text)
