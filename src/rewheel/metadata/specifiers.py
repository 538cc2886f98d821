"""The text of version specifiers: checked and tidied without loading a version parser (PEP 440)."""

import re

__all__ = ["tidy_specifier"]

_RELEASE = r"v?(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)"
_SUFFIX = (
    r"(?:[-_.]?(?:alpha|a|beta|b|preview|pre|c|rc)[-_.]?[0-9]*)?"  # pre-release
    r"(?:-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?"  # post-release
    r"(?:[-_.]?dev[-_.]?[0-9]*)?"  # development release
)
_LOCAL = r"(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?"
_CLAUSE = re.compile(
    rf"(?P<operator>===)\s*(?P<arbitrary>[^\s;)]*)"
    rf"|(?P<equality>==|!=)\s*(?P<exact>{_RELEASE}*(?:\.\*|{_SUFFIX}{_LOCAL}))"
    rf"|(?P<compatible>~=)\s*(?P<at_least>{_RELEASE}+{_SUFFIX})"
    rf"|(?P<order><=|>=|<|>)\s*(?P<bound>{_RELEASE}*{_SUFFIX})",
    re.IGNORECASE | re.ASCII,
)
_ABSURD = re.compile(r"[0-9]{1000}")  # Python refuses to read numbers of some more digits


def tidy_specifier(text: str) -> str:
    """Return comma-separated clauses such as `>=1,<2` without spaces; raises `ValueError` with a fragment.

    A comma after the last clause is tolerated, as everywhere.
    """
    clauses = [clause.strip() for clause in text.split(",")]
    if not clauses[-1]:
        clauses.pop()
    tidy = []
    for clause in clauses:
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise ValueError(_problem(clause))
        if _ABSURD.search(clause):
            raise ValueError(f"{clause[:60]!a}… has a number that no version has")
        tidy.append("".join(part for part in match.groups() if part))
    return ",".join(tidy)


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
