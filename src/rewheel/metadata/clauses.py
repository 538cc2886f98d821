"""Version clauses such as `>=1.2,<2`, held against versions (PEP 440), mostly without `packaging`.

Nearly every clause holds for all versions from one to another, or for all others; so it is decided for any
number of versions, once they are sorted, by finding the two places where they begin and end. What is left to
`packaging` are `===`, comparisons with a local version, and the few clauses that leave gaps. A property test
holds all answers to those of `packaging`.
"""

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from rewheel.metadata.specifiers import tidy_specifier
from rewheel.metadata.version_keys import Written, has_local, lowest_of, normalized, of_release, read
from rewheel.rows import NamedTuple

if TYPE_CHECKING:
    from packaging.specifiers import Specifier
    from packaging.version import Version

__all__ = ["Clauses"]

_HIGHEST = "\U0010ffff"


class Clauses:
    """What a specifier says: all of its clauses have to hold. Pre-releases are versions like any other."""

    __slots__ = ("_clauses", "name_pre_release", "pin")

    def __init__(self, clauses: "tuple[_Clause, ...]") -> None:
        self._clauses = clauses
        self.name_pre_release = any(c.operator != "!=" and c.is_early for c in clauses)
        """Whether one of them compares with a pre-release, other than to rule it out."""
        self.pin = any(c.operator == "===" or (c.operator == "==" and not c.is_prefix) for c in clauses)
        """Whether one of them names a single version."""

    @classmethod
    def parse(cls, text: str) -> "Clauses":
        """Read a specifier; the same text gives the same object. Raises ValueError."""
        return _parse(text)

    def contain(self, version: "Version | str") -> bool:
        """Tell whether a version satisfies them; a text must be a version."""
        text = str(version)
        written = read(text)
        key = written.key if written is not None else ""
        return all(_holds(clause, key, text) for clause in self._clauses)

    def among(self, keys: Sequence[str], versions: Sequence[str]) -> int:
        """Return the places of the versions that satisfy them, one bit for each.

        `versions` begin with the newest, their `keys` with that of the oldest.
        """
        count = len(keys)
        found = (1 << count) - 1
        for clause in self._clauses:
            if clause.span is None:
                holding = (_holds(clause, keys[~at], text) << at for at, text in enumerate(versions))
                found &= sum(holding)
                continue
            low, high = clause.span
            first, behind = bisect_left(keys, low), bisect_left(keys, high)
            inside = ((1 << (behind - first)) - 1) << (count - behind) if behind > first else 0
            found &= ~inside if clause.operator == "!=" else inside
        return found


class _Clause(NamedTuple):
    operator: str
    text: str
    """What the operator compares with."""
    is_prefix: bool
    is_early: bool
    """Whether that is a pre-release."""
    span: tuple[str, str] | None
    """The keys between which versions satisfy it, or for `!=` do not.

    The first is inside and the last outside. None if it takes more to tell.
    """


@lru_cache(maxsize=1 << 12)
def _parse(text: str) -> Clauses:
    return Clauses(tuple(_clause(clause) for clause in tidy_specifier(text).split(",") if clause))


def _clause(text: str) -> _Clause:
    bound = text.lstrip("=!~<>")
    operator = text[: len(text) - len(bound)]
    is_prefix = operator in {"==", "!="} and bound.endswith(".*")
    written = read(bound.removesuffix(".*") if is_prefix else bound)
    if written is None:
        return _Clause(operator, bound, is_prefix, is_early=False, span=None)
    return _Clause(
        operator, bound, is_prefix, written.is_early, _span(operator, written, is_prefix=is_prefix)
    )


def _span(operator: str, bound: Written, *, is_prefix: bool) -> tuple[str, str] | None:
    epoch, release, _, _ = bound
    key = bound.key
    if operator == "===" or has_local(key):
        return None
    if is_prefix:
        return lowest_of(epoch, release), lowest_of(epoch, _next(release))
    public = key[:-1]  # those with a local part come after it
    spans = {
        "==": (public, public + "#"),
        "!=": (public, public + "#"),
        ">=": (key, _HIGHEST),
        "<=": ("", public + "#"),
        "~=": (key, lowest_of(epoch, _next(release[:-1] or (0,)))),
    }
    if bound.is_final:  # before 2.0 are not its own pre-releases, and after it not its post-releases
        spans["<"] = ("", lowest_of(epoch, release))
        spans[">"] = (of_release(epoch, release) + "0", _HIGHEST)
    elif bound.is_early:
        spans["<"] = ("", key)
    return spans.get(operator)


def _next(release: Sequence[int]) -> tuple[int, ...]:
    """Return the first release that does not begin with these numbers."""
    return (*release[:-1], release[-1] + 1)


def _holds(clause: _Clause, key: str, text: str) -> bool:
    if clause.span is None or not key:
        return _specifier(clause.operator + clause.text).contains(normalized(text), prereleases=True)
    low, high = clause.span
    return (low <= key < high) is (clause.operator != "!=")


@lru_cache(maxsize=1 << 10)
def _specifier(text: str) -> "Specifier":
    from packaging.specifiers import Specifier

    return Specifier(text)
