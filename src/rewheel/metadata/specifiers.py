"""The text of version specifiers: checked and tidied without loading a version parser (PEP 440)."""

import re
from functools import cache

__all__ = ["tidy_specifier"]

_RELEASE = r"v?(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)"
_SUFFIX = (
    r"(?:[-_.]?(?:alpha|a|beta|b|preview|pre|c|rc)[-_.]?[0-9]*)?"  # pre-release
    r"(?:-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?"  # post-release
    r"(?:[-_.]?dev[-_.]?[0-9]*)?"  # development release
)
_LOCAL = r"(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?"
_CLAUSE = (
    rf"(?P<operator>===)\s*(?P<arbitrary>[^\s;)]*)"
    rf"|(?P<equality>==|!=)\s*(?P<exact>{_RELEASE}*(?:\.\*|{_SUFFIX}{_LOCAL}))"
    rf"|(?P<compatible>~=)\s*(?P<at_least>{_RELEASE}+{_SUFFIX})"
    rf"|(?P<order><=|>=|<|>)\s*(?P<bound>{_RELEASE}*{_SUFFIX})"
)
_SHORT = 40
"""Characters of a clause that is looked at closely only if it is more than numbers."""
_PLAIN_OPERATORS = frozenset({">=", "<=", "==", "!=", "~=", "<", ">"})
_ABSURD = r"[0-9]{1000}"  # Python refuses to read numbers of some more digits


def tidy_specifier(text: str) -> str:
    """Return comma-separated clauses such as `>=1,<2` without spaces; raises `ValueError` with a fragment.

    A comma after the last clause is tolerated, as everywhere.
    """
    clauses = [clause.strip() for clause in text.split(",")]
    if not clauses[-1]:
        clauses.pop()
    tidy = []
    for clause in clauses:
        if plain := _plain(clause):
            tidy.append(plain)
            continue
        match = _grammar().fullmatch(clause)
        if match is None:
            raise ValueError(_problem(clause))
        if re.search(_ABSURD, clause):
            raise ValueError(f"{clause[:60]!a}… has a number that no version has")
        tidy.append("".join(part for part in match.groups() if part))
    return ",".join(tidy)


def _plain(clause: str) -> str:
    """Tidy a clause of just an operator and numbers with dots between them, as most are; empty for others."""
    bound = clause.lstrip("<>=!~")
    operator = clause[: len(clause) - len(bound)]
    bound = bound.strip()
    if operator not in _PLAIN_OPERATORS or not clause.isascii() or len(clause) > _SHORT:
        return ""
    numbers = bound.removesuffix(".*") if operator in {"==", "!="} else bound
    if operator == "~=" and "." not in numbers:
        return ""
    return operator + bound if all(map(str.isdecimal, numbers.split("."))) else ""


@cache
def _grammar() -> re.Pattern[str]:
    """Compile the grammar of clauses, which takes a while, and of many runs none needs it."""
    return re.compile(_CLAUSE, re.IGNORECASE | re.ASCII)


def _problem(clause: str) -> str:
    shown = ascii(clause[:60])
    if not clause:
        return "a version clause is missing before a comma"
    if clause[0] not in "=!~<>":
        return f"{shown} does not start with a comparison such as '>=' or '=='"
    if clause.endswith(".*"):
        return f"{shown}: '.*' goes with '==' and '!=' and a plain release number only"
    if "+" in clause:
        return f"{shown}: a local version such as '+cpu' goes with '==' and '!=' only"
    if clause.startswith("~=") and "." not in clause:
        return f"{shown}: '~=' needs at least two numbers, as in '~=1.0'"
    return f"{shown} is not a version clause"
