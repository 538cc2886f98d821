"""Which form of a page a client gets (PEP 691, version and format selection), and packed how."""

from enum import Enum
from functools import lru_cache
from urllib.parse import parse_qs

from rewheel.server.errors import Refused

__all__ = ["Encoding", "Form", "choose_encoding", "choose_form"]

_LONGEST = 4096
"""Characters of a header that are looked at."""


class Form(Enum):
    """A form of a page; the value is its media type."""

    JSON = "application/vnd.pypi.simple.v1+json"
    HTML = "application/vnd.pypi.simple.v1+html"
    LEGACY = "text/html; charset=utf-8"

    @property
    def is_json(self) -> bool:
        """Whether it is for programs; the two forms of HTML differ in their name alone."""
        return self is Form.JSON


class Encoding(Enum):
    """How the bytes of a page are packed; the value is the name in HTTP."""

    IDENTITY = "identity"
    GZIP = "gzip"
    ZSTD = "zstd"


_NAMES = {
    "application/vnd.pypi.simple.v1+json": Form.JSON,
    "application/vnd.pypi.simple.latest+json": Form.JSON,
    "application/vnd.pypi.simple.v1+html": Form.HTML,
    "application/vnd.pypi.simple.latest+html": Form.HTML,
    "text/html": Form.LEGACY,
}
_WILDCARDS = {
    "text/*": (Form.LEGACY,),
    "*/*": (Form.LEGACY, Form.JSON, Form.HTML),
    "application/*": (Form.JSON, Form.HTML),
}
"""What they stand for, best first: who does not know what to ask for may be a person."""

_PREFERENCE = (Form.JSON, Form.HTML, Form.LEGACY)
"""Ours, where a client likes two forms equally."""


def choose_form(accept: str, query: str = "") -> Form:
    """Choose by `?format=`, else by the `Accept` header; raises Refused (406) when nothing will do.

    Who names no form, as browsers of old and many scripts do not, gets HTML.
    """
    if "format=" in query:
        asked = parse_qs(query[:_LONGEST], max_num_fields=50).get("format", [""])[-1]
        form = _NAMES.get(asked.strip().lower())
        if form is None:
            raise Refused(406, f"there is no form {asked[:100]!r} of this page", hint=_OFFER)
        return form
    form = _by_accept(accept[:_LONGEST])
    if form is None:
        raise Refused(406, "no form that is accepted is one that there is", hint=_OFFER)
    return form


_OFFER = f"there are {', '.join(_NAMES)}"


@lru_cache(maxsize=256)
def _by_accept(accept: str) -> Form | None:
    if not accept.strip():
        return Form.LEGACY
    exact: dict[Form, float] = {}
    others = dict.fromkeys(_WILDCARDS, -1.0)
    for item in accept.split(","):
        name, weight = _weighed(item)
        if name in _NAMES:
            exact[_NAMES[name]] = max(weight, exact.get(_NAMES[name], 0.0))
        elif name in others:
            others[name] = weight
    named = [(weight, -_PREFERENCE.index(form), form) for form, weight in exact.items() if weight > 0]
    loose = max(others.values())
    if named and max(named)[0] >= loose:
        return max(named)[2]
    for kind, forms in _WILDCARDS.items():
        for form in forms:
            if others[kind] > 0 and others[kind] == loose and form not in exact:
                return form
    return max(named)[2] if named else None


@lru_cache(maxsize=256)
def choose_encoding(accepted: str) -> Encoding:
    """Choose by the `Accept-Encoding` header: the densest that the client does not like less than others."""
    best, best_weight = Encoding.IDENTITY, 0.0
    weights = dict(_weighed(item) for item in accepted[:_LONGEST].split(","))
    for encoding in (Encoding.ZSTD, Encoding.GZIP):
        weight = weights.get(encoding.value, weights.get("*", 0.0))
        if weight > best_weight:
            best, best_weight = encoding, weight
    return best


def _weighed(item: str) -> tuple[str, float]:
    """Split a member of such a header into its name and its weight (RFC 9110, quality values)."""
    name, *parameters = (part.strip() for part in item.split(";"))
    weight = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            try:
                weight = float(value)
            except ValueError:
                weight = 0.0
    return name.lower(), weight if 0.0 <= weight <= 1.0 else 0.0
