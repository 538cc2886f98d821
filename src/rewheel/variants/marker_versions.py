"""Comparing versions in markers (PEP 440), fast for versions of numbers and dots."""

import re

__all__ = ["compare_versions"]

_NUMBERS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,9}")


def compare_versions(left: str, operator: str, right: str) -> bool | None:
    """Compare as a version specifier `operator right` would; None if these are not versions.

    `right` may end in `.*` after `==` and `!=`.
    """
    if operator in {"in", "not in"}:
        return None
    is_prefix = operator in {"==", "!="} and right.endswith(".*")
    bound = right[:-2] if is_prefix else right
    if operator == "===" or not (_NUMBERS.fullmatch(left) and _NUMBERS.fullmatch(bound)):
        return _compare_with_packaging(left, operator, right)
    ours, theirs = _release(left), _release(bound)
    if is_prefix:
        return _starts_with(ours, theirs) is (operator == "==")
    if operator == "~=":
        return None if len(theirs) == 1 else ours >= _trimmed(theirs) and _starts_with(ours, theirs[:-1])
    return _compare_releases(_trimmed(ours), operator, _trimmed(theirs))


def _compare_releases(ours: tuple[int, ...], operator: str, theirs: tuple[int, ...]) -> bool:
    match operator:
        case "==":
            return ours == theirs
        case "!=":
            return ours != theirs
        case "<":
            return ours < theirs
        case "<=":
            return ours <= theirs
        case ">":
            return ours > theirs
        case _:
            return ours >= theirs


def _release(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _trimmed(release: tuple[int, ...]) -> tuple[int, ...]:
    """Leave out trailing zeros: 3.0 is 3."""
    end = len(release)
    while end > 1 and release[end - 1] == 0:
        end -= 1
    return release[:end]


def _starts_with(release: tuple[int, ...], prefix: tuple[int, ...]) -> bool:
    padded = release + (0,) * (len(prefix) - len(release))
    return padded[: len(prefix)] == prefix


def _compare_with_packaging(left: str, operator: str, right: str) -> bool | None:
    from packaging.specifiers import InvalidSpecifier, Specifier

    try:
        return Specifier(operator + right).contains(left, prereleases=True)
    except InvalidSpecifier:
        return None
    except ValueError:  # numbers too long for Python; before packaging 26 also a `left` that is no version
        return False
