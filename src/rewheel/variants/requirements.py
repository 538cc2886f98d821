"""A light check that a text is a dependency specifier (PEP 508), without loading a parser for it."""

import re

__all__ = ["is_requirement"]

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_EXTRAS = rf"\[\s*(?:{_NAME}(?:\s*,\s*{_NAME})*)?\s*\]"
_CLAUSE = r"(?:~=|===|==|!=|<=|>=|<|>)\s*[^\s,;()<>=!~][^\s,;()<>=~]*"
_CLAUSES = rf"{_CLAUSE}(?:\s*,\s*{_CLAUSE})*\s*,?"
_REQUIREMENT = re.compile(
    rf"\s*{_NAME}\s*(?:{_EXTRAS})?\s*"
    rf"(?:@\s*\S+(?:\s+;(?P<after_url>.+))?|(?:\(\s*(?:{_CLAUSES})?\s*\)|{_CLAUSES})?\s*(?:;(?P<marker>.+))?)\s*",
)


def is_requirement(text: str) -> bool:
    """Tell whether a text has the form of a dependency specifier, with a marker that can be evaluated."""
    # Single spaces keep the expression linear on hostile input.
    match = _REQUIREMENT.fullmatch(" ".join(text.split()))
    if match is None:
        return False
    marker = match["marker"] or match["after_url"]
    if marker is None:
        return True
    from rewheel.variants.errors import InvalidMarker
    from rewheel.variants.markers import Marker

    try:
        return not Marker.parse(marker).uses_variants
    except InvalidMarker:
        return False
